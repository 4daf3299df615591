#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace trigpoint {

/// Reads a secret as Standard Webhooks writes it: "whsec_" and the base64 of 24 to 64 bytes; gives
/// the bytes. Errors: InvalidArgument; the text is not repeated.
absl::StatusOr<std::string> ParseSecret(std::string_view text);

/// Reads a file of one secret, or of two while it is being changed, one a line. Errors: NotFound;
/// FailedPrecondition when others may read or change it; InvalidArgument; nothing of it is
/// repeated.
absl::StatusOr<std::vector<std::string>> ReadSecretFile(const std::string& path);

/// What is signed of one attempt. Views; valid for the duration of a call.
struct SignedParts {
  std::string_view id;
  int64_t timestamp_s = 0;  ///< Of this attempt.
  std::string_view body;
};

/// The header webhook-signature: "v1," and the base64 of HMAC-SHA256 over "id.timestamp.body", once
/// for each key, with a space between. Rule: Standard Webhooks, symmetric signatures.
std::string Signature(const std::vector<std::string>& keys, const SignedParts& parts);

}  // namespace trigpoint
