#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace trigpoint {

/// First 16 bytes of SHA-256 over a record's bytes. Stored; the function never changes.
using Digest = std::array<uint8_t, 16>;
Digest DigestOf(std::string_view record);

/// A place in the log. Offsets count from 0 in each partition, without gaps.
struct Position {
  uint32_t partition = 0;
  int64_t offset = 0;
  friend bool operator==(const Position&, const Position&) = default;
};

struct Record {
  Position position;
  std::string value;
};

/// Where one batch stands: its first and its last record, in one partition. Records of other
/// processes may lie between them (EventLog::Append).
struct Appended {
  Position first;
  Position last;
  /// What matters to an appender of one record.
  operator Position() const { return first; }  // NOLINT(google-explicit-constructor)
  friend bool operator==(const Appended&, const Appended&) = default;
};

/// Answer to one append: where the batch stands, or why it is not acknowledged.
/// After an error the batch, or a part of it, may still turn up later (a crash between write and
/// acknowledgement): appenders retry, readers drop duplicates.
using AppendCallback = std::function<void(absl::StatusOr<Appended> at)>;

/// Reads assigned partitions from explicit offsets. It never owns progress: the caller's checkpoint
/// does. Threading: thread-compatible. Lifetime: may outlive the log's Close; polls then answer
/// FailedPrecondition.
class LogReader {
 public:
  virtual ~LogReader() = default;
  /// Replaces the assignment; each position is the next one to read, at most one per partition.
  /// Errors: OutOfRange beyond the head or below the first offset; InvalidArgument for an unknown
  /// or repeated partition. After an error the former assignment stands.
  virtual absl::Status Assign(std::vector<Position> next) = 0;
  /// Returns at most `max_records` (and about 8 MiB), in order within each partition; empty =
  /// nothing new in `timeout` (records already known to be there are waited for longer). Errors:
  /// DataLoss where stored bytes are damaged or records are gone (names partition, offset, file);
  /// FailedPrecondition once closed; ResourceExhausted while the disk is too full to open the log
  /// again: poll again later.
  virtual absl::StatusOr<std::vector<Record>> Poll(size_t max_records, absl::Duration timeout) = 0;
};

/// The event log: the only truth, kept for ever. Threading: thread-safe.
class EventLog {
 public:
  virtual ~EventLog() = default;
  virtual uint32_t partitions() const = 0;
  /// Appends `values` (at least one) to a partition, in order; the batches of one process follow
  /// each other whole. Where several processes append to one partition (Kafka), records of others
  /// may lie between those of a batch. Never blocks on the disk or the network. `done` is called
  /// exactly once: after the batch is durable and visible to readers, from a thread of
  /// the log (it must not block, and may append); or with an error, perhaps before this returns, so
  /// call Append without locks that `done` takes. Errors: ResourceExhausted = queue or disk full,
  /// retry later; InvalidArgument = unknown partition, no values, a batch larger than the queue or
  /// a record larger than the log takes; FailedPrecondition = closed; Unavailable = fenced until
  /// the log is opened again (embedded), or not acknowledged in time (Kafka: append it again).
  virtual void Append(uint32_t partition, std::vector<std::string> values, AppendCallback done) = 0;
  /// Offset of the oldest record kept; 0 where retention is for ever.
  virtual absl::StatusOr<int64_t> FirstOffset(uint32_t partition) const = 0;
  /// High-water mark: the next offset that will become visible.
  virtual absl::StatusOr<int64_t> HeadOffset(uint32_t partition) const = 0;
  /// Digest of a visible record. Errors: OutOfRange at or beyond the head; DataLoss when the bytes
  /// are damaged.
  virtual absl::StatusOr<Digest> DigestAt(Position position) const = 0;
  virtual std::unique_ptr<LogReader> NewReader() = 0;
  /// OK while appends can succeed; ResourceExhausted = disk full (heals by itself), Unavailable =
  /// fenced, or no broker is reached (heals by itself). For readiness.
  virtual absl::Status Health() const = 0;
  /// Copies everything acknowledged so far into a directory that does not exist yet, from which the
  /// same backend opens; appends go on meanwhile. Errors: Unimplemented where the backend has means
  /// of its own; AlreadyExists; else what the file system says.
  virtual absl::Status CopyTo(const std::string& directory) const;
  /// Refuses new appends, answers all accepted ones, wakes readers. Idempotent; not from an
  /// AppendCallback.
  virtual absl::Status Close() = 0;
};

/// Appends and blocks until answered; gives the position of the first record. Not to be called from
/// an AppendCallback.
absl::StatusOr<Position> AppendAndWait(EventLog& log, uint32_t partition,
                                       std::vector<std::string> values);

/// Checks that `log` still holds what a reader has folded: its head is not below `next`, and the
/// record before `next` has digest `last` (ignored at offset 0). Errors: DataLoss naming the place
/// when the log was truncated or replaced.
absl::Status VerifyCheckpoint(const EventLog& log, Position next, const Digest& last);

}  // namespace trigpoint
