#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "kafka_topic_state.h"
#include "trigpoint/log/event_log.h"

namespace trigpoint {

/// How much a reader fetches ahead.
enum class KafkaPrefetch {
  kStream,     ///< As much as keeps a fold busy.
  kOneRecord,  ///< As little as can be: for one record at a time.
};

/// A consumer outside any group, assigned to explicit offsets. `state` is shared so that a reader
/// may outlive its log.
std::unique_ptr<LogReader> NewKafkaReader(std::shared_ptr<KafkaTopicState> state,
                                          KafkaPrefetch prefetch);

/// First offset and head of a partition; notes the head. Threading: thread-safe.
struct Watermarks {
  int64_t first = 0;
  int64_t head = 0;
};
absl::StatusOr<Watermarks> AskWatermarks(rd_kafka_t* client, KafkaTopicState* state,
                                         uint32_t partition);

/// Settings of a consumer that is not in a group. The group's name is wanted by librdkafka, and
/// never used.
KafkaSettings ReaderSettings(const KafkaTopicState& state, BrokerWatch* watch,
                             KafkaPrefetch prefetch);

}  // namespace trigpoint
