#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "trigpoint/log/event_log.h"

namespace trigpoint {

/// What readers may see: the head of every partition and the most recent records.
/// std::mutex throughout this library: the distribution's abseil is not built for the thread
/// sanitizer, which would then not see what absl::Mutex orders. Threading: thread-safe.
class VisibleTail {
 public:
  enum class TailRead { kRead, kOlder };

  /// `heads` are the next offsets at start; the tail keeps at most `max_bytes` of values.
  VisibleTail(std::vector<int64_t> heads, size_t max_bytes);

  uint32_t partitions() const { return static_cast<uint32_t>(partitions_.size()); }
  int64_t Head(uint32_t partition) const;

  struct Batch {
    uint32_t partition;
    std::vector<std::string> values;
  };
  /// Makes batches visible, all at once, and wakes readers.
  void Publish(std::vector<Batch> batches);

  /// Appends records from `from` to `out`, at most `max_records` and about `max_bytes`; kOlder when
  /// `from` lies before the tail (then nothing is read).
  TailRead Read(Position from, size_t max_records, size_t max_bytes,
                std::vector<Record>* out) const;

  /// Waits until a position of `next` is below its head or the timeout passes. Errors:
  /// FailedPrecondition once closed.
  absl::Status WaitForData(const std::vector<Position>& next, absl::Duration timeout) const;
  void Close();
  bool closed() const;

 private:
  struct Partition {
    int64_t head = 0;
    std::deque<std::string> values;  // the last values.size() records before head
  };

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<Partition> partitions_;
  std::deque<uint32_t> arrival_;  // partition of each kept value, oldest first
  size_t bytes_ = 0;
  const size_t max_bytes_;
  bool closed_ = false;
};

absl::Status ClosedError();
absl::Status UnknownPartitionError(uint32_t partition, uint32_t partitions);

}  // namespace trigpoint
