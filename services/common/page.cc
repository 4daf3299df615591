#include "services/common/page.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "absl/strings/escaping.h"
#include "trigpoint/base/check.h"
#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

constexpr size_t kTagBytes = 16;

std::string Tag(std::string_view secret, std::string_view scope, std::string_view key) {
  std::string message(scope);
  message.push_back('\0');
  message.append(key);
  unsigned char tag[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  const unsigned char* made =
      HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
           reinterpret_cast<const unsigned char*>(message.data()), message.size(), tag, &size);
  TP_CHECK(made != nullptr && size >= kTagBytes, "HMAC-SHA-256 is not available");
  return {reinterpret_cast<const char*>(tag), kTagBytes};
}

}  // namespace

std::string NewPageSecret() {
  std::string secret(32, '\0');
  TP_CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(secret.data()),
                      static_cast<int>(secret.size())) == 1,
           "no random numbers");
  return secret;
}

std::string MakePageToken(std::string_view secret, std::string_view scope,
                          std::string_view last_key) {
  return absl::WebSafeBase64Escape(Tag(secret, scope, last_key) + std::string(last_key));
}

absl::StatusOr<std::string> ReadPageToken(std::string_view secret, std::string_view scope,
                                          std::string_view token) {
  if (token.empty()) return std::string();
  std::string bytes;
  if (absl::WebSafeBase64Unescape(ToAbsl(token), &bytes) && bytes.size() >= kTagBytes) {
    const std::string key = bytes.substr(kTagBytes);
    if (CRYPTO_memcmp(Tag(secret, scope, key).data(), bytes.data(), kTagBytes) == 0) return key;
  }
  return absl::InvalidArgumentError(
      "page_token does not belong to this list: repeat the first call without it, with the same "
      "arguments");
}

absl::StatusOr<int> PageSize(int requested, int fallback, int max) {
  if (requested < 0) return absl::InvalidArgumentError("page_size must not be negative");
  if (requested == 0) return fallback;
  return requested < max ? requested : max;
}

}  // namespace trigpoint
