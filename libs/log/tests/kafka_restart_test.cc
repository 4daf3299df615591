// Brokers of tools/kafka that are killed and started again in the middle of appends. In a program
// of its own, for nothing else can be tested meanwhile.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "kafka_backend.h"
#include "log_answers.h"
#include "trigpoint/log/kafka_log.h"

namespace trigpoint {
namespace {

/// Runs tools/kafka on the cluster that TRIGPOINT_KAFKA names.
bool Tool(const std::string& what) {
  return std::system(absl::StrCat(TRIGPOINT_SOURCE_DIR, "/tools/kafka ", what, " >&2").c_str()) ==
         0;
}

/// Without TLS and with it: a broker that is killed ends its connections without TLS's own close,
/// which OpenSSL 3 takes for an error.
class KafkaRestart : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (const std::string missing = KafkaMissing(); !missing.empty()) GTEST_SKIP() << missing;
    if (!Tool(absl::StrCat("brokers | grep -qx ", KafkaBrokers())))
      GTEST_SKIP() << "the brokers are not those of tools/kafka: they cannot be killed here";
    const char* brokers = std::getenv("TRIGPOINT_KAFKA_TLS");
    const char* files = std::getenv("TRIGPOINT_KAFKA_TLS_DIR");
    if (GetParam() && (brokers == nullptr || files == nullptr))
      GTEST_SKIP() << "needs a TLS listener: tools/kafka up --tls";
    options_ = RealLogOptions(2);
    if (GetParam()) {
      const std::string directory = files;
      options_.connection.brokers = brokers;
      options_.connection.tls =
          KafkaTls{directory + "/ca.pem", directory + "/client.pem", directory + "/client.key"};
    }
    absl::StatusOr<std::unique_ptr<EventLog>> log = OpenKafkaLog(options_);
    ASSERT_TRUE(log.ok()) << log.status();
    log_ = *std::move(log);
  }
  void TearDown() override {
    log_.reset();
    if (!options_.topic.empty()) DeleteTopic(options_.topic);
  }

  /// Appends `count` values to both partitions, some at a time, and does `in_the_middle` once.
  void AppendThrough(Answers* answers, int count, const std::function<void()>& in_the_middle) {
    std::thread meanwhile;
    for (int i = 0; i < count; ++i) {
      if (i == count / 3) meanwhile = std::thread(in_the_middle);
      answers->Append(static_cast<uint32_t>(i) % 2, absl::StrCat(i));
      answers->AwaitAtMostOpen(50);
    }
    meanwhile.join();
    answers->AwaitAtMostOpen(0);
  }

  void ExpectWhatWasAcknowledgedOnce(const Answers& answers) {
    std::map<std::string, Position> found;
    for (const uint32_t p : {0U, 1U}) {
      int64_t offset = 0;
      for (const std::string& value : ReadAll(*log_, p)) {
        EXPECT_TRUE(found.emplace(value, Position{p, offset++}).second) << value << " stands twice";
      }
    }
    for (const auto& [value, at] : answers.acknowledged()) EXPECT_EQ(found[value], at) << value;
  }

  KafkaLogOptions options_;
  std::unique_ptr<EventLog> log_;
};

TEST_P(KafkaRestart, NothingAcknowledgedIsLostOrRepeatedWhenABrokerIsKilled) {
  Answers answers(log_.get());
  AppendThrough(&answers, 3000, [] {
    EXPECT_TRUE(Tool("kill 1"));
    EXPECT_TRUE(Tool("start 1"));
  });
  EXPECT_TRUE(answers.failed().empty()) << answers.failed().front();
  EXPECT_EQ(answers.acknowledged().size(), 3000U);
  ExpectWhatWasAcknowledgedOnce(answers);
}

TEST_P(KafkaRestart, AReaderGoesOnWhereItWas) {
  Answers answers(log_.get());
  const std::unique_ptr<LogReader> reader = log_->NewReader();
  ASSERT_TRUE(reader->Assign({{0, 0}, {1, 0}}).ok());
  std::map<uint32_t, int64_t> next;
  std::thread reading([&] {
    int64_t read = 0;
    while (read < 2000) {
      const absl::StatusOr<std::vector<Record>> records = reader->Poll(100, absl::Seconds(60));
      ASSERT_TRUE(records.ok()) << records.status();
      for (const Record& record : *records) {
        EXPECT_EQ(record.position.offset, next[record.position.partition]++);
        ++read;
      }
    }
  });
  AppendThrough(&answers, 2000, [] {
    EXPECT_TRUE(Tool("kill 1"));
    EXPECT_TRUE(Tool("start 1"));
  });
  reading.join();
}

INSTANTIATE_TEST_SUITE_P(, KafkaRestart, testing::Bool(), [](const auto& with) {
  return std::string(with.param ? "Tls" : "Plain");
});

}  // namespace
}  // namespace trigpoint
