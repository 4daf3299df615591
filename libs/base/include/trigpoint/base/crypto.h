#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

/// The little cryptography that Trigpoint needs, from OpenSSL, in one place. All of it is
/// thread-safe and names nothing of what it works on in its errors.
namespace trigpoint {

/// HMAC-SHA-256 (RFC 2104): 32 bytes.
std::string HmacSha256(std::string_view key, std::string_view text);

/// Random bytes of OpenSSL's generator. Errors: Unavailable when there is no entropy.
absl::StatusOr<std::string> RandomBytes(size_t count);

/// Overwrites the bytes of a secret before they are given back.
void Wipe(std::string& secret);
/// Whether two texts are the same, in a time that depends on their lengths alone.
bool SameSecret(std::string_view a, std::string_view b);

inline constexpr size_t kAesGcmKeyBytes = 32;
inline constexpr size_t kAesGcmNonceBytes = 12;
inline constexpr size_t kAesGcmTagBytes = 16;

/// AES-256-GCM (NIST SP 800-38D): the ciphertext, as long as `text`, and the tag (16 bytes). `aad`
/// is bound to it and not in it. Two texts never share a nonce (12 bytes) under one key (32 bytes);
/// both sizes are the caller's to keep.
std::string AesGcmSeal(std::string_view key, std::string_view nonce, std::string_view aad,
                       std::string_view text);

/// Reverses AesGcmSeal; nullopt where key, nonce, aad or the bytes are others, or too few.
std::optional<std::string> AesGcmOpen(std::string_view key, std::string_view nonce,
                                      std::string_view aad, std::string_view sealed);

}  // namespace trigpoint
