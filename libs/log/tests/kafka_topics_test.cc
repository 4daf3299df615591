// What partners' and receivers' topics must do, over the brokers of the program.
#include "trigpoint/log/kafka_topics.h"

#include <gmock/gmock.h>

#include <future>
#include <set>

#include "absl/strings/str_cat.h"
#include "topics_backend.h"

namespace trigpoint {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

class KafkaTopicsTest : public testing::Test {
 protected:
  void SetUp() override {
    const TopicsBackendTraits traits = TopicsBackendUnderTest();
    if (!traits.missing.empty()) GTEST_SKIP() << traits.name << " " << traits.missing;
    backend_ = traits.make();
    auto writer = TopicWriter::Open({.connection = backend_->connection()});
    ASSERT_TRUE(writer.ok()) << writer.status();
    writer_ = *std::move(writer);
  }
  void TearDown() override {
    const absl::Status closed = writer_ == nullptr ? absl::OkStatus() : writer_->Close();
    EXPECT_TRUE(closed.ok()) << closed;
  }

  absl::Status Write(TopicMessage message) {
    std::promise<absl::Status> answered;
    writer_->Write(std::move(message),
                   [&](absl::Status status) { answered.set_value(std::move(status)); });
    return answered.get_future().get();
  }
  void WriteNumbers(const std::string& topic, int from, int to) {
    for (int i = from; i < to; ++i) {
      ASSERT_TRUE(
          Write({.topic = topic, .key = absl::StrCat("key-", i), .value = absl::StrCat(i)}).ok());
    }
  }
  std::unique_ptr<TopicReader> Join(const std::string& topic, const std::string& group) {
    auto reader =
        TopicReader::Open({.connection = backend_->connection(),
                           .group = group,
                           .topics = {topic},
                           .session_timeout = absl::Seconds(6),
                           .on_gap = [this](const TopicGap& gap) { gaps_.push_back(gap); }});
    EXPECT_TRUE(reader.ok()) << reader.status();
    return *std::move(reader);
  }
  /// So many records, or what came until it is plain that no more do.
  static std::vector<TopicRecord> Read(TopicReader& reader, size_t count) {
    std::vector<TopicRecord> all;
    for (int turns = 0; all.size() < count && turns < 150; ++turns) {
      auto records = reader.Poll(count - all.size(), absl::Milliseconds(200));
      // Brokers learn of a new topic one by one, and its partitions of their leaders.
      if (absl::IsNotFound(records.status()) || absl::IsUnavailable(records.status())) continue;
      EXPECT_TRUE(records.ok()) << records.status();
      if (!records.ok()) break;
      for (auto& record : *records) all.push_back(std::move(record));
    }
    EXPECT_EQ(all.size(), count);
    return all;
  }
  static std::vector<std::string> Values(const std::vector<TopicRecord>& records) {
    std::vector<std::string> values;
    values.reserve(records.size());
    for (const auto& record : records) values.push_back(record.message.value);
    return values;
  }

  std::unique_ptr<TopicsBackend> backend_;
  std::unique_ptr<TopicWriter> writer_;
  std::vector<TopicGap> gaps_;
};

TEST_F(KafkaTopicsTest, AMessageComesAsItWasWritten) {
  const std::string topic = backend_->NewTopic(1);
  const std::string bytes("\0\xff\n", 3);
  ASSERT_TRUE(Write({.topic = topic,
                     .key = "SG-1",
                     .value = bytes,
                     .headers = {{"ce_id", "SG-1"}, {"twice", "a"}, {"twice", ""}}})
                  .ok());
  ASSERT_TRUE(Write({.topic = topic, .value = ""}).ok());
  const auto reader = Join(topic, topic);
  const auto records = Read(*reader, 2);
  ASSERT_THAT(records, SizeIs(2));
  EXPECT_EQ(records[0].message.topic, topic);
  EXPECT_EQ(records[0].message.key, "SG-1");
  EXPECT_EQ(records[0].message.value, bytes);
  EXPECT_THAT(records[0].message.headers,
              ElementsAre(Pair("ce_id", "SG-1"), Pair("twice", "a"), Pair("twice", "")));
  EXPECT_EQ(records[0].offset, 0);
  EXPECT_GT(records[0].timestamp_ms, 1'600'000'000'000);
  EXPECT_EQ(records[1].message.key, std::nullopt);
  EXPECT_EQ(records[1].offset, 1);
}

TEST_F(KafkaTopicsTest, MessagesOfOneKeyKeepTheirOrder) {
  const std::string topic = backend_->NewTopic(4);
  std::atomic<int> answered = 0;
  for (int i = 0; i < 400; ++i) {
    writer_->Write({.topic = topic, .key = absl::StrCat(i % 7), .value = absl::StrCat(i)},
                   [&](const absl::Status& status) {
                     EXPECT_TRUE(status.ok()) << status;
                     ++answered;
                     answered.notify_all();
                   });
  }
  const auto reader = Join(topic, topic);
  std::map<std::string, std::pair<int, std::set<int>>> last;
  for (const auto& record : Read(*reader, 400)) {
    auto& [number, partitions] =
        last.try_emplace(*record.message.key, -1, std::set<int>()).first->second;
    EXPECT_GT(std::stoi(record.message.value), number);
    number = std::stoi(record.message.value);
    partitions.insert(record.partition);
  }
  for (const auto& [key, seen] : last) EXPECT_THAT(seen.second, SizeIs(1)) << key;
  // A record may be read before its answer is told.
  for (int seen = answered; seen < 400; seen = answered) answered.wait(seen);
  EXPECT_EQ(answered, 400);
}

// On three brokers some such groups used to be given nothing, for ever.
TEST_F(KafkaTopicsTest, AMemberThatJoinsBeforeAllBrokersKnowTheTopicIsGivenIt) {
  std::vector<std::pair<std::string, std::unique_ptr<TopicReader>>> readers;
  for (int i = 0; i < 12; ++i) {
    const std::string topic = backend_->NewTopic(4);
    readers.emplace_back(topic, Join(topic, topic));
  }
  for (const auto& [topic, reader] : readers) {
    WriteNumbers(topic, 0, 1);
    EXPECT_THAT(Read(*reader, 1), SizeIs(1)) << topic;
  }
}

TEST_F(KafkaTopicsTest, KeysLieWhereJavasClientsPutThem) {
  const std::string topic = backend_->NewTopic(16);
  // murmur2 of Java's client, modulo 16.
  ASSERT_TRUE(Write({.topic = topic, .key = "kafka", .value = ""}).ok());
  ASSERT_TRUE(Write({.topic = topic, .key = "giberish123456789", .value = ""}).ok());
  const auto reader = Join(topic, topic);
  std::map<std::string, int> partitions;
  for (const auto& record : Read(*reader, 2)) partitions[*record.message.key] = record.partition;
  EXPECT_EQ(partitions["kafka"], static_cast<int>((0xd067cf64U & 0x7fffffffU) % 16));
  EXPECT_EQ(partitions["giberish123456789"], static_cast<int>((0x8f552b0cU & 0x7fffffffU) % 16));
}

TEST_F(KafkaTopicsTest, WhatIsNotCommittedIsReadAgain) {
  const std::string topic = backend_->NewTopic(1);
  WriteNumbers(topic, 0, 6);
  {
    const auto reader = Join(topic, topic);
    const auto first = Read(*reader, 3);
    const absl::Status committed = reader->Commit(first);
    EXPECT_TRUE(committed.ok()) << committed;
    EXPECT_EQ(reader->Behind(), 3);
    EXPECT_FALSE(reader->Lost());
    EXPECT_THAT(Values(Read(*reader, 2)), ElementsAre("3", "4"));
  }
  EXPECT_THAT(Values(Read(*Join(topic, topic), 3)), ElementsAre("3", "4", "5"));
  EXPECT_THAT(Values(Read(*Join(topic, topic + "-another"), 6)), SizeIs(6));
  EXPECT_THAT(gaps_, IsEmpty());
}

TEST_F(KafkaTopicsTest, MembersShareATopicAndTakeOverFromEachOther) {
  const std::string topic = backend_->NewTopic(4);
  WriteNumbers(topic, 0, 100);
  auto first = Join(topic, topic);
  std::multiset<std::string> seen;
  const auto take = [&](TopicReader& reader) {
    const auto records = reader.Poll(20, absl::Milliseconds(100));
    ASSERT_TRUE(records.ok()) << records.status();
    if (!reader.Commit(*records).ok()) return;  // others' by now: read again
    for (const auto& record : *records) seen.insert(record.message.value);
  };
  for (int i = 0; i < 300 && seen.size() < 100; ++i) take(*first);
  EXPECT_THAT(seen, SizeIs(100));
  auto second = Join(topic, topic);
  std::set<std::string> seconds;
  for (int written = 100, i = 0; i < 300 && seconds.empty(); ++i) {
    WriteNumbers(topic, written, written + 4);
    written += 4;
    take(*first);
    const size_t before = seen.size();
    take(*second);
    if (seen.size() > before) seconds.insert("some");
  }
  EXPECT_FALSE(seconds.empty()) << "the second member never had a partition";
  first.reset();
  WriteNumbers(topic, 10'000, 10'040);
  for (int i = 0; i < 300 && seen.count("10039") == 0; ++i) take(*second);
  for (int i = 0; i < 20; ++i) take(*second);
  for (int i = 10'000; i < 10'040; ++i) EXPECT_EQ(seen.count(absl::StrCat(i)), 1) << i;
}

TEST_F(KafkaTopicsTest, WhatIsGoneIsSaidAndNotWaitedFor) {
  const std::string topic = backend_->NewTopic(1);
  WriteNumbers(topic, 0, 10);
  {
    const auto reader = Join(topic, topic);
    EXPECT_TRUE(reader->Commit(Read(*reader, 2)).ok());
  }
  if (!backend_->Forget(topic, 0, 5)) GTEST_SKIP() << "these brokers forget nothing";
  EXPECT_THAT(Values(Read(*Join(topic, topic), 5)), ElementsAre("5", "6", "7", "8", "9"));
  ASSERT_THAT(gaps_, SizeIs(1));
  EXPECT_EQ(gaps_[0].topic, topic);
  EXPECT_EQ(gaps_[0].expected, 2);
  EXPECT_EQ(gaps_[0].next, 5);
  // Of a group that is new nothing is missing.
  Read(*Join(topic, topic + "-new"), 5);
  EXPECT_THAT(gaps_, SizeIs(1));
}

TEST_F(KafkaTopicsTest, ATopicThatIsNotThereIsNamed) {
  if (backend_->makes_topics()) GTEST_SKIP() << "these brokers make topics that are asked for";
  const absl::Status written = Write({.topic = "no-such-topic", .value = "x"});
  EXPECT_TRUE(absl::IsNotFound(written)) << written;
  const auto reader = Join("no-such-topic", "no-such-group");
  absl::Status polled;
  for (int i = 0; polled.ok() && i < 100; ++i)
    polled = reader->Poll(1, absl::Milliseconds(200)).status();
  EXPECT_TRUE(absl::IsNotFound(polled)) << polled;
  EXPECT_THAT(std::string(polled.message()), testing::HasSubstr("no-such-topic"));
}

TEST_F(KafkaTopicsTest, AMessageThatIsTooLargeIsRefused) {
  const std::string topic = backend_->NewTopic(1);
  EXPECT_TRUE(absl::IsInvalidArgument(
      Write({.topic = topic, .value = std::string(kTopicValueBytesMax + 1, 'x')})));
  EXPECT_TRUE(Write({.topic = topic, .value = std::string(kTopicValueBytesMax, 'x')}).ok());
}

TEST_F(KafkaTopicsTest, AClosedWriterRefuses) {
  EXPECT_TRUE(writer_->Close().ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(Write({.topic = "any", .value = "x"})));
}

TEST(KafkaTopicsOptionsTest, MistakesAreTold) {
  EXPECT_TRUE(absl::IsInvalidArgument(TopicWriter::Open({}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(
      TopicReader::Open({.connection = {.brokers = "127.0.0.1:1"}}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(
      TopicWriter::Open({.connection = {.brokers = "127.0.0.1:1",
                                        .tls = KafkaTls{"/no/ca", "/no/cert", "/no/key"}}})
          .status()));
}

}  // namespace
}  // namespace trigpoint
