#include "trigpoint/access/disclosure.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const bool plain = c >= ' ' && c < '\x7f' && c != '"' && c != '\\';
    out += plain ? c : '?';
  }
  return out + '"';
}

Micros SystemNow() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

class FileDisclosureLog final : public DisclosureLog {
 public:
  FileDisclosureLog(int fd, std::function<Micros()> now) : now_(std::move(now)), fd_(fd) {}
  FileDisclosureLog(const FileDisclosureLog&) = delete;
  FileDisclosureLog& operator=(const FileDisclosureLog&) = delete;
  ~FileDisclosureLog() override { close(fd_); }

  absl::Status Record(const Principal& principal, std::string_view method,
                      std::string_view provider, Sensitivity sensitivity) override {
    if (sensitivity < v1::SENSITIVITY_C3_PSEUDONYMISED) {
      return absl::OkStatus();
    }
    return Write(LineOf(principal, method, provider, sensitivity) + "}\n");
  }

  absl::Status RecordNamed(const Principal& principal, std::string_view method,
                           const NamedDisclosure& disclosure) override {
    std::string line = LineOf(principal, method, disclosure.provider, disclosure.sensitivity) +
                       ",\"authority\":" + Quoted(disclosure.authority_ref) +
                       ",\"reference\":" + Quoted(disclosure.reference);
    if (!disclosure.requester.empty()) line += ",\"requester\":" + Quoted(disclosure.requester);
    return Write(line + "}\n");
  }

 private:
  /// Without its end.
  std::string LineOf(const Principal& principal, std::string_view method, std::string_view provider,
                     Sensitivity sensitivity) const {
    const int number =
        std::max(0, static_cast<int>(sensitivity) - static_cast<int>(v1::SENSITIVITY_C0_PUBLIC));
    return "{\"at\":" + Quoted(FormatInstant(now_())) + ",\"principal\":" + Quoted(principal.id) +
           ",\"organisation\":" + Quoted(principal.organisation) + ",\"method\":" + Quoted(method) +
           ",\"provider\":" + Quoted(provider) + ",\"sensitivity\":\"C" + std::to_string(number) +
           '"';
  }

  absl::Status Write(std::string_view line) {
    const absl::MutexLock lock(&mutex_);
    return Append(line);
  }

  // A line that was cut short (disk full) is closed before the next, so that one record is lost,
  // not two.
  absl::Status Append(std::string_view line) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const std::string bytes = (torn_ ? "\n" : "") + std::string(line);
    size_t done = 0;
    while (done < bytes.size()) {
      const ssize_t n = write(fd_, bytes.data() + done, bytes.size() - done);
      if (n < 0 && errno == EINTR) {
        continue;
      }
      if (n <= 0) {
        torn_ = torn_ || done > 0;
        return MakeStatus(absl::StatusCode::kUnavailable,
                          "the disclosure log cannot be written: errno " + std::to_string(errno));
      }
      done += static_cast<size_t>(n);
    }
    torn_ = false;
    return absl::OkStatus();
  }

  const std::function<Micros()> now_;
  const int fd_;
  absl::Mutex mutex_;
  bool torn_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<DisclosureLog>> OpenFileDisclosureLog(std::string_view path,
                                                                     std::function<Micros()> now) {
  const std::string file(path);
  const int fd = open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (fd < 0) {
    return MakeStatus(
        absl::StatusCode::kUnavailable,
        "the disclosure log " + file + " cannot be opened: errno " + std::to_string(errno));
  }
  return std::make_unique<FileDisclosureLog>(fd, now ? std::move(now) : SystemNow);
}

}  // namespace trigpoint
