// What the Kafka log does when brokers refuse, vanish, or hold another topic than they should.
// Over a mock cluster where that can play the part; over a real Kafka (label kafka) else.
#include "trigpoint/log/kafka_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "kafka_backend.h"
#include "kafka_producer.h"
#include "log_answers.h"

namespace trigpoint {
namespace {

using testing::HasSubstr;

class KafkaLogOverAMock : public testing::Test {
 protected:
  KafkaLogOverAMock() {
    kafka_.CreateTopic("events", 2);
    options_ = {.connection = {.brokers = kafka_.brokers()},
                .topic = "events",
                .partitions = 2,
                .unreachable_after = absl::Seconds(2),
                .check_settings = false};
  }
  std::unique_ptr<EventLog> Open() {
    absl::StatusOr<std::unique_ptr<EventLog>> log = OpenKafkaLog(options_);
    EXPECT_TRUE(log.ok()) << log.status();
    return log.ok() ? *std::move(log) : nullptr;
  }
  MockKafka kafka_;
  KafkaLogOptions options_;
};

TEST_F(KafkaLogOverAMock, SaysWhyItCannotOpen) {
  options_.connection.open_timeout = absl::Seconds(1);
  options_.partitions = 3;
  EXPECT_THAT(OpenKafkaLog(options_).status().ToString(), HasSubstr("it has 2 partitions, not 3"));
  options_.connection.brokers = "127.0.0.1:1";
  const absl::Status nobody = OpenKafkaLog(options_).status();
  EXPECT_EQ(nobody.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(nobody.ToString(), HasSubstr("127.0.0.1:1"));
  options_.connection.brokers = "";
  EXPECT_EQ(OpenKafkaLog(options_).status().code(), absl::StatusCode::kInvalidArgument);
  options_.connection = {.brokers = kafka_.brokers(),
                         .tls = KafkaTls{"/no/ca.pem", "/no/cert.pem", "/no/key.pem"}};
  const absl::Status no_files = OpenKafkaLog(options_).status();
  EXPECT_EQ(no_files.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(no_files.ToString(), HasSubstr("/no/"));
}

TEST_F(KafkaLogOverAMock, RefusesARecordThatNoTopicTakes) {
  const auto log = Open();
  EXPECT_EQ(AppendAndWait(*log, 0, {std::string(kKafkaRecordBytesMax + 1, 'x')}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(AppendAndWait(*log, 0, {std::string(kKafkaRecordBytesMax, 'x')}).ok());
}

TEST_F(KafkaLogOverAMock, TellsThatNoBrokerIsThereAndHeals) {
  const auto log = Open();
  ASSERT_TRUE(AppendAndWait(*log, 0, {"before"}).ok());
  EXPECT_TRUE(log->Health().ok()) << log->Health();
  rd_kafka_mock_broker_set_down(kafka_.cluster(), 1);
  EXPECT_TRUE(Eventually([&] { return log->Health().code() == absl::StatusCode::kUnavailable; }));
  Answers answers(log.get());
  answers.Append(0, "meanwhile");
  rd_kafka_mock_broker_set_up(kafka_.cluster(), 1);
  answers.AwaitAtMostOpen(0);
  EXPECT_EQ(answers.acknowledged()["meanwhile"], (Position{0, 1}));
  EXPECT_TRUE(Eventually([&] { return log->Health().ok(); }));
}

TEST_F(KafkaLogOverAMock, AnswersAnAppendThatNobodyTakes) {
  options_.delivery_timeout = absl::Milliseconds(1500);
  const auto log = Open();
  ASSERT_TRUE(AppendAndWait(*log, 0, {"before"}).ok());
  rd_kafka_mock_broker_set_down(kafka_.cluster(), 1);
  const absl::StatusOr<Position> at = AppendAndWait(*log, 0, {"lost"});
  EXPECT_EQ(at.status().code(), absl::StatusCode::kUnavailable) << at.status();
}

TEST_F(KafkaLogOverAMock, RepeatsNothingWhenABrokerAsksForARetry) {
  const auto log = Open();
  Answers answers(log.get());
  for (int i = 0; i < 200; ++i) {
    if (i % 50 == 0) {
      rd_kafka_mock_push_request_errors(
          kafka_.cluster(), 0 /* Produce */, 3, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
          RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE);
    }
    answers.Append(0, absl::StrCat(i));
  }
  answers.AwaitAtMostOpen(0);
  EXPECT_TRUE(answers.failed().empty()) << answers.failed().front();
  const std::vector<std::string> values = ReadAll(*log, 0);
  ASSERT_EQ(values.size(), 200U);
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(values[static_cast<size_t>(i)], absl::StrCat(i));
    EXPECT_EQ(answers.acknowledged()[absl::StrCat(i)], (Position{0, i}));
  }
}

// librdkafka 2.0.2 takes a desynchronised sequence for the end of a producer (its issue 4438).
TEST_F(KafkaLogOverAMock, GoesOnWithANewProducerAfterAFatalError) {
  auto state = std::make_shared<KafkaTopicState>(options_.connection, "events", 2);
  absl::StatusOr<std::unique_ptr<KafkaProducer>> producer = KafkaProducer::Open(options_, state);
  ASSERT_TRUE(producer.ok()) << producer.status();
  const auto append = [&](const std::string& value) {
    auto answer = std::make_shared<std::promise<absl::StatusOr<Appended>>>();
    (*producer)->Append(
        0, {value}, [answer](absl::StatusOr<Appended> at) { answer->set_value(std::move(at)); });
    return answer->get_future().get();
  };
  ASSERT_TRUE(append("before").ok());
  (*producer)->FailForTest();
  absl::StatusOr<Appended> after = absl::UnavailableError("not yet");
  EXPECT_TRUE(Eventually([&] {
    after = append("after");
    EXPECT_TRUE(after.ok() || absl::IsUnavailable(after.status())) << after.status();
    return after.ok();
  }));
  ASSERT_TRUE(append("more").ok());
  EXPECT_TRUE(Eventually([&] { return (*producer)->Health().ok(); }));
  ASSERT_TRUE((*producer)->Close().ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(append("late").status()));

  const auto log = Open();
  const std::vector<std::string> values = ReadAll(*log, 0);
  EXPECT_EQ(values.front(), "before");
  EXPECT_EQ(values.back(), "more");
}

TEST_F(KafkaLogOverAMock, AnswersEverythingWhenClosedWithoutBrokers) {
  const auto log = Open();
  ASSERT_TRUE(AppendAndWait(*log, 0, {"before"}).ok());
  rd_kafka_mock_broker_set_down(kafka_.cluster(), 1);
  Answers answers(log.get());
  for (int i = 0; i < 10; ++i) answers.Append(0, absl::StrCat(i));
  const absl::Status closed = log->Close();
  EXPECT_EQ(closed.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(closed.ToString(), HasSubstr("10 records"));
  answers.AwaitAtMostOpen(0);
  EXPECT_EQ(answers.failed().size(), 10U);
  for (const absl::Status& status : answers.failed())
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
}

/// Over a real Kafka.
class KafkaLogTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string missing = KafkaMissing(); !missing.empty()) GTEST_SKIP() << missing;
    options_ = RealLogOptions(2);
  }
  void TearDown() override {
    if (!options_.topic.empty()) DeleteTopic(options_.topic);
  }
  std::unique_ptr<EventLog> Open() {
    absl::StatusOr<std::unique_ptr<EventLog>> log = OpenKafkaLog(options_);
    EXPECT_TRUE(log.ok()) << log.status();
    return log.ok() ? *std::move(log) : nullptr;
  }
  /// After the topic was deleted, which brokers come to know one after the other.
  std::unique_ptr<EventLog> OpenAgain() {
    absl::StatusOr<std::unique_ptr<EventLog>> log = absl::UnavailableError("not yet");
    for (int i = 0; i < 100 && !log.ok(); ++i) log = OpenKafkaLog(options_);
    EXPECT_TRUE(log.ok()) << log.status();
    return log.ok() ? *std::move(log) : nullptr;
  }
  /// Sets one setting of the topic; brokers see it a little later.
  void Alter(const char* name, const char* value) { AlterTopic(options_.topic, name, value); }
  KafkaLogOptions options_;
};

TEST_F(KafkaLogTest, CreatesNoTopicUnlessItShould) {
  options_.create_topic = false;
  const absl::Status missing = OpenKafkaLog(options_).status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(missing.ToString(), HasSubstr("there is no topic"));
  EXPECT_THAT(OpenKafkaLog(options_).status().ToString(), HasSubstr("there is no topic"))
      << "asking for it does not make it";
}

TEST_F(KafkaLogTest, RefusesATopicThatCouldLoseEventsAndSaysWhatToSet) {
  ASSERT_TRUE(Open() != nullptr);
  struct Wrong {
    const char* name;
    const char* value;
    const char* right;
    const char* said;
  };
  const bool single = options_.single_broker;
  for (const Wrong& wrong : std::vector<Wrong>{
           {"cleanup.policy", "compact", "delete", "set cleanup.policy=delete"},
           {"retention.ms", "604800000", "-1", "set retention.ms=-1"},
           {"retention.bytes", "1000000", "-1", "set retention.bytes=-1"},
           {"unclean.leader.election.enable", "true", "false",
            "set unclean.leader.election.enable=false"},
           {"max.message.bytes", "10000", "1048588", "set max.message.bytes=1048588"},
           {"min.insync.replicas", "4", single ? "1" : "2", "no append could ever succeed"}}) {
    Alter(wrong.name, wrong.value);
    absl::Status refused;
    EXPECT_TRUE(Eventually([&] { return !(refused = OpenKafkaLog(options_).status()).ok(); }));
    EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition) << wrong.name;
    EXPECT_THAT(refused.ToString(), HasSubstr(wrong.said));
    EXPECT_THAT(refused.ToString(), HasSubstr(options_.topic));
    Alter(wrong.name, wrong.right);
    EXPECT_TRUE(Eventually([&] { return OpenKafkaLog(options_).ok(); })) << wrong.name;
  }
  options_.single_broker = false;
  Alter("min.insync.replicas", "1");
  EXPECT_TRUE(Eventually([&] {
    return absl::StrContains(OpenKafkaLog(options_).status().ToString(),
                             "set min.insync.replicas=2");
  }));
  options_.partitions = 5;
  EXPECT_THAT(OpenKafkaLog(options_).status().ToString(), HasSubstr("it has 2 partitions, not 5"));
}

TEST_F(KafkaLogTest, RefusesATopicWhoseFirstEventsAreGone) {
  auto log = Open();
  ASSERT_TRUE(AppendAndWait(*log, 1, {"a", "b", "c"}).ok());
  ASSERT_TRUE(log->Close().ok());
  DeleteRecords(options_.topic, {1, 2});
  const absl::Status refused = OpenKafkaLog(options_).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(refused.ToString(), HasSubstr("partition 1 begins at offset 2"));
}

TEST_F(KafkaLogTest, TellsAReaderThatTheRecordsBeforeItAreGone) {
  const auto log = Open();
  ASSERT_TRUE(AppendAndWait(*log, 0, {"a", "b", "c"}).ok());
  const std::unique_ptr<LogReader> reader = log->NewReader();
  ASSERT_TRUE(reader->Assign({{0, 3}}).ok());
  ASSERT_TRUE(reader->Poll(10, absl::ZeroDuration())->empty());
  DeleteTopic(options_.topic);
  const auto shorter = OpenAgain();
  ASSERT_TRUE(AppendAndWait(*shorter, 0, {"x"}).ok());
  absl::StatusOr<std::vector<Record>> records = std::vector<Record>();
  for (int i = 0; i < 60 && records.ok(); ++i) records = reader->Poll(10, absl::Seconds(1));
  EXPECT_EQ(records.status().code(), absl::StatusCode::kDataLoss) << records.status();
  EXPECT_THAT(records.status().ToString(), HasSubstr("partition 0 offset 3"));
  EXPECT_EQ(reader->Assign({{0, 3}}).code(), absl::StatusCode::kOutOfRange);
}

TEST_F(KafkaLogTest, TellsAReplacedTopicFromTheOneThatWasFolded) {
  auto log = Open();
  ASSERT_TRUE(AppendAndWait(*log, 0, {"a", "b", "c"}).ok());
  ASSERT_TRUE(log->Close().ok());
  DeleteTopic(options_.topic);
  log.reset();
  const auto anew = OpenAgain();
  ASSERT_TRUE(AppendAndWait(*anew, 0, {"x", "y"}).ok());
  EXPECT_EQ(VerifyCheckpoint(*anew, {0, 3}, DigestOf("c")).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(VerifyCheckpoint(*anew, {0, 2}, DigestOf("b")).code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(VerifyCheckpoint(*anew, {0, 2}, DigestOf("y")).ok());
}

TEST_F(KafkaLogTest, RefusesRecordsOfATransaction) {
  const auto log = Open();
  ASSERT_TRUE(AppendAndWait(*log, 0, {"a"}).ok());
  AppendInATransaction(options_.topic, 0, "b");
  // The broker marks the end of the transaction after it has answered.
  ASSERT_TRUE(Eventually([&] { return log->HeadOffset(0).value_or(-1) == 3; }));
  ASSERT_TRUE(AppendAndWait(*log, 0, {"c"}).ok());
  const std::unique_ptr<LogReader> reader = log->NewReader();
  ASSERT_TRUE(reader->Assign({{0, 0}}).ok());
  absl::StatusOr<std::vector<Record>> records = std::vector<Record>();
  size_t read = 0;
  while (records.ok() && read < 3) {
    records = reader->Poll(10, absl::Seconds(10));
    if (!records.ok()) break;
    read += records->size();
  }
  EXPECT_EQ(read, 2U) << "a, b; then the end of the transaction takes an offset";
  EXPECT_EQ(records.status().code(), absl::StatusCode::kDataLoss) << records.status();
  EXPECT_THAT(records.status().ToString(), HasSubstr("offset 2 is followed by 3"));
}

TEST_F(KafkaLogTest, GivesEachProcessItsOwnPositionsWhereTwoAppendToOnePartition) {
  const auto one = Open();
  const auto two = Open();
  constexpr int kBatches = 100;
  std::mutex mutex;
  std::map<std::string, Appended> answered;
  const auto append = [&](EventLog& log, const std::string& who) {
    std::vector<std::future<void>> done;
    for (int i = 0; i < kBatches; ++i) {
      auto answer = std::make_shared<std::promise<void>>();
      done.push_back(answer->get_future());
      const std::string name = absl::StrCat(who, i);
      log.Append(0, {name + "a", name + "b"}, [&, name, answer](absl::StatusOr<Appended> at) {
        EXPECT_TRUE(at.ok()) << at.status();
        const std::lock_guard lock(mutex);
        if (at.ok()) answered[name] = *at;
        answer->set_value();
      });
    }
    for (std::future<void>& each : done) each.wait();
  };
  std::thread other([&] { append(*two, "two-"); });
  append(*one, "one-");
  other.join();
  const std::vector<std::string> values = ReadAll(*one, 0);
  ASSERT_EQ(values.size(), 4U * kBatches);
  for (const auto& [name, at] : answered) {
    EXPECT_EQ(values[static_cast<size_t>(at.first.offset)], name + "a");
    EXPECT_EQ(values[static_cast<size_t>(at.last.offset)], name + "b");
  }
}

TEST_F(KafkaLogTest, SpeaksTlsWithACertificateOfItsOwnAndNotWithout) {
  const char* brokers = getenv("TRIGPOINT_KAFKA_TLS");
  const char* files = getenv("TRIGPOINT_KAFKA_TLS_DIR");
  if (brokers == nullptr || files == nullptr)
    GTEST_SKIP() << "needs a TLS listener: tools/kafka up --tls";
  const std::string directory = files;
  options_.connection.brokers = brokers;
  options_.connection.open_timeout = absl::Seconds(10);
  options_.connection.tls =
      KafkaTls{directory + "/ca.pem", directory + "/client.pem", directory + "/client.key"};
  const auto log = Open();
  ASSERT_TRUE(log != nullptr);
  EXPECT_EQ(AppendAndWait(*log, 0, {"sealed"}).value_or(Position{}), (Position{0, 0}));
  EXPECT_EQ(ReadAll(*log, 0), std::vector<std::string>{"sealed"});

  KafkaLogOptions plain = options_;
  plain.connection.tls.reset();
  plain.connection.open_timeout = absl::Seconds(3);
  EXPECT_EQ(OpenKafkaLog(plain).status().code(), absl::StatusCode::kUnavailable);
  KafkaLogOptions stranger = options_;
  stranger.connection.open_timeout = absl::Seconds(3);
  // A certificate that the CA did not sign for us: the CA's own key does not match it.
  stranger.connection.tls->key_file = directory + "/ca.key";
  EXPECT_FALSE(OpenKafkaLog(stranger).ok());
}

}  // namespace
}  // namespace trigpoint
