#pragma once

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "poll_reader.h"
#include "trigpoint/log/event_log.h"

namespace trigpoint {

/// What every log with a visible tail answers in the same way: it begins at offset 0, and ends
/// where its tail does.
class TailedLog : public EventLog {
 public:
  uint32_t partitions() const final { return tailed_->tail().partitions(); }

  absl::StatusOr<int64_t> FirstOffset(uint32_t partition) const final {
    if (partition >= partitions()) return UnknownPartitionError(partition, partitions());
    return 0;
  }

  absl::StatusOr<int64_t> HeadOffset(uint32_t partition) const final {
    if (partition >= partitions()) return UnknownPartitionError(partition, partitions());
    return tailed_->tail().Head(partition);
  }

  std::unique_ptr<LogReader> NewReader() final { return NewPollReader(tailed_); }

 protected:
  explicit TailedLog(std::shared_ptr<const RecordSource> source) : tailed_(std::move(source)) {}

  /// OK where a visible record stands. Errors: InvalidArgument, OutOfRange.
  absl::Status CheckVisible(Position at) const {
    if (at.partition >= partitions()) return UnknownPartitionError(at.partition, partitions());
    if (at.offset >= 0 && at.offset < tailed_->tail().Head(at.partition)) return absl::OkStatus();
    return absl::OutOfRangeError(
        absl::StrCat("no record at partition ", at.partition, " offset ", at.offset));
  }

 private:
  const std::shared_ptr<const RecordSource> tailed_;
};

}  // namespace trigpoint
