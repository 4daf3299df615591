// Topics beside the log, over a mock cluster and over a real Kafka.
#include "trigpoint/log/kafka_topics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kafka_backend.h"
#include "trigpoint/log/partition.h"

namespace trigpoint {
namespace {

using testing::ElementsAre;
using testing::Pair;

constexpr uint32_t kPartitions = 3;

/// Where the topics are: each case runs over a mock and over a real Kafka.
class KafkaTopics : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (GetParam() == "Mock") {
      mock_ = std::make_unique<MockKafka>();
      brokers_ = mock_->brokers();
      topic_ = "intake";
      mock_->CreateTopic(topic_, kPartitions);
      return;
    }
    if (const std::string missing = KafkaMissing(); !missing.empty()) GTEST_SKIP() << missing;
    const KafkaLogOptions log = RealLogOptions(kPartitions);
    const absl::Status created = OpenKafkaLog(log).status();
    ASSERT_TRUE(created.ok()) << created;
    brokers_ = KafkaBrokers();
    topic_ = log.topic;
  }
  void TearDown() override {
    if (mock_ == nullptr && !topic_.empty()) DeleteTopic(topic_);
  }

  std::unique_ptr<TopicWriter> Writer() {
    absl::StatusOr<std::unique_ptr<TopicWriter>> writer =
        OpenTopicWriter({.connection = {.brokers = brokers_}, .topic = topic_});
    EXPECT_TRUE(writer.ok()) << writer.status();
    return writer.ok() ? *std::move(writer) : nullptr;
  }
  std::unique_ptr<TopicReader> Reader(const std::string& group = "intake") {
    absl::StatusOr<std::unique_ptr<TopicReader>> reader =
        OpenTopicReader({.connection = {.brokers = brokers_},
                         .topics = {topic_},
                         .group = absl::StrCat(topic_, "-", group),
                         .session_timeout = absl::Seconds(6)});
    EXPECT_TRUE(reader.ok()) << reader.status();
    return reader.ok() ? *std::move(reader) : nullptr;
  }
  static absl::StatusOr<Position> Write(TopicWriter& writer, TopicRecord record) {
    std::promise<absl::StatusOr<Position>> answer;
    writer.Write(std::move(record),
                 [&](absl::StatusOr<Position> at) { answer.set_value(std::move(at)); });
    return answer.get_future().get();
  }
  static std::vector<ReceivedRecord> PollOnce(TopicReader& reader) {
    absl::StatusOr<std::vector<ReceivedRecord>> some = reader.Poll(100, absl::Milliseconds(100));
    EXPECT_TRUE(some.ok()) << some.status();
    return some.ok() ? *std::move(some) : std::vector<ReceivedRecord>();
  }
  static std::vector<ReceivedRecord> Read(TopicReader& reader, size_t count) {
    std::vector<ReceivedRecord> all;
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (all.size() < count && std::chrono::steady_clock::now() < until) {
      absl::StatusOr<std::vector<ReceivedRecord>> some =
          reader.Poll(count - all.size(), absl::Seconds(1));
      EXPECT_TRUE(some.ok()) << some.status();
      if (!some.ok()) break;
      for (ReceivedRecord& record : *some) all.push_back(std::move(record));
    }
    EXPECT_EQ(all.size(), count);
    return all;
  }

  std::unique_ptr<MockKafka> mock_;
  std::string brokers_;
  std::string topic_;
};

TEST_P(KafkaTopics, CarryKeyValueAndHeadersToThePartitionOfTheKey) {
  const auto writer = Writer();
  const TopicRecord record = {
      .key = "provider-1",
      .value = std::string("\0bytes", 6),
      .headers = {{"ce_type", "concern"}, {"ce_type", "again"}, {"no", ""}}};
  const absl::StatusOr<Position> at = Write(*writer, record);
  ASSERT_TRUE(at.ok()) << at.status();
  EXPECT_EQ(at->partition, PartitionOf("provider-1", kPartitions)) << "as Java's client chooses";

  const auto reader = Reader();
  const std::vector<ReceivedRecord> read = Read(*reader, 1);
  ASSERT_EQ(read.size(), 1U);
  EXPECT_EQ(read[0].topic, topic_);
  EXPECT_EQ(read[0].position, *at);
  EXPECT_EQ(read[0].record.key, record.key);
  EXPECT_EQ(read[0].record.value, record.value);
  EXPECT_THAT(read[0].record.headers,
              ElementsAre(Pair("ce_type", "concern"), Pair("ce_type", "again"), Pair("no", "")));
  EXPECT_TRUE(reader->Health().ok());
  EXPECT_TRUE(writer->Health().ok());
}

TEST_P(KafkaTopics, DeliverAgainWhatWasNotCommitted) {
  const auto writer = Writer();
  for (int i = 0; i < 6; ++i)
    ASSERT_TRUE(Write(*writer, {.key = "one key", .value = absl::StrCat(i)}).ok());
  auto reader = Reader();
  const std::vector<ReceivedRecord> first = Read(*reader, 6);
  ASSERT_EQ(first.size(), 6U);
  ASSERT_TRUE(reader->Commit(first[3]).ok());
  reader->Close();
  EXPECT_EQ(reader->Poll(1, absl::ZeroDuration()).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(reader->Commit(first[4]).code(), absl::StatusCode::kFailedPrecondition);

  reader = Reader();
  const std::vector<ReceivedRecord> again = Read(*reader, 2);
  ASSERT_EQ(again.size(), 2U);
  EXPECT_EQ(again[0].record.value, "4");
  EXPECT_EQ(again[1].record.value, "5");
  EXPECT_EQ(Read(*Reader("another group"), 6).size(), 6U);
}

TEST_P(KafkaTopics, CommitNothingThatThisReaderWasNotGiven) {
  const auto writer = Writer();
  ASSERT_TRUE(Write(*writer, {.value = "x"}).ok());
  const auto reader = Reader();
  const std::vector<ReceivedRecord> read = Read(*reader, 1);
  ASSERT_EQ(read.size(), 1U);
  ReceivedRecord other = read[0];
  other.position.offset = 7;
  EXPECT_EQ(reader->Commit(other).code(), absl::StatusCode::kAborted);
  other.position = {(read[0].position.partition + 1) % kPartitions, 0};
  EXPECT_EQ(reader->Commit(other).code(), absl::StatusCode::kAborted);
  EXPECT_TRUE(reader->Commit(read[0]).ok());
}

TEST_P(KafkaTopics, RefuseWhatCannotBe) {
  EXPECT_EQ(OpenTopicWriter({.connection = {.brokers = brokers_}}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(
      OpenTopicReader({.connection = {.brokers = brokers_}, .topics = {topic_}}).status().code(),
      absl::StatusCode::kInvalidArgument);
  const auto writer = Writer();
  EXPECT_EQ(Write(*writer, {.value = std::string(2'000'000, 'x')}).status().code(),
            absl::StatusCode::kInvalidArgument);
  ASSERT_TRUE(writer->Close().ok());
  EXPECT_EQ(Write(*writer, {.value = "late"}).status().code(),
            absl::StatusCode::kFailedPrecondition);
  if (mock_ != nullptr) return;  // a mock makes every topic that is asked for
  EXPECT_EQ(OpenTopicWriter({.connection = {.brokers = brokers_}, .topic = NewTopicName()})
                .status()
                .code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_P(KafkaTopics, GiveAnotherReaderWhatOneDidNotCommitBeforeItLostThePartition) {
  if (mock_ != nullptr) GTEST_SKIP() << "a mock takes 3 s for each of several joins";
  const auto writer = Writer();
  for (uint32_t i = 0; i < 30; ++i)
    ASSERT_TRUE(Write(*writer, {.key = absl::StrCat(i), .value = absl::StrCat(i)}).ok());
  const auto one = Reader();
  const std::vector<ReceivedRecord> by_one = Read(*one, 30);
  const auto two = Reader();
  std::set<std::string> by_two;
  std::vector<ReceivedRecord> again;
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (by_two.size() + again.size() < 30 && std::chrono::steady_clock::now() < until) {
    for (ReceivedRecord& record : PollOnce(*two)) by_two.insert(record.record.value);
    for (ReceivedRecord& record : PollOnce(*one)) again.push_back(std::move(record));
  }
  EXPECT_EQ(by_two.size() + again.size(), 30U) << "nothing was committed: all of it comes again";
  EXPECT_GT(by_two.size(), 0U);
  int aborted = 0;
  for (const ReceivedRecord& record : by_one) {
    const absl::Status committed = one->Commit(record);
    EXPECT_EQ(absl::IsAborted(committed), by_two.contains(record.record.value)) << committed;
    if (absl::IsAborted(committed)) ++aborted;
  }
  EXPECT_EQ(aborted, static_cast<int>(by_two.size()));
}

INSTANTIATE_TEST_SUITE_P(Over, KafkaTopics, testing::Values("Mock", "Kafka"),
                         [](const auto& where) { return where.param; });

}  // namespace
}  // namespace trigpoint
