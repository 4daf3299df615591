#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "trigpoint/log/event_log.h"

namespace trigpoint {

/// Records of one partition.
struct LogSpan {
  uint32_t partition = 0;
  int64_t from = 0;
  int64_t until = 0;  ///< The offset behind the last one; at most the head.
};

/// What comes next from a reader of which records are known to be there. Errors: those of Poll;
/// Unavailable when none came for half a minute.
absl::StatusOr<std::vector<Record>> PollKnown(LogReader* reader, size_t max_records);

/// Gives every record of the spans, at most one of a partition, to `take`, in order within each
/// partition. One reader for all: of a log on Kafka each costs a connection. Errors: as PollKnown,
/// and of `take`, which end it.
absl::Status ReadThrough(EventLog* log, const std::vector<LogSpan>& spans,
                         const std::function<absl::Status(const Record&)>& take);

}  // namespace trigpoint
