#include "services/common/page.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <memory>
#include <optional>

#include "absl/strings/escaping.h"
#include "services/common/field_error.h"
#include "trigpoint/base/check.h"
#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

constexpr size_t kSecretBytes = 32;
constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;

using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

unsigned char* Bytes(std::string* text) { return reinterpret_cast<unsigned char*>(text->data()); }

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string Hmac(std::string_view key, std::string_view text) {
  std::string mac(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  TP_CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), Bytes(text), text.size(),
                Bytes(&mac), &size) != nullptr,
           "HMAC-SHA-256 is not available");
  mac.resize(size);
  return mac;
}

/// 32 bytes for one use of the secret.
std::string KeyFor(std::string_view secret, std::string_view use) { return Hmac(secret, use); }

/// From what it seals: no two lists or keys share one, and a page is not a new token every time.
std::string NonceFor(std::string_view secret, std::string_view scope, std::string_view key) {
  const std::string text =
      std::to_string(scope.size()) + ':' + std::string(scope) + std::string(key);
  return Hmac(KeyFor(secret, "page token nonce"), text).substr(0, kNonceBytes);
}

/// AES-256-GCM: the key of the last row and the tag. The scope is bound to it, not in it.
std::string Seal(std::string_view secret, std::string_view nonce, std::string_view scope,
                 std::string_view key) {
  const CipherContext context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  const std::string cipher_key = KeyFor(secret, "page token");
  std::string out(key.size() + kTagBytes, '\0');
  int size = 0;
  const bool ok = context != nullptr &&
                  EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, Bytes(cipher_key),
                                     Bytes(nonce)) == 1 &&
                  EVP_EncryptUpdate(context.get(), nullptr, &size, Bytes(scope),
                                    static_cast<int>(scope.size())) == 1 &&
                  EVP_EncryptUpdate(context.get(), Bytes(&out), &size, Bytes(key),
                                    static_cast<int>(key.size())) == 1 &&
                  EVP_EncryptFinal_ex(context.get(), Bytes(&out) + size, &size) == 1 &&
                  EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG,
                                      static_cast<int>(kTagBytes), Bytes(&out) + key.size()) == 1;
  TP_CHECK(ok, "AES-256-GCM is not available");
  return out;
}

std::optional<std::string> Open(std::string_view secret, std::string_view scope,
                                std::string_view sealed) {
  if (sealed.size() < kNonceBytes + kTagBytes) return std::nullopt;
  const std::string_view nonce = sealed.substr(0, kNonceBytes);
  const std::string_view text = sealed.substr(kNonceBytes, sealed.size() - kNonceBytes - kTagBytes);
  std::string tag(sealed.substr(sealed.size() - kTagBytes));
  const CipherContext context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  const std::string cipher_key = KeyFor(secret, "page token");
  std::string out(text.size() + 1, '\0');  // One byte more: data() of an empty one stays writable.
  int size = 0;
  const bool ok = context != nullptr &&
                  EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, Bytes(cipher_key),
                                     Bytes(nonce)) == 1 &&
                  EVP_DecryptUpdate(context.get(), nullptr, &size, Bytes(scope),
                                    static_cast<int>(scope.size())) == 1 &&
                  EVP_DecryptUpdate(context.get(), Bytes(&out), &size, Bytes(text),
                                    static_cast<int>(text.size())) == 1 &&
                  EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG,
                                      static_cast<int>(kTagBytes), tag.data()) == 1 &&
                  EVP_DecryptFinal_ex(context.get(), Bytes(&out) + size, &size) == 1;
  if (!ok) return std::nullopt;
  out.resize(text.size());
  return out;
}

}  // namespace

std::string NewPageSecret() {
  std::string secret(kSecretBytes, '\0');
  TP_CHECK(RAND_bytes(Bytes(&secret), static_cast<int>(secret.size())) == 1, "no random numbers");
  return secret;
}

std::string MakePageToken(std::string_view secret, std::string_view scope,
                          std::string_view last_key) {
  const std::string nonce = NonceFor(secret, scope, last_key);
  return absl::WebSafeBase64Escape(nonce + Seal(secret, nonce, scope, last_key));
}

absl::StatusOr<std::string> ReadPageToken(std::string_view secret, std::string_view scope,
                                          std::string_view token) {
  if (token.empty()) return std::string();
  std::string sealed;
  if (absl::WebSafeBase64Unescape(ToAbsl(token), &sealed)) {
    if (auto key = Open(secret, scope, sealed); key.has_value()) return *std::move(key);
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
