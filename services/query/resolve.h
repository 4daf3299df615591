#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "google/protobuf/timestamp.pb.h"
#include "trigpoint/engine/projector.h"

namespace trigpoint {

/// Finds the stream of a provider named by its stream id, "providers/{stream_id}", "scheme/value",
/// or the bare id of a CQC location. Errors: InvalidArgument when nothing is named; NotFound.
absl::StatusOr<std::string> ResolveProvider(const Projector& projector,
                                            const std::string& provider);

/// The instant asked for in microseconds; `now_us` when none was. Errors: InvalidArgument for the
/// future.
absl::StatusOr<int64_t> ResolveAsOf(bool given, const google::protobuf::Timestamp& as_of,
                                    int64_t now_us);

/// State and record at present, or as known at the instant asked for. Errors: NotFound.
absl::StatusOr<StreamAsOf> ReadStreamAt(const Projector& projector, const std::string& stream_id,
                                        bool past, int64_t as_of_us);

}  // namespace trigpoint
