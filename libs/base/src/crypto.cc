#include "trigpoint/base/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <memory>

#include "trigpoint/base/check.h"
#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

CipherContext NewContext() {
  CipherContext context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  TP_CHECK(context != nullptr, "no memory for a cipher");
  return context;
}

const unsigned char* In(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* Out(std::string* bytes) { return reinterpret_cast<unsigned char*>(bytes->data()); }
int Length(std::string_view bytes) { return static_cast<int>(bytes.size()); }

void CheckSizes(std::string_view key, std::string_view nonce) {
  TP_CHECK(key.size() == kAesGcmKeyBytes && nonce.size() == kAesGcmNonceBytes,
           "a key of 32 bytes and a nonce of 12");
}

}  // namespace

void Wipe(std::string& secret) { OPENSSL_cleanse(secret.data(), secret.size()); }

bool SameSecret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string HmacSha256(std::string_view key, std::string_view text) {
  std::string mac(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  TP_CHECK(HMAC(EVP_sha256(), key.data(), Length(key), In(text), text.size(), Out(&mac), &size) !=
               nullptr,
           "HMAC-SHA-256 is not available");
  mac.resize(size);
  return mac;
}

absl::StatusOr<std::string> RandomBytes(size_t count) {
  std::string bytes(count, '\0');
  if (RAND_bytes(Out(&bytes), static_cast<int>(count)) != 1) {
    return MakeStatus(absl::StatusCode::kUnavailable, "OpenSSL has no random bytes");
  }
  return bytes;
}

std::string AesGcmSeal(std::string_view key, std::string_view nonce, std::string_view aad,
                       std::string_view text) {
  CheckSizes(key, nonce);
  const CipherContext context = NewContext();
  std::string out(text.size() + kAesGcmTagBytes, '\0');
  int size = 0;
  const bool ok =
      EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, In(key), In(nonce)) == 1 &&
      EVP_EncryptUpdate(context.get(), nullptr, &size, In(aad), Length(aad)) == 1 &&
      EVP_EncryptUpdate(context.get(), Out(&out), &size, In(text), Length(text)) == 1 &&
      EVP_EncryptFinal_ex(context.get(), Out(&out) + size, &size) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, static_cast<int>(kAesGcmTagBytes),
                          Out(&out) + text.size()) == 1;
  TP_CHECK(ok, "AES-256-GCM is not available");
  return out;
}

std::optional<std::string> AesGcmOpen(std::string_view key, std::string_view nonce,
                                      std::string_view aad, std::string_view sealed) {
  if (nonce.size() != kAesGcmNonceBytes || sealed.size() < kAesGcmTagBytes) return std::nullopt;
  CheckSizes(key, nonce);
  const std::string_view text = sealed.substr(0, sealed.size() - kAesGcmTagBytes);
  std::string tag(sealed.substr(text.size()));
  const CipherContext context = NewContext();
  // One byte more: data() of an empty text stays writable.
  std::string out(text.size() + 1, '\0');
  int size = 0;
  const bool ready =
      EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, In(key), In(nonce)) == 1 &&
      EVP_DecryptUpdate(context.get(), nullptr, &size, In(aad), Length(aad)) == 1 &&
      EVP_DecryptUpdate(context.get(), Out(&out), &size, In(text), Length(text)) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, static_cast<int>(kAesGcmTagBytes),
                          tag.data()) == 1;
  TP_CHECK(ready, "AES-256-GCM is not available");
  if (EVP_DecryptFinal_ex(context.get(), Out(&out) + size, &size) != 1) {
    OPENSSL_cleanse(out.data(), out.size());  // What nobody vouches for stays nowhere.
    return std::nullopt;
  }
  out.resize(text.size());
  return out;
}

}  // namespace trigpoint
