#pragma once

#include <string>

#include "absl/status/status.h"

namespace trigpoint {

/// Whether the address is of this machine.
bool IsLoopbackUrl(const std::string& url);

/// OK where something may be sent to the address: https, or http to this machine; without user,
/// password or fragment. Errors: InvalidArgument, without the address.
absl::Status CheckHttpUrl(const std::string& url);

}  // namespace trigpoint
