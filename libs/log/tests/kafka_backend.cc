#include "kafka_backend.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <span>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

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

namespace {

bool ThreeBrokers() {
  const std::string brokers = KafkaBrokers();
  return std::count(brokers.begin(), brokers.end(), ',') >= 2;
}

KafkaOwned<rd_kafka_t> NewProducer(BrokerWatch* watch, const std::string& transactional_id = "") {
  KafkaSettings settings({.brokers = KafkaBrokers()}, watch);
  if (!transactional_id.empty()) settings.Set({{"transactional.id", transactional_id}});
  absl::StatusOr<KafkaOwned<rd_kafka_t>> client = settings.New(RD_KAFKA_PRODUCER);
  EXPECT_TRUE(client.ok()) << client.status();
  return client.ok() ? *std::move(client) : nullptr;
}

/// Waits for the answer to one request of the administration.
void AwaitAnswer(rd_kafka_queue_t* answers) {
  const KafkaOwned<rd_kafka_event_t> event(rd_kafka_queue_poll(answers, 60'000));
  ASSERT_TRUE(event != nullptr);
  EXPECT_EQ(rd_kafka_event_error(event.get()), RD_KAFKA_RESP_ERR_NO_ERROR)
      << rd_kafka_event_error_string(event.get());
}

/// Whether this one broker still tells clients of the topic.
bool Knows(const std::string& broker, const std::string& topic) {
  BrokerWatch watch;
  absl::StatusOr<KafkaOwned<rd_kafka_t>> client =
      KafkaSettings({.brokers = broker}, &watch).New(RD_KAFKA_PRODUCER);
  if (!client.ok()) return true;
  // A new client asks the one broker it was given. All topics: to ask for one could make it.
  const rd_kafka_metadata_t* answer = nullptr;
  if (rd_kafka_metadata(client->get(), 1, nullptr, &answer, 10'000) != RD_KAFKA_RESP_ERR_NO_ERROR)
    return true;
  const KafkaOwned<const rd_kafka_metadata_t> metadata(answer);
  const std::span topics(metadata->topics, static_cast<size_t>(metadata->topic_cnt));
  return std::any_of(topics.begin(), topics.end(),
                     [&](const rd_kafka_metadata_topic_t& each) { return each.topic == topic; });
}

}  // namespace

bool Eventually(const std::function<bool()>& so) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!so()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

void DeleteTopic(const std::string& topic) {
  BrokerWatch watch;
  const KafkaOwned<rd_kafka_t> client = NewProducer(&watch);
  const KafkaOwned<rd_kafka_queue_t> answers(rd_kafka_queue_new(client.get()));
  rd_kafka_DeleteTopic_t* deletion = rd_kafka_DeleteTopic_new(topic.c_str());
  rd_kafka_DeleteTopics(client.get(), &deletion, 1, nullptr, answers.get());
  AwaitAnswer(answers.get());
  rd_kafka_DeleteTopic_destroy(deletion);
  // The answer is the controller's; a broker that has not heard yet would open the old topic.
  for (const absl::string_view broker : absl::StrSplit(KafkaBrokers(), ','))
    EXPECT_TRUE(Eventually([&] { return !Knows(std::string(broker), topic); })) << broker;
}

void AlterTopic(const std::string& topic, const std::string& name, const std::string& value) {
  // librdkafka 2.0.2 can only replace all settings at once: what is to stay is said again.
  std::map<std::string, std::string> settings = {
      {"cleanup.policy", "delete"},
      {"retention.ms", "-1"},
      {"retention.bytes", "-1"},
      {"min.insync.replicas", ThreeBrokers() ? "2" : "1"},
      {"unclean.leader.election.enable", "false"}};
  settings[name] = value;
  BrokerWatch watch;
  const KafkaOwned<rd_kafka_t> client = NewProducer(&watch);
  const KafkaOwned<rd_kafka_queue_t> answers(rd_kafka_queue_new(client.get()));
  const KafkaOwned<rd_kafka_ConfigResource_t> config(
      rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
  for (const auto& [key, wanted] : settings)
    rd_kafka_ConfigResource_set_config(config.get(), key.c_str(), wanted.c_str());
  rd_kafka_ConfigResource_t* configs[] = {config.get()};
  rd_kafka_AlterConfigs(client.get(), configs, 1, nullptr, answers.get());
  AwaitAnswer(answers.get());
}

void DeleteRecords(const std::string& topic, Position below) {
  BrokerWatch watch;
  const KafkaOwned<rd_kafka_t> client = NewProducer(&watch);
  const KafkaOwned<rd_kafka_queue_t> answers(rd_kafka_queue_new(client.get()));
  const KafkaOwned<rd_kafka_topic_partition_list_t> list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), topic.c_str(),
                                    static_cast<int32_t>(below.partition))
      ->offset = below.offset;
  rd_kafka_DeleteRecords_t* deletion = rd_kafka_DeleteRecords_new(list.get());
  rd_kafka_DeleteRecords(client.get(), &deletion, 1, nullptr, answers.get());
  AwaitAnswer(answers.get());
  rd_kafka_DeleteRecords_destroy(deletion);
}

void AppendInATransaction(const std::string& topic, uint32_t partition, const std::string& value) {
  BrokerWatch watch;
  const KafkaOwned<rd_kafka_t> client = NewProducer(&watch, topic);
  const auto expect_done = [](rd_kafka_error_t* raised) {
    const KafkaOwned<rd_kafka_error_t> error(raised);
    ASSERT_TRUE(error == nullptr) << rd_kafka_error_string(error.get());
  };
  expect_done(rd_kafka_init_transactions(client.get(), 60'000));
  expect_done(rd_kafka_begin_transaction(client.get()));
  const KafkaOwned<rd_kafka_topic_t> handle(
      rd_kafka_topic_new(client.get(), topic.c_str(), nullptr));
  std::string bytes = value;
  EXPECT_EQ(rd_kafka_produce(handle.get(), static_cast<int32_t>(partition), RD_KAFKA_MSG_F_COPY,
                             bytes.data(), bytes.size(), nullptr, 0, nullptr),
            0);
  expect_done(rd_kafka_commit_transaction(client.get(), 60'000));
}

KafkaLogOptions RealLogOptions(uint32_t partitions) {
  const std::string brokers = KafkaBrokers();
  return {.connection = {.brokers = brokers},
          .topic = NewTopicName(),
          .partitions = partitions,
          .single_broker = !ThreeBrokers(),
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
