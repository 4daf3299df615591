#pragma once

#include <string_view>

#include "absl/status/status.h"

namespace trigpoint {

/// Checks that an address may be listened on. Called before anything is bound.
/// Rule: 127.0.0.0/8, [::1], localhost and unix: need nothing; every other address needs TLS and
/// principals. What does not read as one of the four counts as "every other".
/// `address` is "host:port", "[ipv6]:port" or "unix:path"; the port may be missing.
/// Errors: FailedPrecondition, saying what to add; InvalidArgument when it is not an address.
absl::Status CheckListen(std::string_view address, bool has_tls, bool has_principals);

}  // namespace trigpoint
