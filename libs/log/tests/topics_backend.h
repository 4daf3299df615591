#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "trigpoint/log/kafka_connection.h"

namespace trigpoint {

/// Brokers on which topics are tested.
class TopicsBackend {
 public:
  virtual ~TopicsBackend() = default;
  virtual KafkaConnection connection() = 0;
  /// Makes a topic that no other test uses, and gives its name.
  virtual std::string NewTopic(uint32_t partitions) = 0;
  /// Removes the records below an offset, as retention does; false = these brokers cannot.
  virtual bool Forget(const std::string& topic, int32_t partition, int64_t below) = 0;
  /// Takes the broker away, or brings it back; false = these brokers cannot.
  virtual bool SetDown(bool down) = 0;
  /// Whether asking for a topic that is not there makes it.
  virtual bool makes_topics() const = 0;
};

struct TopicsBackendTraits {
  std::string name;
  std::string missing{};  ///< Why its tests are skipped; empty = they are not.
  std::function<std::unique_ptr<TopicsBackend>()> make{};
};

/// Of the program that is linked: the mock, or a real broker.
TopicsBackendTraits TopicsBackendUnderTest();

}  // namespace trigpoint
