#include "services/node/backup.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>

#include "google/protobuf/util/json_util.h"
#include "services/common/field_error.h"
#include "trigpoint/base/reason.h"
#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

namespace fs = std::filesystem;

absl::Status FileError(const std::string& doing, const std::error_code& error) {
  const auto code = error == std::errc::no_space_on_device ? absl::StatusCode::kResourceExhausted
                                                           : absl::StatusCode::kUnavailable;
  return MakeStatus(code, "cannot " + doing + ": " + error.message());
}

absl::Status CheckPath(const char* field, const std::string& path) {
  if (!fs::path(path).is_absolute()) {
    return FieldError(field, "PATH_INVALID", "name an absolute path on the node");
  }
  std::error_code error;
  if (fs::exists(path, error)) {
    return WithReason(
        absl::AlreadyExistsError(std::string(field) + ": is there already; name a new one"),
        "PATH_EXISTS", {{"field", field}});
  }
  if (!fs::is_directory(fs::path(path).lexically_normal().parent_path(), error)) {
    return FieldError(field, "PATH_INVALID", "its parent is no directory");
  }
  return absl::OkStatus();
}

absl::Status MakeDirectory(const char* field, const fs::path& path) {
  std::error_code error;
  if (fs::create_directory(path, error)) return absl::OkStatus();
  if (error == std::errc::no_space_on_device) return FileError("make " + path.string(), error);
  return FieldError(field, "PATH_INVALID", "cannot be made on the node: " + error.message());
}

/// Written whole and synced, or not there.
absl::Status WriteWhole(const fs::path& path, const std::string& text) {
  const std::string unfinished = path.string() + ".new";
  const int file = ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  bool written = file >= 0 &&
                 ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                 ::fsync(file) == 0;
  std::error_code error(errno, std::generic_category());
  if (file >= 0) ::close(file);
  if (!written) return FileError("write " + unfinished, error);
  fs::rename(unfinished, path, error);
  return error ? FileError("rename " + unfinished, error) : absl::OkStatus();
}

uint64_t BytesIn(const fs::path& directory) {
  uint64_t bytes = 0;
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(directory, error)) {
    if (entry.is_regular_file(error)) bytes += entry.file_size(error);
  }
  return bytes;
}

}  // namespace

absl::StatusOr<v1::CreateBackupResponse> CreateBackup(const EventLog& log, const KeyStore& keys,
                                                      const v1::CreateBackupRequest& request) {
  TP_RETURN_IF_ERROR(CheckPath("directory", request.directory()));
  const fs::path to = fs::path(request.directory()).lexically_normal();
  if (!request.keys_directory().empty()) {
    TP_RETURN_IF_ERROR(CheckPath("keys_directory", request.keys_directory()));
    const fs::path relative =
        fs::path(request.keys_directory()).lexically_normal().lexically_relative(to);
    if (relative.empty() || *relative.begin() != "..") {
      return FieldError("keys_directory", "PATH_INVALID",
                        "lies in the backup; whoever finds both can read what is sealed");
    }
  }
  v1::CreateBackupResponse made;
  // What the log shows now is in the copy; it may hold a little more.
  for (uint32_t p = 0; p < log.partitions(); ++p) {
    TP_ASSIGN_OR_RETURN(const int64_t head, log.HeadOffset(p));
    auto* position = made.add_heads();
    position->set_partition(p);
    position->set_offset(head);
    made.set_events(made.events() + static_cast<uint64_t>(head));
  }
  TP_RETURN_IF_ERROR(MakeDirectory("directory", to));
  TP_RETURN_IF_ERROR(log.CopyTo((to / "log").string()));
  // After the log: every key that an event of the copy needs was made before it was appended.
  if (!request.keys_directory().empty()) {
    TP_RETURN_IF_ERROR(keys.CopyTo(request.keys_directory()));
  }
  made.set_bytes(BytesIn(to));
  std::string json;
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  if (!google::protobuf::util::MessageToJsonString(made, &json, options).ok()) {
    return absl::InternalError("the manifest of the backup cannot be written");
  }
  TP_RETURN_IF_ERROR(WriteWhole(to / "backup.json", json + "\n"));
  return made;
}

absl::StatusOr<v1::CreateSeedResponse> CreateSeed(const Store& store, uint32_t partitions,
                                                  const v1::CreateSeedRequest& request) {
  TP_RETURN_IF_ERROR(CheckPath("directory", request.directory()));
  const fs::path to = fs::path(request.directory()).lexically_normal();
  const fs::path unfinished = to.string() + ".new";
  std::error_code error;
  fs::remove_all(unfinished, error);
  // RocksDB makes it, and does not say why where none can be made.
  TP_RETURN_IF_ERROR(MakeDirectory("directory", unfinished));
  fs::remove(unfinished, error);
  TP_RETURN_IF_ERROR(store.CopyTo(unfinished.string()));
  fs::permissions(unfinished, fs::perms::owner_all, error);
  if (error) return FileError("close " + unfinished.string() + " to others", error);
  // What the copy holds, and that it opens, only the copy tells.
  TP_ASSIGN_OR_RETURN(const auto copy, Store::Open({.directory = unfinished.string()}));
  v1::CreateSeedResponse made;
  for (uint32_t p = 0; p < partitions; ++p) {
    TP_ASSIGN_OR_RETURN(const auto checkpoint, copy->ReadCheckpoint(p));
    if (!checkpoint.has_value()) continue;
    auto* folded = made.add_folded();
    folded->set_partition(p);
    folded->set_offset(checkpoint->next_offset());
    made.set_events(made.events() + checkpoint->events_folded());
    made.set_fold_version(checkpoint->fold_version());
  }
  TP_RETURN_IF_ERROR(copy->Close());
  made.set_bytes(BytesIn(unfinished));
  fs::rename(unfinished, to, error);
  if (error) return FileError("rename " + unfinished.string(), error);
  return made;
}

}  // namespace trigpoint
