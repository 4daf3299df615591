#include "services/notify/signature.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <sstream>
#include <system_error>

#include "absl/strings/escaping.h"
#include "trigpoint/base/crypto.h"
#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

constexpr std::string_view kPrefix = "whsec_";
constexpr size_t kKeyBytesMin = 24;
constexpr size_t kKeyBytesMax = 64;
constexpr size_t kSecretsMax = 2;
constexpr off_t kFileBytesMax = 4096;
constexpr mode_t kForbiddenMode = S_IWGRP | S_IXGRP | S_IRWXO;

absl::StatusOr<std::string> ReadPrivate(const std::string& path, int descriptor) {
  struct stat about {};
  if (::fstat(descriptor, &about) != 0 || !S_ISREG(about.st_mode) ||
      about.st_size > kFileBytesMax) {
    return MakeStatus(absl::StatusCode::kInvalidArgument, path + " is no small file");
  }
  if ((about.st_mode & kForbiddenMode) != 0) {
    return MakeStatus(absl::StatusCode::kFailedPrecondition,
                      path + " is open to others: give it mode 0600 or 0640");
  }
  std::string text(static_cast<size_t>(about.st_size), '\0');
  const ssize_t size = ::read(descriptor, text.data(), text.size());
  if (size < 0) return MakeStatus(absl::StatusCode::kNotFound, "cannot read " + path);
  text.resize(static_cast<size_t>(size));
  return text;
}

std::string Base64(std::string_view bytes) { return absl::Base64Escape(ToAbsl(bytes)); }

}  // namespace

absl::StatusOr<std::string> ParseSecret(std::string_view text) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
  const absl::Status wrong =
      MakeStatus(absl::StatusCode::kInvalidArgument,
                 "a secret is whsec_ and the base64 of 24 to 64 random bytes");
  if (!text.starts_with(kPrefix)) return wrong;
  const std::string_view encoded = text.substr(kPrefix.size());
  std::string key;
  if (encoded.find_first_not_of(kAlphabet) != std::string_view::npos ||
      !absl::Base64Unescape(ToAbsl(encoded), &key) || key.size() < kKeyBytesMin ||
      key.size() > kKeyBytesMax) {
    return wrong;
  }
  return key;
}

absl::StatusOr<std::vector<std::string>> ReadSecretFile(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    return MakeStatus(
        absl::StatusCode::kNotFound,
        "cannot read " + path + ": " + std::error_code(errno, std::generic_category()).message());
  }
  const absl::StatusOr<std::string> text = ReadPrivate(path, descriptor);
  ::close(descriptor);
  TP_RETURN_IF_ERROR(text.status());
  std::vector<std::string> keys;
  std::istringstream lines(*text);
  for (std::string line; lines >> line;) {
    absl::StatusOr<std::string> key = ParseSecret(line);
    if (!key.ok()) return Annotate(key.status(), path);
    keys.push_back(*std::move(key));
  }
  if (keys.empty() || keys.size() > kSecretsMax) {
    return MakeStatus(absl::StatusCode::kInvalidArgument,
                      path + " holds one secret, or two while it is being changed, one a line");
  }
  return keys;
}

std::string Signature(const std::vector<std::string>& keys, const SignedParts& parts) {
  std::string text(parts.id);
  text += '.';
  text += std::to_string(parts.timestamp_s);
  text += '.';
  text += parts.body;
  std::string header;
  for (const std::string& key : keys) {
    header += (header.empty() ? "v1," : " v1,") + Base64(HmacSha256(key, text));
  }
  return header;
}

}  // namespace trigpoint
