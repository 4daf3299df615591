// What only the mock can be told to do.
#include <gtest/gtest.h>

#include <future>

#include "absl/time/clock.h"
#include "kafka_backend.h"
#include "trigpoint/log/kafka_topics.h"

namespace trigpoint {
namespace {

constexpr int16_t kInitProducerId = 22;  // ApiKey of the protocol

absl::Status WriteOne(TopicWriter& writer, const std::string& topic, const std::string& value) {
  std::promise<absl::Status> answered;
  writer.Write({.topic = topic, .key = "key", .value = value},
               [&](absl::Status status) { answered.set_value(std::move(status)); });
  return answered.get_future().get();
}

TEST(KafkaTopicsMockTest, AWriterThatCannotGoOnIsMadeAnew) {
  MockKafka kafka;
  kafka.CreateTopic("outcomes", 1);
  rd_kafka_mock_push_request_errors(kafka.cluster(), kInitProducerId, 1,
                                    RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED);
  auto writer = TopicWriter::Open({.connection = {.brokers = kafka.brokers()}});
  ASSERT_TRUE(writer.ok()) << writer.status();
  absl::Status written = absl::UnavailableError("not tried");
  int failed = 0;
  const absl::Time until = absl::Now() + absl::Seconds(30);
  for (; !written.ok() && absl::Now() < until; ++failed)
    written = WriteOne(**writer, "outcomes", "first");
  EXPECT_TRUE(written.ok()) << written;
  EXPECT_GT(failed, 1) << "the error was not met";
}

TEST(KafkaTopicsMockTest, BrokersThatAreAwayAreWaitedForAndThenSaidToBe) {
  MockKafka kafka;
  kafka.CreateTopic("outcomes", 1);
  auto writer = TopicWriter::Open(
      {.connection = {.brokers = kafka.brokers()}, .delivery_timeout = absl::Seconds(2)});
  auto reader = TopicReader::Open(
      {.connection = {.brokers = kafka.brokers()}, .group = "g", .topics = {"outcomes"}});
  ASSERT_TRUE(writer.ok() && reader.ok());
  ASSERT_TRUE(WriteOne(**writer, "outcomes", "before").ok());
  rd_kafka_mock_broker_set_down(kafka.cluster(), 1);
  EXPECT_TRUE(absl::IsUnavailable(WriteOne(**writer, "outcomes", "during")));
  rd_kafka_mock_broker_set_up(kafka.cluster(), 1);
  absl::Status written = absl::UnavailableError("not tried");
  for (int i = 0; !written.ok() && i < 30; ++i) written = WriteOne(**writer, "outcomes", "after");
  ASSERT_TRUE(written.ok()) << written;
  std::string last;
  for (int i = 0; last != "after" && i < 300; ++i) {
    const auto records = (*reader)->Poll(10, absl::Milliseconds(200));
    if (records.ok() && !records->empty()) last = records->back().message.value;
  }
  EXPECT_EQ(last, "after");
}

}  // namespace
}  // namespace trigpoint
