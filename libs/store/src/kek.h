#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "trigpoint/base/crypto.h"

/// The key-encryption key: a file, and AES-256-GCM with it.
namespace trigpoint::store_internal {

inline constexpr size_t kKeyBytes = 32;

/// Wraps and unwraps keys under the bytes of one file. Immutable, so thread-safe.
class Kek {
 public:
  /// Reads the file, or makes it (mode 0600, synced) when it is absent and `may_create` holds.
  /// Errors: FailedPrecondition when it is absent and may not be made, is not 32 bytes, may be
  /// written by its group or touched by others; Internal when the disk fails.
  static absl::StatusOr<Kek> Load(const std::string& path, bool may_create);

  ~Kek() { Wipe(bytes_); }
  Kek(const Kek&) = default;
  Kek& operator=(const Kek&) = default;
  Kek(Kek&&) = default;
  Kek& operator=(Kek&&) = default;

  /// Gives nonce (12 bytes, random) | ciphertext | tag (16 bytes), bound to `context`.
  absl::StatusOr<std::string> Wrap(std::string_view context, std::string_view secret) const;
  /// Reverses Wrap. Errors: DataLoss when the bytes, the context or the file are others.
  absl::StatusOr<std::string> Unwrap(std::string_view context, std::string_view wrapped) const;

 private:
  explicit Kek(std::string bytes) : bytes_(std::move(bytes)) {}

  std::string bytes_;
};

}  // namespace trigpoint::store_internal
