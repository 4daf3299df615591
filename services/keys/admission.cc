#include "services/keys/admission.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "trigpoint/base/crypto.h"
#include "trigpoint/base/digest.h"
#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

constexpr size_t kSecretBytes = 32;
constexpr size_t kSecretCharactersMin = 32;
constexpr size_t kFileBytesMax = 4096;

absl::Status Failed(const std::string& path, std::string_view doing) {
  return MakeStatus(absl::StatusCode::kUnavailable, "secret file " + path + ": " +
                                                        std::string(doing) + ": " +
                                                        std::generic_category().message(errno));
}

absl::Status Refused(const std::string& path, std::string_view why) {
  return MakeStatus(absl::StatusCode::kFailedPrecondition,
                    "secret file " + path + " " + std::string(why));
}

absl::Status Create(const std::string& path) {
  TP_ASSIGN_OR_RETURN(const std::string bytes, RandomBytes(kSecretBytes));
  const std::string text = HexEncode(bytes) + "\n";
  const std::string draft = path + ".new";
  ::unlink(draft.c_str());
  const int file =
      ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) return Failed(path, "create");
  const bool written =
      ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      ::fsync(file) == 0;
  absl::Status status = written ? absl::OkStatus() : Failed(path, "write");
  ::close(file);
  // link, not rename: a file that appeared meanwhile wins.
  if (status.ok() && ::link(draft.c_str(), path.c_str()) != 0 && errno != EEXIST)
    status = Failed(path, "create");
  ::unlink(draft.c_str());
  return status;
}

absl::StatusOr<std::string> Read(const std::string& path, int file) {
  struct stat about {};
  if (::fstat(file, &about) != 0) return Failed(path, "look at");
  if (!S_ISREG(about.st_mode) || about.st_size > static_cast<off_t>(kFileBytesMax))
    return Refused(path, "is no file with a secret");
  if ((about.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return Refused(path, "is open to others: give it mode 0600");
  std::string text(static_cast<size_t>(about.st_size), '\0');
  if (::read(file, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    return Failed(path, "read");
  text.erase(text.find_last_not_of(" \t\r\n") + 1);
  const bool printable =
      std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (text.size() < kSecretCharactersMin || !printable)
    return Refused(path, "holds no word of at least 32 characters: openssl rand -hex 32 makes one");
  return text;
}

absl::Status Denied(std::string_view why) {
  return MakeStatus(absl::StatusCode::kPermissionDenied, why);
}

}  // namespace

absl::StatusOr<std::string> ReadSecretOf(const std::string& path, bool may_create) {
  for (int attempt = 0; attempt < 2; ++attempt) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file >= 0) {
      auto secret = Read(path, file);
      ::close(file);
      return secret;
    }
    if (errno != ENOENT) return Failed(path, "open");
    if (!may_create) return Refused(path, "is absent: the process that keeps the keys makes it");
    TP_RETURN_IF_ERROR(Create(path));
  }
  return Refused(path, "vanished after it was made");
}

absl::Status Admission::Admit(const grpc::ServerContextBase& context) const {
  if (clients.empty() && secret.empty()) return Denied("nobody may call");
  if (!clients.empty()) {
    const auto auth = context.auth_context();
    if (auth == nullptr || !auth->IsPeerAuthenticated()) return Denied("no client certificate");
    const auto names = auth->FindPropertyValues("x509_common_name");
    if (names.size() != 1 || !clients.contains({names[0].data(), names[0].size()}))
      return Denied("the client certificate is not one of those that may call");
  }
  if (secret.empty()) return absl::OkStatus();
  const auto [first, last] = context.client_metadata().equal_range(kSecretMetadata);
  if (first == last || std::next(first) != last) return Denied("no shared secret");
  if (!SameSecret({first->second.data(), first->second.size()}, secret))
    return Denied("another shared secret");
  return absl::OkStatus();
}

}  // namespace trigpoint
