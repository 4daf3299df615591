#include "services/node/data_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "absl/strings/escaping.h"
#include "services/common/page.h"
#include "trigpoint/base/digest.h"
#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

std::string FirstWordOf(const std::string& path) {
  std::ifstream file(path);
  std::string word;
  file >> word;
  return word;
}

absl::Status CannotWrite(const std::string& path, int error) {
  return MakeStatus(absl::StatusCode::kUnavailable,
                    "cannot write " + path + ": " + std::generic_category().message(error));
}

absl::Status WriteWhole(const std::string& path, const std::string& line, mode_t mode) {
  const std::string unfinished = path + ".new";
  const std::string text = line + "\n";
  ::unlink(unfinished.c_str());  // Of a crash; its mode may be another.
  const int file = ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  const bool written =
      file >= 0 && ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      ::fsync(file) == 0;
  const int error = errno;
  if (file >= 0) ::close(file);
  if (!written) return CannotWrite(unfinished, error);
  std::error_code renamed;
  std::filesystem::rename(unfinished, path, renamed);
  return renamed ? CannotWrite(path, renamed.value()) : absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> ReadLogId(const std::string& data) {
  const std::string path = data + "/log.id";
  std::string id = FirstWordOf(path);
  if (!id.empty()) return id;
  id = Sha256Hex(NewPageSecret()).substr(0, 16);
  TP_RETURN_IF_ERROR(WriteWhole(path, id, 0644));
  return id;
}

absl::StatusOr<std::string> ReadPageSecret(const std::string& data) {
  constexpr size_t kHexDigits = 64;
  const std::string path = data + "/page.secret";
  const std::string kept = FirstWordOf(path);
  if (kept.size() == kHexDigits &&
      kept.find_first_not_of("0123456789abcdef") == std::string::npos) {
    return absl::HexStringToBytes(kept);
  }
  std::string secret = NewPageSecret();
  TP_RETURN_IF_ERROR(WriteWhole(path, HexEncode(secret), 0600));
  return secret;
}

}  // namespace trigpoint
