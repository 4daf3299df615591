#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "trigpoint/access/principal.h"
#include "trigpoint/v1/events.pb.h"

namespace trigpoint {

/// The id of the event that a request makes: 32 hexadecimal digits, the same for the same caller,
/// method and request id (AIP-155), fresh and random without a request id. Errors: InvalidArgument
/// when the request id is longer than 128 bytes.
absl::StatusOr<std::string> EventIdOf(const Principal& principal, std::string_view method,
                                      const std::string& request_id);

/// Who acts, from the authenticated principal.
v1::Actor ActorOf(const Principal& principal);

}  // namespace trigpoint
