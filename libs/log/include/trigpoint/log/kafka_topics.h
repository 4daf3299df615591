#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "trigpoint/log/kafka_connection.h"

/// Topics of Apache Kafka that are no log: what partners send, and what they and receivers are
/// told. The log itself is OpenKafkaLog.
namespace trigpoint {

/// Largest message that TopicWriter takes, in bytes of its value.
inline constexpr size_t kTopicValueBytesMax = 1'000'000;

/// What is written to a topic.
struct TopicMessage {
  std::string topic;
  /// Messages with one key keep their order: they lie in one partition, as Java's clients choose
  /// it.
  std::optional<std::string> key = std::nullopt;
  std::string value;
  /// In their order; a name may stand more than once.
  std::vector<std::pair<std::string, std::string>> headers = {};
};

struct TopicWriterOptions {
  KafkaConnection connection = {};
  /// How long a message may wait for its acknowledgement before it is answered Unavailable.
  absl::Duration delivery_timeout = absl::Seconds(30);
};

/// Writes to topics: acknowledged by all synced replicas, in the order of the calls, and not twice
/// while the writer lives. A message that was answered with an error may be there all the same.
/// Threading: thread-safe; Close not from a callback.
class TopicWriter {
 public:
  /// Called exactly once, from a thread of the writer or within Write; must not block.
  using Done = std::function<void(absl::Status)>;

  /// Waits for no broker. Errors: InvalidArgument.
  static absl::StatusOr<std::unique_ptr<TopicWriter>> Open(const TopicWriterOptions& options);
  ~TopicWriter();
  TopicWriter(const TopicWriter&) = delete;
  TopicWriter& operator=(const TopicWriter&) = delete;

  /// Queues a message. Answers: NotFound = there is no such topic; PermissionDenied;
  /// InvalidArgument = too large for us or for the broker; ResourceExhausted = too many wait;
  /// Unavailable = no acknowledgement in time.
  void Write(TopicMessage message, Done done);
  /// Waits for answers, at most so long; what is then unanswered is answered Unavailable, and so is
  /// this. Idempotent.
  absl::Status Close(absl::Duration patience = absl::Seconds(10));

 private:
  struct Impl;
  explicit TopicWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// What was read from a topic.
struct TopicRecord {
  TopicMessage message;
  int32_t partition = 0;
  int64_t offset = 0;
  int64_t timestamp_ms = -1;  ///< Of its writer or of the broker, Unix milliseconds; -1: none.
};

/// Records that nobody read are gone: the topic kept them for too short, or was replaced.
struct TopicGap {
  std::string topic;
  int32_t partition = 0;
  int64_t expected = 0;  ///< The offset that was to be read next.
  int64_t next = 0;      ///< The one that is read instead: the first that is there.
};

struct TopicReaderOptions {
  KafkaConnection connection = {};
  /// Members of one group share out the partitions of its topics.
  std::string group = {};
  std::vector<std::string> topics = {};
  /// Silence after which the brokers give the partitions of this member to others.
  absl::Duration session_timeout = absl::Seconds(15);
  /// Called from Poll, once for each gap; may be empty.
  std::function<void(const TopicGap&)> on_gap = {};
};

/// Reads topics as a member of a group, from the first record that the group has not committed; of
/// a new group from the first there is. Records repeat after a crash, and when partitions change
/// hands. Threading: confined to one thread.
class TopicReader {
 public:
  /// Waits for no broker. Errors: InvalidArgument.
  static absl::StatusOr<std::unique_ptr<TopicReader>> Open(const TopicReaderOptions& options);
  /// Leaves the group.
  ~TopicReader();
  TopicReader(const TopicReader&) = delete;
  TopicReader& operator=(const TopicReader&) = delete;

  /// Waits for records and gives those of the partitions held, in the order of each; none when none
  /// came in time. Partitions change hands in this call alone: what it gave before must be
  /// finished, or is dropped. To be called again within 5 minutes, else the partitions go to others
  /// (Lost). Errors, told when there is no record, and until they heal: NotFound = no such topic;
  /// PermissionDenied; Unavailable.
  absl::StatusOr<std::vector<TopicRecord>> Poll(size_t max_records, absl::Duration timeout);
  /// Notes durably that the group is done with these records, of those given last, and with all
  /// before them in their partitions. Blocks for the brokers. Errors: Unavailable, also when the
  /// partitions are others' by now: they are read again.
  absl::Status Commit(const std::vector<TopicRecord>& records);
  /// Whether the partitions of the records given last were taken away: others read them again.
  bool Lost() const;
  /// Records of the partitions held that are not given yet, as far as is known.
  int64_t Behind() const;

 private:
  struct Impl;
  explicit TopicReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace trigpoint
