#include "services/node/store_folder.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "trigpoint/base/status.h"
#include "trigpoint/telemetry/logging.h"

namespace trigpoint {
namespace {

namespace fs = std::filesystem;

constexpr char kCurrent[] = "store.current";

absl::Status FileError(const std::string& doing, const std::error_code& error) {
  return absl::UnavailableError("cannot " + doing + ": " + error.message());
}

absl::Status Sync(const std::string& path, const std::string* text) {
  const int flags = text == nullptr ? O_RDONLY : O_WRONLY | O_CREAT | O_TRUNC;
  const int file = ::open(path.c_str(), flags | O_CLOEXEC, 0644);
  const bool written = file >= 0 &&
                       (text == nullptr || ::write(file, text->data(), text->size()) ==
                                               static_cast<ssize_t>(text->size())) &&
                       ::fsync(file) == 0;
  const std::error_code error(errno, std::generic_category());
  if (file >= 0) ::close(file);
  return written ? absl::OkStatus() : FileError("write " + path, error);
}

}  // namespace

std::string StoreFolder::Path(int number) const {
  return data_ + (number == 0 ? "/store" : "/store-" + std::to_string(number));
}

absl::StatusOr<int> StoreFolder::Current() const {
  std::ifstream file(data_ + '/' + kCurrent);
  if (!file) return 0;
  int number = -1;
  if (!(file >> number) || number < 0) {
    return absl::DataLossError(data_ + '/' + kCurrent +
                               " names no store: remove it and every store* directory beside it; "
                               "the store is then folded anew from the log");
  }
  return number;
}

absl::StatusOr<std::unique_ptr<Store>> StoreFolder::Open() {
  TP_ASSIGN_OR_RETURN(current_, Current());
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(data_, error)) {
    const std::string name = entry.path().filename().string();
    const bool store = entry.is_directory(error) && (name == "store" || name.starts_with("store-"));
    if (store && entry.path() != fs::path(Path(current_))) fs::remove_all(entry.path(), error);
  }
  return Store::Open({.directory = Path(current_)});
}

absl::StatusOr<std::unique_ptr<Store>> StoreFolder::OpenNext() {
  std::error_code error;
  fs::remove_all(Path(current_ + 1), error);
  return Store::Open({.directory = Path(current_ + 1)});
}

absl::Status StoreFolder::SwitchToNext() {
  const std::string path = data_ + '/' + kCurrent;
  const std::string text = std::to_string(current_ + 1) + '\n';
  TP_RETURN_IF_ERROR(Sync(path + ".new", &text));
  std::error_code error;
  fs::rename(path + ".new", path, error);
  if (error) return FileError("rename " + path + ".new", error);
  TP_RETURN_IF_ERROR(Sync(data_, nullptr));
  ++current_;
  return absl::OkStatus();
}

void StoreFolder::Remove(std::unique_ptr<Store> old) {
  if (old != nullptr) old->Close().IgnoreError();  // It counts no longer.
  old.reset();
  std::error_code error;
  fs::remove_all(Path(current_ - 1), error);  // What stays is removed at the next start.
}

absl::StatusOr<Projector::RebuildReport> StoreFolder::Rebuild(Projector* projector) {
  TP_ASSIGN_OR_RETURN(std::unique_ptr<Store> next, OpenNext());
  Log(LogLevel::kInfo, "store_rebuild_started");
  auto report = projector->Rebuild(next.get());
  if (!report.ok()) {
    next->Close().IgnoreError();
    next.reset();
    std::error_code error;
    fs::remove_all(Path(current_ + 1), error);
    return report.status();
  }
  // A crash before this line starts from the old one, which is as good, only further behind.
  TP_RETURN_IF_ERROR(SwitchToNext());
  Remove(std::move(next));  // Which stands for the old one by now.
  Log(LogLevel::kInfo, "store_rebuilt", {{"events", report->events}, {"changed", report->changed}});
  return report;
}

}  // namespace trigpoint
