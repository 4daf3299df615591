#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "trigpoint/log/event_log.h"
#include "trigpoint/log/kafka_connection.h"

namespace trigpoint {

/// Largest record that the Kafka log takes, in bytes: what fits a batch of a topic with Kafka's
/// default max.message.bytes.
inline constexpr size_t kKafkaRecordBytesMax = 1'000'000;

struct KafkaLogOptions {
  KafkaConnection connection = {};
  /// The topic of this log alone.
  std::string topic;
  /// Partitions that the topic must have: those of the providers, and the control partition. Fixed
  /// when the topic is created: another number sends streams elsewhere.
  uint32_t partitions = 17;
  /// True accepts a topic of which one broker holds the only synced copy: what it acknowledged is
  /// gone with its disk.
  bool single_broker = false;
  /// Creates the topic, with the settings that the check demands, when there is none: three
  /// replicas, or one with `single_broker`.
  bool create_topic = false;
  /// Bytes of appends not yet answered (values plus 32 each). Beyond it Append answers
  /// ResourceExhausted at once.
  size_t max_queued_bytes = size_t{64} << 20;
  /// How long an append may wait for its acknowledgement before it is answered Unavailable.
  absl::Duration delivery_timeout = absl::Minutes(2);
  /// How long no broker may be reached, or no append be answered, before Health says Unavailable.
  absl::Duration unreachable_after = absl::Seconds(10);
  /// False only over a mock cluster, which cannot tell the settings of a topic.
  bool check_settings = true;
};

/// Opens the log that is one topic of Apache Kafka: an idempotent producer that waits for all
/// synced replicas, and readers at explicit offsets, outside any group. Several processes may
/// append and read at once. Errors: FailedPrecondition = the topic is missing, or a setting of it
/// could lose or reorder events (the text names each and says what to set); Unavailable = no broker
/// answered in time; PermissionDenied; InvalidArgument.
absl::StatusOr<std::unique_ptr<EventLog>> OpenKafkaLog(const KafkaLogOptions& options);

}  // namespace trigpoint
