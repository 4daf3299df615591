#pragma once

#include <cstdint>
#include <string>

#include "nlohmann/json_fwd.hpp"
#include "trigpoint/store/outbox.h"
#include "trigpoint/v1/api.pb.h"
#include "trigpoint/v1/state.pb.h"

namespace trigpoint {

/// "rapid_quality_review_alert.raised", ".cluster_attached" or ".next_tier".
std::string MessageType(v1::RapidQualityReviewAlert::Kind kind);

/// One alert, as the API shows it, ready to be queued: its id is the alert's, so that the same
/// alert is recognised at every endpoint and after a restore.
OutboxMessage AlertMessage(const v1::Alert& alert, int64_t now_us);

/// Whether a receiver of this organisation is outside the service (services/query/outside.h). An
/// empty one is the operator, who never is.
bool ReceiverIsOutside(const std::string& organisation, const v1::ProviderState& state);

/// The body of a message: {"type", "timestamp", "data"} on one line; `at_us` is when it happened.
std::string MessageBody(const std::string& type, int64_t at_us, nlohmann::ordered_json data);

/// A message as JSON: the names of the schema, fields without a value included, as `trigpoint
/// --json` prints them.
nlohmann::ordered_json ToJsonData(const google::protobuf::Message& message);

}  // namespace trigpoint
