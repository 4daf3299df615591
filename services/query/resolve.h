#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "google/protobuf/timestamp.pb.h"
#include "trigpoint/engine/projector.h"

namespace trigpoint {

/// Finds the stream of a provider named by its stream id, "providers/{stream_id}", "scheme/value",
/// or the bare id of a CQC location. Errors: a FieldError when nothing is named; NotFound, reason
/// PROVIDER_NOT_FOUND.
absl::StatusOr<std::string> ResolveProvider(const Projector& projector,
                                            const std::string& provider);

/// What a read is about in time.
struct Instants {
  bool past = false;      ///< An instant was named.
  AsOf as_of;             ///< Which events count.
  int64_t assess_us = 0;  ///< The instant to assess at.
};

/// Reads the two axes of a request: what was known at `as_of`, how things were at `valid_at`; null:
/// not given. Errors: a FieldError for an instant in the future, and for valid_at after as_of.
absl::StatusOr<Instants> InstantsOf(const google::protobuf::Timestamp* as_of,
                                    const google::protobuf::Timestamp* valid_at, int64_t now_us);

/// As above for a request with the fields as_of and valid_at.
template <typename Request>
absl::StatusOr<Instants> InstantsOf(const Request& request, int64_t now_us) {
  return InstantsOf(request.has_as_of() ? &request.as_of() : nullptr,
                    request.has_valid_at() ? &request.valid_at() : nullptr, now_us);
}

/// The stream at these instants. Errors: NotFound, reason PROVIDER_NOT_KNOWN_THEN for the past.
absl::StatusOr<StreamAsOf> ReadStreamAt(const Projector& projector, const std::string& stream_id,
                                        const Instants& instants);

}  // namespace trigpoint
