#pragma once

#include <memory>
#include <vector>

#include "visible_tail.h"

namespace trigpoint {

/// Where a PollReader gets records from. Threading: thread-safe.
class RecordSource {
 public:
  virtual ~RecordSource() = default;
  virtual const VisibleTail& tail() const = 0;
  /// Appends at least one record from `from` on, which lies below the head, to `out`.
  virtual absl::Status Read(Position from, size_t max_records, size_t max_bytes,
                            std::vector<Record>* out) const = 0;
};

/// A reader that serves its partitions in turn. The source is shared so that a reader may outlive
/// its log.
std::unique_ptr<LogReader> NewPollReader(std::shared_ptr<const RecordSource> source);

}  // namespace trigpoint
