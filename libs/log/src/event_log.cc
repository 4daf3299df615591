#include "trigpoint/log/event_log.h"

#include <algorithm>
#include <future>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "trigpoint/base/digest.h"

namespace trigpoint {

Digest DigestOf(std::string_view record) {
  const Sha256Digest full = Sha256(record);
  Digest digest{};
  std::copy_n(full.begin(), digest.size(), digest.begin());
  return digest;
}

absl::Status EventLog::CopyTo(const std::string& /*directory*/) const {
  return absl::UnimplementedError("this log is backed up by means of its own");
}

absl::StatusOr<Position> AppendAndWait(EventLog& log, uint32_t partition,
                                       std::vector<std::string> values) {
  auto answer = std::make_shared<std::promise<absl::StatusOr<Position>>>();
  std::future<absl::StatusOr<Position>> result = answer->get_future();
  log.Append(partition, std::move(values),
             [answer](absl::StatusOr<Appended> at) { answer->set_value(std::move(at)); });
  return result.get();
}

absl::Status VerifyCheckpoint(const EventLog& log, Position next, const Digest& last) {
  const absl::StatusOr<int64_t> head = log.HeadOffset(next.partition);
  if (!head.ok()) return head.status();
  const std::string place = absl::StrCat("partition ", next.partition, " offset ", next.offset);
  if (*head < next.offset) {
    return absl::DataLossError(
        absl::StrCat("the log ends at offset ", *head, " of partition ", next.partition,
                     ", below the checkpoint at ", place,
                     ": it was truncated, restored from an older copy, or is another log"));
  }
  if (next.offset == 0) return absl::OkStatus();
  const absl::StatusOr<Digest> stored = log.DigestAt({next.partition, next.offset - 1});
  if (!stored.ok()) return stored.status();
  if (*stored != last) {
    return absl::DataLossError(
        absl::StrCat("the record before the checkpoint at ", place,
                     " is not the one that was folded: the log was replaced or rewritten"));
  }
  return absl::OkStatus();
}

}  // namespace trigpoint
