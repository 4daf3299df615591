#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "grpcpp/support/server_callback.h"
#include "services/common/call.h"
#include "services/common/caller.h"
#include "services/ingest/intake.h"
#include "trigpoint/v1/api.pb.h"

namespace trigpoint {

using SubmitReactor = grpc::ServerBidiReactor<v1::SubmitEventsRequest, v1::SubmitEventsResponse>;

/// What one SubmitEvents call works with; the pointers outlive the call.
struct SubmitStreamDeps {
  Intake* intake = nullptr;
  const CallerAuth* auth = nullptr;
  WorkerPool* pool = nullptr;
  std::unique_ptr<Call> call{};
};

/// Items not yet acknowledged at which a call is read no further.
inline constexpr size_t kUnacknowledgedMax = 1024;

/// Serves one SubmitEvents call: items are taken through intake in order, their appends overlap,
/// acknowledgements come back in the order of the items. A caller that is not admitted gets that
/// status. The reactor deletes itself.
///
/// When an item cannot be stored (log or disk full), every item before it is acknowledged and the
/// call ends with that status; the sender sends the rest again.
SubmitReactor* StartSubmitStream(SubmitStreamDeps deps, absl::StatusOr<Principal> caller);

}  // namespace trigpoint
