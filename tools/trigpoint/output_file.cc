#include "output_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace trigpoint {

OutputFile::~OutputFile() {
  if (file_ >= 0) ::close(file_);
  if (file_ >= 0 && !kept_) ::unlink(draft_.c_str());
}

absl::Status OutputFile::Open() {
  std::error_code error;
  if (std::filesystem::exists(path_, error))
    return absl::AlreadyExistsError(path_ + " is there already; name a new file");
  file_ = ::open(draft_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
  return file_ >= 0 ? absl::OkStatus() : Failed();
}

absl::Status OutputFile::Write(const std::string& text) {
  size_t done = 0;
  while (done < text.size()) {
    const ssize_t n = ::write(file_, text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return Failed();
    done += static_cast<size_t>(n);
  }
  return absl::OkStatus();
}

absl::Status OutputFile::Keep() {
  if (::fsync(file_) != 0 || ::rename(draft_.c_str(), path_.c_str()) != 0) return Failed();
  kept_ = true;
  return absl::OkStatus();
}

absl::Status OutputFile::Failed() const {
  return absl::UnavailableError("cannot write " + draft_ + ": " +
                                std::generic_category().message(errno));
}

}  // namespace trigpoint
