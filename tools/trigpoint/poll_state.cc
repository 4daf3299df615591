#include "poll_state.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr int kVersion = 1;

absl::Status Failed(const std::string& what, int error) {
  return MakeStatus(absl::StatusCode::kUnavailable,
                    "cannot " + what + ": " + std::generic_category().message(error));
}

absl::Status Wrong(const std::string& path, const std::string& must) {
  return MakeStatus(absl::StatusCode::kDataLoss, path + ": " + must);
}

template <typename Records>
ordered_json NamesOf(const Records& records) {
  ordered_json names = ordered_json::array();
  for (const CqcRecordId& record : records) names.push_back(CqcRecordName(record));
  return names;
}

absl::StatusOr<std::vector<std::string>> ReadTexts(const json& object, const std::string& key) {
  std::vector<std::string> texts;
  const auto found = object.find(key);
  if (found == object.end()) return texts;
  if (!found->is_array()) return Wrong(key, "must be a list");
  for (size_t i = 0; i < found->size(); ++i) {
    const json& text = (*found)[i];
    if (!text.is_string()) return Wrong(key + '[' + std::to_string(i) + ']', "must be text");
    texts.push_back(text.get<std::string>());
  }
  return texts;
}

absl::StatusOr<std::vector<CqcRecordId>> ReadRecords(const json& object, const std::string& key) {
  TP_ASSIGN_OR_RETURN(const std::vector<std::string> names, ReadTexts(object, key));
  std::vector<CqcRecordId> records;
  for (size_t i = 0; i < names.size(); ++i) {
    const auto record = ParseCqcRecordName(names[i]);
    if (!record.ok()) {
      return Wrong(key + '[' + std::to_string(i) + ']', std::string(record.status().message()));
    }
    records.push_back(*record);
  }
  return records;
}

absl::StatusOr<Micros> ReadInstant(const json& object, const std::string& key) {
  const auto found = object.find(key);
  const std::string text =
      found != object.end() && found->is_string() ? found->get<std::string>() : "";
  const auto instant = ParseInstant(text);
  return instant.ok() ? instant : Wrong(key, "must be as 2026-11-22T21:00:00Z");
}

absl::StatusOr<PollState> Read(const json& object) {
  if (!object.is_object() || object.value("version", json()) != kVersion) {
    return Wrong("version", "must be " + std::to_string(kVersion) + ": no state of a poll");
  }
  PollState state;
  if (object.contains("until")) {
    TP_ASSIGN_OR_RETURN(state.until, ReadInstant(object, "until"));
  }
  if (const auto window = object.find("window"); window != object.end()) {
    if (!window->is_object()) return Wrong("window", "must be an object");
    state.window.emplace();
    TP_ASSIGN_OR_RETURN(state.window->end, ReadInstant(*window, "end"));
    state.window->all = window->value("all", json()) == true;
  }
  TP_ASSIGN_OR_RETURN(const auto to_fetch, ReadRecords(object, "to_fetch"));
  state.to_fetch.assign(to_fetch.begin(), to_fetch.end());
  TP_ASSIGN_OR_RETURN(state.again, ReadRecords(object, "again"));
  TP_ASSIGN_OR_RETURN(state.local_authorities, ReadTexts(object, "local_authorities"));
  TP_ASSIGN_OR_RETURN(const auto followed, ReadRecords(object, "followed"));
  state.followed.insert(followed.begin(), followed.end());
  if (!state.window && !state.to_fetch.empty()) {
    return Wrong("window", "must be there where to_fetch holds something");
  }
  return state;
}

absl::Status WriteSynced(const std::string& path, const std::string& text) {
  constexpr mode_t kMode = 0640;
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kMode);
  if (file < 0) return Failed("write " + path, errno);
  size_t written = 0;
  int error = 0;
  while (error == 0 && written < text.size()) {
    const ssize_t more = ::write(file, text.data() + written, text.size() - written);
    if (more >= 0) {
      written += static_cast<size_t>(more);
    } else if (errno != EINTR) {
      error = errno;
    }
  }
  if (error == 0 && ::fsync(file) != 0) error = errno;
  ::close(file);
  return error == 0 ? absl::OkStatus() : Failed("write " + path, error);
}

absl::Status SyncParent(const std::string& path) {
  std::string parent = std::filesystem::path(path).parent_path().string();
  if (parent.empty()) parent = ".";
  const int directory = ::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = directory >= 0 && ::fsync(directory) == 0;
  const int error = errno;
  if (directory >= 0) ::close(directory);
  return synced ? absl::OkStatus() : Failed("sync the directory of " + path, error);
}

}  // namespace

absl::StatusOr<std::optional<PollState>> ReadPollState(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error) && !error) return std::optional<PollState>();
  std::ifstream file(path, std::ios::binary);
  const json object = json::parse(file, nullptr, false);
  if (!file || object.is_discarded()) return Wrong(path, "cannot be read, or is not JSON");
  auto state = Read(object);
  if (!state.ok()) return Annotate(state.status(), path);
  return std::optional<PollState>(*std::move(state));
}

absl::Status WritePollState(const std::string& path, const PollState& state) {
  ordered_json object = {{"version", kVersion}};
  if (state.until) object["until"] = FormatInstant(*state.until);
  if (state.window) {
    object["window"] = {{"end", FormatInstant(state.window->end)}, {"all", state.window->all}};
  }
  object["to_fetch"] = NamesOf(state.to_fetch);
  object["again"] = NamesOf(state.again);
  if (!state.local_authorities.empty()) {
    object["local_authorities"] = state.local_authorities;
    object["followed"] = NamesOf(state.followed);
  }
  const std::string draft = path + ".new";
  const std::string text = object.dump(-1, ' ', false, json::error_handler_t::replace) + '\n';
  TP_RETURN_IF_ERROR(WriteSynced(draft, text));
  std::error_code error;
  std::filesystem::rename(draft, path, error);
  if (error) return Failed("rename " + draft, error.value());
  return SyncParent(path);
}

absl::StatusOr<PollLock> PollLock::Take(const std::string& path) {
  const std::string lock = path + ".lock";
  constexpr mode_t kMode = 0640;
  const int file = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kMode);
  if (file < 0) return Failed("write " + lock, errno);
  PollLock taken(file);
  if (::flock(file, LOCK_EX | LOCK_NB) == 0) return taken;
  if (errno != EWOULDBLOCK) return Failed("lock " + lock, errno);
  return MakeStatus(absl::StatusCode::kFailedPrecondition, "another poll is at work with " + path);
}

PollLock::~PollLock() {
  if (file_ >= 0) ::close(file_);
}

}  // namespace trigpoint
