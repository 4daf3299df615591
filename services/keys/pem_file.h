#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace trigpoint {

/// The text of a certificate or key. Errors: NotFound naming the file.
absl::StatusOr<std::string> ReadPem(const std::string& path);

}  // namespace trigpoint
