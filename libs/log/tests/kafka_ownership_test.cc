// Sharing partitions out, over a mock cluster and over a real Kafka.
#include "trigpoint/log/kafka_ownership.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <iostream>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "kafka_backend.h"
#include "trigpoint/log/kafka_log.h"

namespace trigpoint {
namespace {

constexpr uint32_t kPartitions = 4;
constexpr absl::Duration kSession = absl::Seconds(3);

using Partitions = std::set<uint32_t>;

/// A process that takes part in the sharing, and what it was told.
class Member {
 public:
  explicit Member(const KafkaOwnershipOptions& options) : ownership_(NewKafkaOwnership(options)) {
    const absl::Status started = ownership_->Start({
        .granted = [this](const std::vector<uint32_t>& partitions) { Note(partitions, {}); },
        .revoked = [this](const std::vector<uint32_t>& partitions) { Note({}, partitions); },
    });
    EXPECT_TRUE(started.ok()) << started;
  }
  Ownership& ownership() { return *ownership_; }
  Partitions owned() const {
    const std::lock_guard lock(mutex_);
    return owned_;
  }
  int calls() const {
    const std::lock_guard lock(mutex_);
    return calls_;
  }
  Partitions Held() const {
    Partitions held;
    for (uint32_t p = 0; p < kPartitions; ++p) {
      if (ownership_->Held(p)) held.insert(p);
    }
    return held;
  }
  bool AwaitOwning(size_t count) {
    return Eventually([&] { return owned().size() == count && Held() == owned(); });
  }

 private:
  void Note(const std::vector<uint32_t>& granted, const std::vector<uint32_t>& revoked) {
    const std::lock_guard lock(mutex_);
    ++calls_;
    for (const uint32_t p : granted) EXPECT_TRUE(owned_.insert(p).second) << "granted twice";
    for (const uint32_t p : revoked) EXPECT_EQ(owned_.erase(p), 1U) << "was not granted";
  }

  mutable std::mutex mutex_;
  Partitions owned_;
  int calls_ = 0;
  std::unique_ptr<Ownership> ownership_;  // last: it calls back
};

KafkaOwnershipOptions Options(const std::string& brokers, const std::string& topic) {
  return {.connection = {.brokers = brokers},
          .topic = topic,
          .group = topic + "-projectors",
          .session_timeout = kSession,
          .rebalance_timeout = absl::Seconds(10)};
}

Partitions All() { return {0, 1, 2, 3}; }

TEST(SoleOwnership, HoldsEverythingFromStartToStop) {
  const std::unique_ptr<Ownership> sole = NewSoleOwnership(2);
  EXPECT_FALSE(sole->Held(0));
  EXPECT_EQ(sole->Health().code(), absl::StatusCode::kFailedPrecondition);
  bool held_when_revoked = false;
  ASSERT_TRUE(sole->Start({.granted = {},
                           .revoked = [&](const auto&) { held_when_revoked = sole->Held(1); }})
                  .ok());
  EXPECT_TRUE(sole->Held(0));
  EXPECT_TRUE(sole->Held(1));
  EXPECT_FALSE(sole->Held(2));
  EXPECT_TRUE(sole->Health().ok());
  sole->Stop();
  EXPECT_TRUE(held_when_revoked) << "what is under way is finished as the owner";
  EXPECT_FALSE(sole->Held(0));
}

TEST(KafkaOwnershipOverAMock, LosesItsPartitionsWithTheBrokersAndHasThemBack) {
  MockKafka kafka;
  kafka.CreateTopic("events", kPartitions);
  Member member(Options(kafka.brokers(), "events"));
  ASSERT_TRUE(member.AwaitOwning(kPartitions)) << member.ownership().Health();
  EXPECT_TRUE(member.ownership().Health().ok());

  rd_kafka_mock_broker_set_down(kafka.cluster(), 1);
  EXPECT_TRUE(Eventually([&] { return member.Held().empty(); }));
  EXPECT_TRUE(Eventually([&] { return member.owned().empty(); })) << "and it is told";
  EXPECT_TRUE(Eventually([&] { return !member.ownership().Health().ok(); }));

  rd_kafka_mock_broker_set_up(kafka.cluster(), 1);
  EXPECT_TRUE(member.AwaitOwning(kPartitions)) << member.ownership().Health();
  member.ownership().Stop();
  EXPECT_TRUE(member.owned().empty());
  EXPECT_TRUE(member.Held().empty());
}

TEST(KafkaOwnershipOverAMock, RefusesToStartTwiceOrWithoutAGroup) {
  KafkaOwnershipOptions options = Options("127.0.0.1:1", "events");
  const std::unique_ptr<Ownership> ownership = NewKafkaOwnership(options);
  EXPECT_TRUE(ownership->Start({}).ok());
  EXPECT_EQ(ownership->Start({}).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ownership->Health().code(), absl::StatusCode::kUnavailable);
  options.group.clear();
  EXPECT_EQ(NewKafkaOwnership(options)->Start({}).code(), absl::StatusCode::kInvalidArgument);
}

/// Over a real Kafka; a topic and a group of its own.
class KafkaOwnershipTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string missing = KafkaMissing(); !missing.empty()) GTEST_SKIP() << missing;
    const KafkaLogOptions log = RealLogOptions(kPartitions);
    topic_ = log.topic;
    // In a process of its own: a fork of this one must find no threads.
    const pid_t child = fork();
    if (child == 0) {
      const absl::Status created = OpenKafkaLog(log).status();
      if (!created.ok()) std::cerr << created << std::endl;
      _exit(created.ok() ? 0 : 1);
    }
    int status = -1;
    waitpid(child, &status, 0);
    ASSERT_EQ(status, 0) << "the topic was not created";
  }
  void TearDown() override {
    if (!topic_.empty()) DeleteTopic(topic_);
  }
  KafkaOwnershipOptions OptionsHere(const std::string& instance_id = "") {
    KafkaOwnershipOptions options = Options(KafkaBrokers(), topic_);
    options.instance_id = instance_id;
    return options;
  }
  std::string topic_;
};

TEST_F(KafkaOwnershipTest, SharesAmongTwoAndGivesBackWhatOneLeaves) {
  Member one(OptionsHere());
  ASSERT_TRUE(one.AwaitOwning(4)) << one.ownership().Health();
  Member two(OptionsHere());
  ASSERT_TRUE(two.AwaitOwning(2)) << two.ownership().Health();
  ASSERT_TRUE(one.AwaitOwning(2)) << one.ownership().Health();
  Partitions both = one.owned();
  both.merge(two.owned());
  EXPECT_EQ(both, All());

  two.ownership().Stop();
  EXPECT_TRUE(two.Held().empty());
  EXPECT_TRUE(one.AwaitOwning(4)) << one.ownership().Health();
}

TEST_F(KafkaOwnershipTest, PutsOutTheOlderOfTwoWithOneName) {
  Member older(OptionsHere("name"));
  ASSERT_TRUE(older.AwaitOwning(4)) << older.ownership().Health();
  Member younger(OptionsHere("name"));
  ASSERT_TRUE(younger.AwaitOwning(4)) << younger.ownership().Health();
  EXPECT_TRUE(Eventually([&] { return older.owned().empty(); }));
  EXPECT_TRUE(older.Held().empty());
  EXPECT_TRUE(Eventually([&] {
    return older.ownership().Health().code() == absl::StatusCode::kFailedPrecondition;
  })) << older.ownership().Health();
}

/// A member in a process of its own that answers each byte with the partitions it holds, as bits.
class MemberProcess {
 public:
  explicit MemberProcess(const KafkaOwnershipOptions& options) {
    EXPECT_EQ(pipe(questions_), 0);
    EXPECT_EQ(pipe(answers_), 0);
    pid_ = fork();
    if (pid_ == 0) {
      Member member(options);
      char question = 0;
      while (read(questions_[0], &question, 1) == 1) {
        char answer = 0;
        for (const uint32_t p : member.Held()) answer = static_cast<char>(answer | (1 << p));
        if (write(answers_[1], &answer, 1) != 1) break;
      }
      _exit(0);
    }
  }
  ~MemberProcess() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    for (const int fd : {questions_[0], questions_[1], answers_[0], answers_[1]}) close(fd);
  }
  void Signal(int signal) { kill(pid_, signal); }
  void Ask() { EXPECT_EQ(write(questions_[1], "?", 1), 1); }
  Partitions Answer() {
    char answer = 0;
    EXPECT_EQ(read(answers_[0], &answer, 1), 1);
    Partitions held;
    for (uint32_t p = 0; p < kPartitions; ++p) {
      if ((answer >> p & 1) != 0) held.insert(p);
    }
    return held;
  }
  Partitions Held() {
    Ask();
    return Answer();
  }

 private:
  int questions_[2] = {-1, -1};
  int answers_[2] = {-1, -1};
  pid_t pid_ = -1;
};

TEST_F(KafkaOwnershipTest, KnowsAtOnceWhenItWasStoppedForTooLong) {
  MemberProcess stopped(OptionsHere());
  ASSERT_TRUE(Eventually([&] { return stopped.Held() == All(); }));
  Member other(OptionsHere());
  ASSERT_TRUE(other.AwaitOwning(2)) << other.ownership().Health();
  ASSERT_TRUE(Eventually([&] { return stopped.Held().size() == 2; }));

  stopped.Signal(SIGSTOP);
  ASSERT_TRUE(other.AwaitOwning(4)) << "the session of the stopped one ended";
  stopped.Ask();  // so that it answers before it has heard anything
  stopped.Signal(SIGCONT);
  EXPECT_EQ(stopped.Answer(), Partitions());

  ASSERT_TRUE(other.AwaitOwning(2)) << "it joins again";
  EXPECT_TRUE(Eventually([&] { return stopped.Held().size() == 2; }));
}

TEST_F(KafkaOwnershipTest, SharesWithoutItsNameWhereThatWasTakenWhileNobodyHeardIt) {
  MemberProcess unheard(OptionsHere("name"));
  ASSERT_TRUE(Eventually([&] { return unheard.Held() == All(); }));
  unheard.Signal(SIGSTOP);
  Member other(OptionsHere("other"));
  ASSERT_TRUE(other.AwaitOwning(4)) << "the session of the stopped one ended";
  Member name(OptionsHere("name"));
  ASSERT_TRUE(name.AwaitOwning(2)) << name.ownership().Health();
  ASSERT_TRUE(other.AwaitOwning(2)) << other.ownership().Health();
  unheard.Ask();
  unheard.Signal(SIGCONT);
  EXPECT_EQ(unheard.Answer(), Partitions());

  EXPECT_TRUE(Eventually([&] { return !unheard.Held().empty(); })) << "it joins again";
  EXPECT_TRUE(Eventually([&] {
    Partitions all = unheard.Held();
    all.merge(name.Held());
    all.merge(other.Held());
    return all == All() && !name.Held().empty();
  })) << "and puts nobody out";
  EXPECT_TRUE(name.ownership().Health().ok()) << name.ownership().Health();
}

TEST_F(KafkaOwnershipTest, KeepsThePartitionsOfANameThatWasKilledAndIsBackInTime) {
  auto killed = std::make_unique<MemberProcess>(OptionsHere("killed"));
  ASSERT_TRUE(Eventually([&] { return killed->Held() == All(); }));
  Member other(OptionsHere("other"));
  ASSERT_TRUE(Eventually([&] { return other.Held().size() == 2 && killed->Held().size() == 2; }));
  const Partitions before = killed->Held();
  const int calls = other.calls();
  killed.reset();
  Member back(OptionsHere("killed"));
  ASSERT_TRUE(back.AwaitOwning(2)) << back.ownership().Health();
  EXPECT_EQ(back.owned(), before);
  EXPECT_EQ(other.calls(), calls) << "nothing of the other's moved";
}

TEST_F(KafkaOwnershipTest, GivesThePartitionsOfANameThatStopsToOthersAtOnce) {
  KafkaOwnershipOptions options = OptionsHere("stopping");
  options.session_timeout = absl::Seconds(20);
  Member stopping(options);
  ASSERT_TRUE(stopping.AwaitOwning(4)) << stopping.ownership().Health();
  options.instance_id = "staying";
  Member staying(options);
  ASSERT_TRUE(staying.AwaitOwning(2)) << staying.ownership().Health();
  ASSERT_TRUE(stopping.AwaitOwning(2)) << stopping.ownership().Health();

  const auto stopped = std::chrono::steady_clock::now();
  stopping.ownership().Stop();
  EXPECT_TRUE(stopping.Held().empty());
  EXPECT_TRUE(staying.AwaitOwning(4)) << staying.ownership().Health();
  EXPECT_LT(absl::FromChrono(std::chrono::steady_clock::now() - stopped),
            options.session_timeout / 2)
      << "nobody waited for the end of its session";
}

TEST_F(KafkaOwnershipTest, KeepsItsPartitionsThroughAShortStop) {
  MemberProcess stopped(OptionsHere());
  ASSERT_TRUE(Eventually([&] { return stopped.Held() == All(); }));
  stopped.Signal(SIGSTOP);
  stopped.Ask();
  stopped.Signal(SIGCONT);
  EXPECT_EQ(stopped.Answer(), All());
}

}  // namespace
}  // namespace trigpoint
