#include "services/common/page.h"

#include "absl/strings/escaping.h"
#include "services/common/field_error.h"
#include "trigpoint/base/check.h"
#include "trigpoint/base/crypto.h"
#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

constexpr size_t kSecretBytes = 32;
/// The scope of a list is bound to its tokens and does not stand in them.
constexpr std::string_view kUse = "page token";

/// 32 bytes for one use of the secret.
std::string KeyFor(std::string_view secret, std::string_view use) {
  return HmacSha256(secret, use);
}

/// From what it seals: no two lists or keys share one, and a page is not a new token every time.
std::string NonceFor(std::string_view secret, std::string_view scope, std::string_view key) {
  const std::string text =
      std::to_string(scope.size()) + ':' + std::string(scope) + std::string(key);
  return HmacSha256(KeyFor(secret, "page token nonce"), text).substr(0, kAesGcmNonceBytes);
}

}  // namespace

std::string NewPageSecret() {
  auto secret = RandomBytes(kSecretBytes);
  TP_CHECK(secret.ok(), "no random numbers");
  return *std::move(secret);
}

std::string MakePageToken(std::string_view secret, std::string_view scope,
                          std::string_view last_key) {
  const std::string nonce = NonceFor(secret, scope, last_key);
  const std::string sealed = AesGcmSeal(KeyFor(secret, kUse), nonce, scope, last_key);
  return absl::WebSafeBase64Escape(nonce + sealed);
}

absl::StatusOr<std::string> ReadPageToken(std::string_view secret, std::string_view scope,
                                          std::string_view token) {
  if (token.empty()) return std::string();
  std::string bytes;
  if (absl::WebSafeBase64Unescape(ToAbsl(token), &bytes)) {
    const std::string_view nonce = std::string_view(bytes).substr(0, kAesGcmNonceBytes);
    auto key = AesGcmOpen(KeyFor(secret, kUse), nonce, scope,
                          std::string_view(bytes).substr(nonce.size()));
    if (key.has_value()) return *std::move(key);
  }
  return FieldError("page_token", "PAGE_TOKEN_INVALID",
                    "does not belong to this list: repeat the first call without it, with the same "
                    "arguments");
}

absl::StatusOr<int> PageSize(int requested, int fallback, int max) {
  if (requested < 0) return FieldError("page_size", "NUMBER_OUT_OF_RANGE", "must not be negative");
  if (requested == 0) return fallback;
  return requested < max ? requested : max;
}

}  // namespace trigpoint
