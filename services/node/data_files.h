#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace trigpoint {

// Small files of the data directory that are made once and then kept: written whole and synced, or
// not there. Errors: Unavailable when the file can be neither read nor made.

/// The name of this log: resume tokens carry it, so that they are not taken for another log's.
absl::StatusOr<std::string> ReadLogId(const std::string& data);

/// What page tokens are sealed with, so that they survive a restart; readable for the node alone
/// (mode 0600). A file that holds something else is made anew: the tokens before it are refused.
absl::StatusOr<std::string> ReadPageSecret(const std::string& data);

}  // namespace trigpoint
