#include "kafka_backend.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"

namespace trigpoint {
namespace {

class KafkaBackend : public LogBackend {
 public:
  EventLog& log() override { return *log_; }
  void Reopen() override {
    ASSERT_TRUE(log_->Close().ok());
    log_.reset();
    Open();
  }

 protected:
  explicit KafkaBackend(KafkaLogOptions options) : options_(std::move(options)) {
    options_.max_queued_bytes = kQueueBytes;
  }
  void Open() {
    absl::StatusOr<std::unique_ptr<EventLog>> log = OpenKafkaLog(options_);
    ASSERT_TRUE(log.ok()) << log.status();
    log_ = *std::move(log);
  }
  KafkaLogOptions options_;
  std::unique_ptr<EventLog> log_;
};

class MockBackend final : public KafkaBackend {
 public:
  explicit MockBackend(uint32_t partitions)
      : KafkaBackend({.topic = "events", .partitions = partitions, .check_settings = false}) {
    kafka_.CreateTopic("events", partitions);
    options_.connection.brokers = kafka_.brokers();
    Open();
  }
  ~MockBackend() override { log_.reset(); }

 private:
  MockKafka kafka_;
};

class BrokerBackend final : public KafkaBackend {
 public:
  explicit BrokerBackend(uint32_t partitions) : KafkaBackend(RealLogOptions(partitions)) { Open(); }
  ~BrokerBackend() override {
    log_.reset();
    DeleteTopic(options_.topic);
  }
};

}  // namespace

MockKafka::MockKafka(int brokers) {
  absl::StatusOr<KafkaOwned<rd_kafka_t>> host =
      KafkaSettings({.brokers = "127.0.0.1:1"}, &watch_).New(RD_KAFKA_PRODUCER);
  EXPECT_TRUE(host.ok()) << host.status();
  host_ = *std::move(host);
  cluster_ = rd_kafka_mock_cluster_new(host_.get(), brokers);
}

MockKafka::~MockKafka() { rd_kafka_mock_cluster_destroy(cluster_); }

void MockKafka::CreateTopic(const std::string& topic, uint32_t partitions) {
  EXPECT_EQ(rd_kafka_mock_topic_create(cluster_, topic.c_str(), static_cast<int>(partitions), 1),
            RD_KAFKA_RESP_ERR_NO_ERROR);
}

std::string KafkaBrokers() {
  const char* brokers = getenv("TRIGPOINT_KAFKA");
  return brokers == nullptr ? "" : brokers;
}

std::string KafkaMissing() {
  return KafkaBrokers().empty() ? "needs a Kafka broker: tools/test --kafka" : "";
}

std::string NewTopicName() {
  static std::atomic<int> made = 0;
  return absl::StrCat("trigpoint-test-", getpid(), "-",
                      std::chrono::system_clock::now().time_since_epoch().count(), "-", ++made);
}

void DeleteTopic(const std::string& topic) {
  BrokerWatch watch;
  absl::StatusOr<KafkaOwned<rd_kafka_t>> client =
      KafkaSettings({.brokers = KafkaBrokers()}, &watch).New(RD_KAFKA_PRODUCER);
  ASSERT_TRUE(client.ok()) << client.status();
  const KafkaOwned<rd_kafka_queue_t> answers(rd_kafka_queue_new(client->get()));
  rd_kafka_DeleteTopic_t* deletion = rd_kafka_DeleteTopic_new(topic.c_str());
  rd_kafka_DeleteTopics(client->get(), &deletion, 1, nullptr, answers.get());
  const KafkaOwned<rd_kafka_event_t> event(rd_kafka_queue_poll(answers.get(), 30'000));
  rd_kafka_DeleteTopic_destroy(deletion);
  EXPECT_TRUE(event != nullptr);
}

KafkaLogOptions RealLogOptions(uint32_t partitions) {
  const std::string brokers = KafkaBrokers();
  return {.connection = {.brokers = brokers},
          .topic = NewTopicName(),
          .partitions = partitions,
          .single_broker = std::count(brokers.begin(), brokers.end(), ',') < 2,
          .create_topic = true};
}

LogBackendTraits KafkaMockBackend() {
  return {
      .name = "KafkaMock", .durable = true, .bounded_queue = true, .make = [](uint32_t partitions) {
        return std::make_unique<MockBackend>(partitions);
      }};
}

LogBackendTraits KafkaBrokerBackend() {
  return {.name = "Kafka",
          .durable = true,
          .bounded_queue = true,
          .missing = KafkaMissing(),
          .make = [](uint32_t partitions) { return std::make_unique<BrokerBackend>(partitions); }};
}

}  // namespace trigpoint
