#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace trigpoint {

/// The 32 bytes of a SHA-256 digest.
using Sha256Digest = std::array<uint8_t, 32>;

/// Computes SHA-256 (FIPS 180-4) of the bytes.
Sha256Digest Sha256(std::string_view bytes);

/// Computes SHA-256 and writes it as 64 lower-case hexadecimal digits.
std::string Sha256Hex(std::string_view bytes);

/// Writes bytes as lower-case hexadecimal digits, two for each byte.
std::string HexEncode(std::string_view bytes);

/// Reads hexadecimal digits of either case.
/// Errors: InvalidArgument when the length is odd or another character occurs; the text itself is
/// not repeated in the message.
absl::StatusOr<std::string> HexDecode(std::string_view hex);

}  // namespace trigpoint
