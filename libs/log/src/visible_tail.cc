#include "visible_tail.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"

namespace trigpoint {
namespace {

constexpr size_t kRecordOverhead = 32;  // so that empty records are bounded too

}  // namespace

absl::Status ClosedError() { return absl::FailedPreconditionError("the log is closed"); }

absl::Status UnknownPartitionError(uint32_t partition, uint32_t partitions) {
  return absl::InvalidArgumentError(
      absl::StrCat("partition ", partition, " does not exist; this log has ", partitions));
}

VisibleTail::VisibleTail(std::vector<int64_t> heads, size_t max_bytes)
    : partitions_(heads.size()), max_bytes_(max_bytes) {
  for (size_t i = 0; i < heads.size(); ++i) partitions_[i].head = heads[i];
}

int64_t VisibleTail::Head(uint32_t partition) const {
  const std::lock_guard lock(mutex_);
  return partitions_[partition].head;
}

void VisibleTail::Publish(std::vector<Batch> batches) {
  {
    const std::lock_guard lock(mutex_);
    for (Batch& batch : batches) {
      Partition& partition = partitions_[batch.partition];
      partition.head += static_cast<int64_t>(batch.values.size());
      for (std::string& value : batch.values) {
        bytes_ += value.size() + kRecordOverhead;
        partition.values.push_back(std::move(value));
        arrival_.push_back(batch.partition);
      }
    }
    // Within a partition the oldest value leaves first, so what stays always ends at the head.
    while (bytes_ > max_bytes_) {
      Partition& oldest = partitions_[arrival_.front()];
      bytes_ -= oldest.values.front().size() + kRecordOverhead;
      oldest.values.pop_front();
      arrival_.pop_front();
    }
  }
  changed_.notify_all();
}

VisibleTail::TailRead VisibleTail::Read(Position from, size_t max_records, size_t max_bytes,
                                        std::vector<Record>* out) const {
  const std::lock_guard lock(mutex_);
  const Partition& partition = partitions_[from.partition];
  const int64_t first = partition.head - static_cast<int64_t>(partition.values.size());
  if (from.offset < first) return TailRead::kOlder;
  size_t bytes = 0;
  for (size_t n = 0; from.offset < partition.head && n < max_records && bytes < max_bytes;
       ++n, ++from.offset) {
    const std::string& value = partition.values[static_cast<size_t>(from.offset - first)];
    bytes += value.size();
    out->push_back({from, value});
  }
  return TailRead::kRead;
}

absl::Status VisibleTail::WaitForData(const std::vector<Position>& next,
                                      absl::Duration timeout) const {
  const absl::Duration bounded = std::clamp(timeout, absl::ZeroDuration(), absl::Hours(24));
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, absl::ToChronoNanoseconds(bounded), [&] {
    return closed_ || std::any_of(next.begin(), next.end(), [&](const Position& position) {
             return position.offset < partitions_[position.partition].head;
           });
  });
  return closed_ ? ClosedError() : absl::OkStatus();
}

void VisibleTail::Close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
}

bool VisibleTail::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

}  // namespace trigpoint
