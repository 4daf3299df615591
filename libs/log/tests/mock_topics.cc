// Topics over librdkafka's mock.
#include "kafka_backend.h"
#include "topics_backend.h"

namespace trigpoint {
namespace {

class MockTopics final : public TopicsBackend {
 public:
  KafkaConnection connection() override { return {.brokers = kafka_.brokers()}; }
  std::string NewTopic(uint32_t partitions) override {
    std::string topic = NewTopicName();
    kafka_.CreateTopic(topic, partitions);
    return topic;
  }
  bool Forget(const std::string&, int32_t, int64_t) override { return false; }
  bool makes_topics() const override { return true; }
  bool SetDown(bool down) override {
    if (down) {
      rd_kafka_mock_broker_set_down(kafka_.cluster(), 1);
    } else {
      rd_kafka_mock_broker_set_up(kafka_.cluster(), 1);
    }
    return true;
  }

 private:
  MockKafka kafka_;
};

}  // namespace

TopicsBackendTraits TopicsBackendUnderTest() {
  return {.name = "KafkaMock", .make = [] { return std::make_unique<MockTopics>(); }};
}

}  // namespace trigpoint
