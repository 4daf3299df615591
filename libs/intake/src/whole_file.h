#pragma once

#include <istream>
#include <string>

#include "absl/status/statusor.h"

namespace trigpoint {

/// Reads a stream to its end, unpacked where it is gzip, without its byte order mark.
/// Errors: InvalidArgument when it is UTF-16; DataLoss when compressed data is damaged;
/// ResourceExhausted over 2 GiB.
absl::StatusOr<std::string> ReadWholeFile(std::istream& input);

}  // namespace trigpoint
