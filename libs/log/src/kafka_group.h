#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/time/time.h"

namespace trigpoint {

/// Joins a group again in which nobody was given a topic that is there. The member that shares out
/// asks a broker for the partitions; one that has not heard yet of a new topic says that there are
/// none, and librdkafka 2.0.2 leaves it at that for ever.
class LeftOutTopics {
 public:
  LeftOutTopics(std::string group, std::vector<std::string> topics);

  /// `client` has subscribed; `has` tells which topics it was given partitions of. Asks brokers two
  /// questions for each other topic, for a second each at most: after a second, then less and less
  /// often, every 30 s in the end.
  void Heal(rd_kafka_t* client, absl::FunctionRef<bool(const std::string& topic)> has);

 private:
  bool NobodyHas(rd_kafka_t* client, const std::string& topic) const;

  const std::string group_;
  const std::vector<std::string> topics_;
  absl::Duration pause_;
  int64_t next_ns_;
};

}  // namespace trigpoint
