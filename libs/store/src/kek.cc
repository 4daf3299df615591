#include "kek.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "trigpoint/base/crypto.h"
#include "trigpoint/base/status.h"

namespace trigpoint::store_internal {
namespace {

constexpr mode_t kForbiddenMode = S_IWGRP | S_IXGRP | S_IRWXO;

// A file descriptor that closes itself.
class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() {
    if (descriptor_ >= 0) {
      ::close(descriptor_);
    }
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return descriptor_; }
  bool ok() const { return descriptor_ >= 0; }

 private:
  int descriptor_;
};

absl::Status Failed(const std::string& path, std::string_view doing) {
  const int error = errno;
  return MakeStatus(
      error == ENOSPC ? absl::StatusCode::kResourceExhausted : absl::StatusCode::kInternal,
      "key file " + path + ": " + std::string(doing) + ": " +
          std::error_code(error, std::generic_category()).message());
}

absl::Status Refuse(const std::string& path, std::string_view why) {
  return MakeStatus(absl::StatusCode::kFailedPrecondition,
                    "key file " + path + " " + std::string(why));
}

absl::Status SyncParent(const std::string& path) {
  std::filesystem::path parent = std::filesystem::path(path).parent_path();
  if (parent.empty()) {
    parent = ".";
  }
  const File directory(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.ok() || ::fsync(directory.get()) != 0) {
    return Failed(path, "sync its directory");
  }
  return absl::OkStatus();
}

// Written beside and linked into place, so that a crash never leaves a short key file.
absl::Status Create(const std::string& path) {
  const std::string draft = path + ".new";
  ::unlink(draft.c_str());
  const File file(
      ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!file.ok()) {
    return Failed(path, "create");
  }
  TP_ASSIGN_OR_RETURN(std::string bytes, RandomBytes(kKeyBytes));
  const bool written =
      ::write(file.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
  Wipe(bytes);
  if (!written || ::fsync(file.get()) != 0) {
    absl::Status failed = Failed(path, "write");
    ::unlink(draft.c_str());
    return failed;
  }
  // link, not rename: a file that appeared meanwhile wins.
  const bool linked = ::link(draft.c_str(), path.c_str()) == 0 || errno == EEXIST;
  absl::Status result = linked ? absl::OkStatus() : Failed(path, "create");
  ::unlink(draft.c_str());
  TP_RETURN_IF_ERROR(result);
  return SyncParent(path);
}

absl::StatusOr<std::string> Read(const std::string& path, int descriptor) {
  struct stat about {};
  if (::fstat(descriptor, &about) != 0) {
    return Failed(path, "look at");
  }
  if (!S_ISREG(about.st_mode) || about.st_size != static_cast<off_t>(kKeyBytes)) {
    return Refuse(path, "is not a file of 32 bytes");
  }
  if ((about.st_mode & kForbiddenMode) != 0) {
    return Refuse(path, "is open to others: give it mode 0600 or 0640");
  }
  std::string bytes(kKeyBytes, '\0');
  if (::read(descriptor, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
    return Failed(path, "read");
  }
  return bytes;
}

}  // namespace

absl::StatusOr<Kek> Kek::Load(const std::string& path, bool may_create) {
  for (int attempt = 0; attempt < 2; ++attempt) {
    const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.ok()) {
      TP_ASSIGN_OR_RETURN(std::string bytes, Read(path, file.get()));
      return Kek(std::move(bytes));
    }
    if (errno != ENOENT) {
      return Failed(path, "open");
    }
    if (!may_create) {
      return Refuse(path, "is absent, but keys wrapped with it exist: restore it");
    }
    TP_RETURN_IF_ERROR(Create(path));
  }
  return Refuse(path, "vanished after it was made");
}

absl::StatusOr<std::string> Kek::Wrap(std::string_view context, std::string_view secret) const {
  TP_ASSIGN_OR_RETURN(const std::string nonce, RandomBytes(kAesGcmNonceBytes));
  return nonce + AesGcmSeal(bytes_, nonce, context, secret);
}

absl::StatusOr<std::string> Kek::Unwrap(std::string_view context, std::string_view wrapped) const {
  const std::string_view nonce = wrapped.substr(0, kAesGcmNonceBytes);
  std::optional<std::string> secret =
      AesGcmOpen(bytes_, nonce, context, wrapped.substr(nonce.size()));
  if (!secret.has_value())
    return MakeStatus(absl::StatusCode::kDataLoss, "a wrapped key does not open");
  return *std::move(secret);
}

}  // namespace trigpoint::store_internal
