// The file is text:
//
//     trigpoint log copy
//     version 1
//     from NEXT DIGEST       one line for each partition; 32 hexadecimal digits
//     to NEXT DIGEST
//     control ID             in hexadecimal digits, so that an id may hold anything
//     end
#include "copy_checkpoint.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include "trigpoint/base/digest.h"
#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

constexpr char kHead[] = "trigpoint log copy\nversion 1\n";

void PutMark(const char* side, const CopyCheckpoint::Mark& mark, std::string* text) {
  *text += std::string(side) + ' ' + std::to_string(mark.next) + ' ' +
           HexEncode({reinterpret_cast<const char*>(mark.last.data()), mark.last.size()}) + '\n';
}

bool GetMark(std::istringstream* line, std::vector<CopyCheckpoint::Mark>* marks) {
  CopyCheckpoint::Mark mark;
  std::string digits;
  if (!(*line >> mark.next >> digits)) return false;
  const auto bytes = HexDecode(digits);
  if (!bytes.ok() || bytes->size() != mark.last.size()) return false;
  std::copy(bytes->begin(), bytes->end(), mark.last.begin());
  marks->push_back(mark);
  return true;
}

bool GetControl(std::istringstream* line, std::vector<std::string>* controls) {
  std::string digits;
  if (!(*line >> digits)) return false;
  const auto id = HexDecode(digits);
  if (id.ok()) controls->push_back(*id);
  return id.ok();
}

absl::Status Failed(const std::string& path) {
  return MakeStatus(absl::StatusCode::kUnavailable,
                    "cannot write " + path + ": " + std::generic_category().message(errno));
}

}  // namespace

absl::StatusOr<std::optional<CopyCheckpoint>> ReadCopyCheckpoint(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return std::optional<CopyCheckpoint>();
  std::ifstream file(path, std::ios::binary);
  std::ostringstream all;
  all << file.rdbuf();
  const std::string text = all.str();
  const absl::Status damaged = absl::DataLossError(path + " is no checkpoint of a copy of a log");
  if (!file || !text.starts_with(kHead)) return damaged;
  CopyCheckpoint checkpoint;
  std::istringstream lines(text.substr(sizeof kHead - 1));
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string what;
    words >> what;
    if (what == "end") return std::optional(std::move(checkpoint));
    const bool read = what == "from"      ? GetMark(&words, &checkpoint.from)
                      : what == "to"      ? GetMark(&words, &checkpoint.to)
                      : what == "control" ? GetControl(&words, &checkpoint.controls)
                                          : false;
    if (!read) return damaged;
  }
  return damaged;
}

absl::Status WriteCopyCheckpoint(const std::string& path, const CopyCheckpoint& checkpoint) {
  std::string text = kHead;
  for (const auto& mark : checkpoint.from) PutMark("from", mark, &text);
  for (const auto& mark : checkpoint.to) PutMark("to", mark, &text);
  for (const auto& id : checkpoint.controls) text += "control " + HexEncode(id) + '\n';
  text += "end\n";
  const std::string draft = path + ".new";
  const int file =
      ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) return Failed(draft);
  const bool written =
      ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      ::fsync(file) == 0;
  const absl::Status status = written ? absl::OkStatus() : Failed(draft);
  ::close(file);
  TP_RETURN_IF_ERROR(status);
  return ::rename(draft.c_str(), path.c_str()) == 0 ? absl::OkStatus() : Failed(path);
}

}  // namespace trigpoint
