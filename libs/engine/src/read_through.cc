#include "read_through.h"

#include <chrono>
#include <map>
#include <memory>

#include "absl/time/time.h"
#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kBatchRecords = 2000;
constexpr absl::Duration kPollTimeout = absl::Seconds(1);
constexpr std::chrono::seconds kPatience{30};

}  // namespace

absl::StatusOr<std::vector<Record>> PollKnown(LogReader* reader, size_t max_records) {
  const Clock::time_point give_up = Clock::now() + kPatience;
  while (true) {
    TP_ASSIGN_OR_RETURN(auto records, reader->Poll(max_records, kPollTimeout));
    if (!records.empty()) return records;
    if (Clock::now() > give_up) {
      return absl::UnavailableError("a log gave no record for " +
                                    std::to_string(kPatience.count()) +
                                    " s, though it has more: its brokers do not answer");
    }
  }
}

absl::Status ReadThrough(EventLog* log, const std::vector<LogSpan>& spans,
                         const std::function<absl::Status(const Record&)>& take) {
  std::map<uint32_t, int64_t> until;
  std::vector<Position> next;
  for (const LogSpan& span : spans) {
    if (span.from >= span.until) continue;
    next.push_back({span.partition, span.from});
    until[span.partition] = span.until;
  }
  if (next.empty()) return absl::OkStatus();
  const auto reader = log->NewReader();
  TP_RETURN_IF_ERROR(reader->Assign(std::move(next)));
  while (!until.empty()) {
    TP_ASSIGN_OR_RETURN(const auto records, PollKnown(reader.get(), kBatchRecords));
    for (const Record& record : records) {
      const auto span = until.find(record.position.partition);
      if (span == until.end() || record.position.offset >= span->second) continue;
      TP_RETURN_IF_ERROR(take(record));
      if (record.position.offset + 1 == span->second) until.erase(span);
    }
  }
  return absl::OkStatus();
}

}  // namespace trigpoint
