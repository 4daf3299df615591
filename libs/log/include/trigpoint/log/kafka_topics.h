#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "trigpoint/log/event_log.h"
#include "trigpoint/log/kafka_connection.h"

namespace trigpoint {

// Topics beside the log, for what comes in and goes out: intake, outcomes, dead letters, alerts.
// They hold no truth; their settings are their owner's.

/// What a record of such a topic is. Keys and headers may be empty; a header may stand twice.
struct TopicRecord {
  std::string key = {};
  std::string value = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
};

struct TopicWriterOptions {
  KafkaConnection connection = {};
  std::string topic = {};
  /// Bytes of records not yet answered. Beyond it Write answers ResourceExhausted at once.
  size_t max_queued_bytes = size_t{16} << 20;
  /// How long a record may wait for its acknowledgement before it is answered Unavailable.
  absl::Duration delivery_timeout = absl::Minutes(2);
  /// As KafkaLogOptions::unreachable_after.
  absl::Duration unreachable_after = absl::Seconds(10);
};

/// Writes records to one topic, idempotently and acknowledged by all synced replicas. Threading:
/// thread-safe.
class TopicWriter {
 public:
  virtual ~TopicWriter() = default;
  /// Writes a record to the partition of its key, as Java's client chooses it; without a key, to
  /// any. `done` is called exactly once, as EventLog::Append calls its own, with the place of the
  /// record or an error; after Unavailable it may have been written all the same. Errors:
  /// ResourceExhausted, InvalidArgument = too large, FailedPrecondition = closed, Unavailable.
  virtual void Write(TopicRecord record, std::function<void(absl::StatusOr<Position>)> done) = 0;
  /// As EventLog::Health.
  virtual absl::Status Health() const = 0;
  /// Refuses new records and waits for the answers to those accepted, up to 10 s. Idempotent; not
  /// from a callback. Errors: Unavailable where some were given up.
  virtual absl::Status Close() = 0;
};

/// Errors: Unavailable = no broker answered in time; FailedPrecondition = no such topic;
/// InvalidArgument.
absl::StatusOr<std::unique_ptr<TopicWriter>> OpenTopicWriter(const TopicWriterOptions& options);

struct TopicReaderOptions {
  KafkaConnection connection = {};
  /// At least one.
  std::vector<std::string> topics = {};
  /// All readers of one group share the partitions of its topics, and its committed offsets.
  std::string group = {};
  /// As KafkaOwnershipOptions.
  std::string instance_id = {};
  absl::Duration session_timeout = absl::Seconds(15);
  /// A reader that is not polled for so long loses its partitions.
  absl::Duration poll_interval = absl::Minutes(5);
};

/// A record, and where it came from.
struct ReceivedRecord {
  std::string topic;
  Position position;
  TopicRecord record;
};

/// Reads topics as a member of a group, from the committed offsets on; where none is committed,
/// from the beginning. Each record is delivered at least once: what was not committed is delivered
/// again, perhaps to another reader, when this one ends or loses the partition. Threading:
/// thread-compatible.
class TopicReader {
 public:
  virtual ~TopicReader() = default;
  /// Returns at most `max_records`, in order within each partition; empty = nothing new in
  /// `timeout`. Errors: DataLoss = stored bytes are damaged; FailedPrecondition = closed, or
  /// another reader has taken this one's instance id; NotFound = no such topic. All else heals and
  /// shows as empty.
  virtual absl::StatusOr<std::vector<ReceivedRecord>> Poll(size_t max_records,
                                                           absl::Duration timeout) = 0;
  /// Commits that `done` and everything polled before it in its partition is dealt with: to be
  /// called once that is durable. Waits for the broker. Errors: Aborted = the partition is another
  /// reader's now, which will be given the records again; Unavailable.
  virtual absl::Status Commit(const ReceivedRecord& done) = 0;
  /// OK while brokers are reached.
  virtual absl::Status Health() const = 0;
  /// Leaves the group. Idempotent.
  virtual void Close() = 0;
};

/// Errors: InvalidArgument. Brokers are not waited for.
absl::StatusOr<std::unique_ptr<TopicReader>> OpenTopicReader(const TopicReaderOptions& options);

}  // namespace trigpoint
