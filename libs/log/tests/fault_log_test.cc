#include "trigpoint/log/fault_log.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "trigpoint/log/memory_log.h"
#include "trigpoint/log/ownership.h"

namespace trigpoint {
namespace {

class FaultLogTest : public testing::Test {
 protected:
  absl::StatusCode Append(std::string value) {
    return AppendAndWait(*log_, 0, {std::move(value)}).status().code();
  }
  std::vector<std::string> Stored() {
    std::unique_ptr<LogReader> reader = base_->NewReader();
    EXPECT_TRUE(reader->Assign({{0, 0}}).ok());
    std::vector<std::string> values;
    const absl::StatusOr<std::vector<Record>> records = reader->Poll(1000, absl::ZeroDuration());
    EXPECT_TRUE(records.ok());
    if (!records.ok()) return values;
    for (const Record& record : *records) values.push_back(record.value);
    return values;
  }

  std::unique_ptr<EventLog> base_ = NewMemoryLog(2);
  FaultPlan plan_{42};
  std::unique_ptr<EventLog> log_ = NewFaultLog(base_.get(), &plan_);
};

using Values = std::vector<std::string>;

TEST_F(FaultLogTest, FollowsItsScript) {
  plan_.Script(
      {AppendFault::kFail, AppendFault::kLoseAck, AppendFault::kDuplicate, AppendFault::kNone});
  plan_.SetStatus(absl::DeadlineExceededError("scripted"));
  EXPECT_EQ(Append("failed"), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(Append("ack lost"), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(Append("twice"), absl::StatusCode::kOk);
  EXPECT_EQ(Append("once"), absl::StatusCode::kOk);
  EXPECT_EQ(Stored(), (Values{"ack lost", "twice", "twice", "once"}));
  EXPECT_EQ(plan_.faults(), 3U);
}

TEST_F(FaultLogTest, HoldsAppendsAndReleasesThemInOrder) {
  plan_.Script({AppendFault::kHold});
  std::vector<int64_t> answered;
  for (const char* value : {"a", "b"}) {
    log_->Append(0, {value},
                 [&](absl::StatusOr<Position> first) { answered.push_back(first->offset); });
  }
  EXPECT_TRUE(answered.empty());
  EXPECT_EQ(plan_.held(), 2U);
  plan_.ReleaseHeld();
  EXPECT_EQ(answered, (std::vector<int64_t>{0, 1}));
  EXPECT_EQ(Stored(), (Values{"a", "b"}));
}

TEST_F(FaultLogTest, LosesWhatWasNotSynced) {
  EXPECT_EQ(Append("kept"), absl::StatusCode::kOk);
  plan_.Script({AppendFault::kHold, AppendFault::kAckEarly});
  std::optional<absl::StatusCode> held;
  log_->Append(0, {"held"},
               [&](const absl::StatusOr<Position>& first) { held = first.status().code(); });
  const absl::StatusOr<Position> early = AppendAndWait(*log_, 0, {"acknowledged too early"});
  ASSERT_TRUE(early.ok());
  EXPECT_EQ(early->offset, 2);
  plan_.LoseHeld();
  EXPECT_EQ(held, absl::StatusCode::kUnavailable);
  EXPECT_EQ(Stored(), Values{"kept"});
  EXPECT_EQ(VerifyCheckpoint(*log_, {0, 3}, DigestOf("acknowledged too early")).code(),
            absl::StatusCode::kDataLoss);
}

TEST_F(FaultLogTest, HidesWhatATruncatedLogHasLost) {
  for (const char* value : {"a", "b", "c"}) Append(value);
  plan_.TruncateView({0, 1});
  EXPECT_EQ(*log_->HeadOffset(0), 1);
  EXPECT_EQ(log_->DigestAt({0, 1}).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(VerifyCheckpoint(*log_, {0, 2}, DigestOf("b")).code(), absl::StatusCode::kDataLoss);
  std::unique_ptr<LogReader> reader = log_->NewReader();
  EXPECT_EQ(reader->Assign({{0, 2}}).code(), absl::StatusCode::kOutOfRange);
  ASSERT_TRUE(reader->Assign({{0, 0}}).ok());
  EXPECT_EQ(reader->Poll(10, absl::ZeroDuration())->size(), 1U);
  EXPECT_EQ(Append("refused"), absl::StatusCode::kUnavailable);
  plan_.RestoreViews();
  EXPECT_EQ(reader->Poll(10, absl::ZeroDuration())->size(), 2U);
}

TEST_F(FaultLogTest, FailsPolls) {
  Append("a");
  std::unique_ptr<LogReader> reader = log_->NewReader();
  ASSERT_TRUE(reader->Assign({{0, 0}}).ok());
  plan_.FailPolls(1, absl::UnavailableError("broker away"));
  plan_.FailPolls(1, absl::OkStatus());
  EXPECT_EQ(reader->Poll(10, absl::ZeroDuration()).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(reader->Poll(10, absl::ZeroDuration())->empty());
  EXPECT_EQ(reader->Poll(10, absl::ZeroDuration())->size(), 1U);
}

TEST(FaultPlanTest, RepeatsItselfFromTheSameSeed) {
  const auto run = [](uint64_t seed) {
    const std::unique_ptr<EventLog> base = NewMemoryLog(1);
    FaultPlan plan(seed);
    plan.SetRates({.fail = 0.2, .lose_ack = 0.2, .duplicate = 0.2});
    const std::unique_ptr<EventLog> log = NewFaultLog(base.get(), &plan);
    std::vector<int64_t> trace;
    for (int i = 0; i < 200; ++i) {
      trace.push_back(AppendAndWait(*log, 0, {"x"}).ok() ? 1 : 0);
      trace.push_back(*base->HeadOffset(0));
    }
    EXPECT_GT(plan.faults(), 80U);
    EXPECT_LT(plan.faults(), 160U);
    return trace;
  };
  EXPECT_EQ(run(7), run(7));
  EXPECT_NE(run(7), run(8));
}

TEST(SoleOwnershipTest, GrantsEveryPartitionOnceAndRevokesAtStop) {
  std::vector<uint32_t> held;
  const std::unique_ptr<Ownership> ownership = NewSoleOwnership(3);
  ASSERT_TRUE(ownership
                  ->Start({.granted = [&](const std::vector<uint32_t>& p) { held = p; },
                           .revoked = [&](const std::vector<uint32_t>&) { held.clear(); }})
                  .ok());
  EXPECT_EQ(held, (std::vector<uint32_t>{0, 1, 2}));
  EXPECT_EQ(ownership->Start({}).code(), absl::StatusCode::kFailedPrecondition);
  ownership->Stop();
  ownership->Stop();
  EXPECT_TRUE(held.empty());
}

}  // namespace
}  // namespace trigpoint
