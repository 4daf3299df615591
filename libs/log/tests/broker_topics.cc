// Topics over a real Kafka: linked into programs of their own, which are labelled kafka.
#include <gtest/gtest.h>

#include "kafka_backend.h"
#include "topics_backend.h"

namespace trigpoint {
namespace {

class BrokerTopics final : public TopicsBackend {
 public:
  BrokerTopics() {
    auto client = KafkaSettings(connection(), &watch_).New(RD_KAFKA_PRODUCER);
    EXPECT_TRUE(client.ok()) << client.status();
    client_ = *std::move(client);
    answers_.reset(rd_kafka_queue_new(client_.get()));
  }
  ~BrokerTopics() override {
    for (const std::string& topic : topics_) DeleteTopic(topic);
  }
  KafkaConnection connection() override { return {.brokers = KafkaBrokers()}; }
  std::string NewTopic(uint32_t partitions) override {
    topics_.push_back(NewTopicName());
    char why[256];
    const KafkaOwned<rd_kafka_NewTopic_t> topic(rd_kafka_NewTopic_new(
        topics_.back().c_str(), static_cast<int>(partitions), 1, why, sizeof why));
    rd_kafka_NewTopic_t* made[] = {topic.get()};
    rd_kafka_CreateTopics(client_.get(), made, 1, nullptr, answers_.get());
    Await();
    return topics_.back();
  }
  bool Forget(const std::string& topic, int32_t partition, int64_t below) override {
    const KafkaOwned<rd_kafka_topic_partition_list_t> list(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset = below;
    rd_kafka_DeleteRecords_t* records = rd_kafka_DeleteRecords_new(list.get());
    rd_kafka_DeleteRecords(client_.get(), &records, 1, nullptr, answers_.get());
    rd_kafka_DeleteRecords_destroy(records);
    Await();
    return true;
  }
  bool makes_topics() const override { return false; }
  bool SetDown(bool) override { return false; }

 private:
  void Await() {
    const KafkaOwned<rd_kafka_event_t> event(rd_kafka_queue_poll(answers_.get(), 30'000));
    ASSERT_NE(event, nullptr);
    EXPECT_EQ(rd_kafka_event_error(event.get()), RD_KAFKA_RESP_ERR_NO_ERROR);
  }

  BrokerWatch watch_;
  KafkaOwned<rd_kafka_t> client_;
  KafkaOwned<rd_kafka_queue_t> answers_;
  std::vector<std::string> topics_;
};

}  // namespace

TopicsBackendTraits TopicsBackendUnderTest() {
  return {.name = "Kafka", .missing = KafkaMissing(), .make = [] {
            return std::make_unique<BrokerTopics>();
          }};
}

}  // namespace trigpoint
