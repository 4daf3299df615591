#pragma once

#include <grpcpp/grpcpp.h>

#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "services/query/query_core.h"
#include "trigpoint/v1/api.pb.h"

namespace trigpoint {

/// The streams with alerts that are open, or with any. Errors: those of the projector.
absl::StatusOr<std::set<std::string>> StreamsWithAlerts(QueryCore& core, bool include_answered);

/// AlertService.AcknowledgeAlert: says in the caller's name that it is in hand. What was said first
/// stands; an alert that was declined is with the next tier (FailedPrecondition, ALERT_DECLINED).
/// `request` and `response` live until the reactor is done, `core` longer.
grpc::ServerUnaryReactor* AcknowledgeAlert(QueryCore* core, grpc::CallbackServerContext* context,
                                           const v1::AcknowledgeAlertRequest& request,
                                           v1::Alert* response);

/// AlertService.DeclineAlert: says in the caller's name that no review is warranted, and why; the
/// fold raises the next tier. Rule: domain.md 2.5; 3.5 rule b. Lifetimes: as above.
grpc::ServerUnaryReactor* DeclineAlert(QueryCore* core, grpc::CallbackServerContext* context,
                                       const v1::DeclineAlertRequest& request, v1::Alert* response);

}  // namespace trigpoint
