#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "client.h"

namespace trigpoint {

/// Everything that the node knows of a service, for who must tell what is new about it. Errors:
/// NotFound, of nobody of this id; those of the call.
absl::StatusOr<std::vector<v1::Event>> KnownEvents(const Client& client,
                                                   const v1::SubjectRef& subject);

}  // namespace trigpoint
