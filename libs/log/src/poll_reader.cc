#include "poll_reader.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"

namespace trigpoint {
namespace {

constexpr size_t kPollBytesMax = size_t{8} << 20;

class PollReader final : public LogReader {
 public:
  explicit PollReader(std::shared_ptr<const RecordSource> source) : source_(std::move(source)) {}

  absl::Status Assign(std::vector<Position> next) override {
    const VisibleTail& tail = source_->tail();
    std::set<uint32_t> seen;
    for (const Position& position : next) {
      if (position.partition >= tail.partitions()) {
        return UnknownPartitionError(position.partition, tail.partitions());
      }
      if (!seen.insert(position.partition).second) {
        return absl::InvalidArgumentError(
            absl::StrCat("partition ", position.partition, " is assigned twice"));
      }
      const int64_t head = tail.Head(position.partition);
      if (position.offset < 0 || position.offset > head) {
        return absl::OutOfRangeError(absl::StrCat("offset ", position.offset, " of partition ",
                                                  position.partition, " is not in [0, ", head,
                                                  "]"));
      }
    }
    next_ = std::move(next);
    turn_ = 0;
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<Record>> Poll(size_t max_records, absl::Duration timeout) override {
    std::vector<Record> records;
    if (max_records == 0) return records;
    if (absl::Status waited = source_->tail().WaitForData(next_, timeout); !waited.ok())
      return waited;
    size_t bytes = 0;
    const size_t first = turn_++;
    for (size_t i = 0; i < next_.size() && records.size() < max_records && bytes < kPollBytesMax;
         ++i) {
      Position& next = next_[(first + i) % next_.size()];
      if (next.offset >= source_->tail().Head(next.partition)) continue;
      const size_t before = records.size();
      absl::Status read =
          source_->Read(next, max_records - before, kPollBytesMax - bytes, &records);
      for (size_t k = before; k < records.size(); ++k) bytes += records[k].value.size();
      next.offset += static_cast<int64_t>(records.size() - before);
      // A failing partition must not swallow what was read from others: it reports when its turn
      // comes first.
      if (!read.ok() && records.empty()) return read;
    }
    return records;
  }

 private:
  const std::shared_ptr<const RecordSource> source_;
  std::vector<Position> next_;
  size_t turn_ = 0;
};

}  // namespace

std::unique_ptr<LogReader> NewPollReader(std::shared_ptr<const RecordSource> source) {
  return std::make_unique<PollReader>(std::move(source));
}

}  // namespace trigpoint
