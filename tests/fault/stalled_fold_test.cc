// The disk of the store is full while the log still takes events: who waits for the fold is told,
// and the fold goes on when there is room.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "absl/synchronization/mutex.h"
#include "fault_env.h"
#include "support.h"
#include "trigpoint/log/memory_log.h"
#include "trigpoint/log/partition.h"

namespace trigpoint {
namespace {

using Fault = FaultEnv::Fault;
using Files = FaultEnv::Files;

class StalledFoldTest : public testing::Test {
 protected:
  void SetUp() override {
    log_ = NewMemoryLog(kPartitions);
    auto store = Store::Open({.directory = directory_ / "store", .env = &env_});
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
    auto projector = Projector::Open(log_.get(), store_.get(), {});
    ASSERT_TRUE(projector.ok()) << projector.status();
    projector_ = *std::move(projector);
    ASSERT_TRUE(projector_->Start().ok());
  }
  void TearDown() override { projector_->Stop(); }

  Position Append(const v1::Event& event) {
    const v1::Event stamped = Stamped(event, now_us_ += 1'000'000);
    const auto at = AppendAndWait(*log_, PartitionOf(stamped.stream_id(), kPartitions - 1),
                                  {stamped.SerializeAsString()});
    EXPECT_TRUE(at.ok()) << at.status();
    return *at;
  }

  /// What the fold answers, within a minute.
  absl::Status AwaitFold(Position at) {
    struct Answer {
      absl::Mutex mu;
      std::optional<absl::Status> status;
    };
    const auto answer = std::make_shared<Answer>();
    projector_->AwaitFold(at, [answer](const absl::StatusOr<FoldOutcome>& outcome) {
      const absl::MutexLock lock(&answer->mu);
      answer->status = outcome.status();
    });
    const absl::MutexLock lock(&answer->mu);
    const auto answered = [answer] { return answer->status.has_value(); };
    answer->mu.AwaitWithTimeout(absl::Condition(&answered), absl::Minutes(1));
    return answer->status.value_or(absl::DeadlineExceededError("no answer in a minute"));
  }

  const ScratchDirectory directory_;
  FaultEnv env_;
  EventLoad load_{"council/safeguarding", 2, 1};
  int64_t now_us_ = 1'775'000'000'000'000;  // 2026-03-31
  std::unique_ptr<EventLog> log_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Projector> projector_;
};

TEST_F(StalledFoldTest, TellsThoseWhoWaitAndGoesOnWhenThereIsRoom) {
  for (const v1::Event& event : load_.Registrations()) {
    ASSERT_TRUE(AwaitFold(Append(event)).ok());
  }
  ASSERT_TRUE(projector_->WaitUntilCaughtUp(60'000));
  EXPECT_FALSE(projector_->Stalled());
  env_.SetFault(Files::kWriteAheadLogs, Fault::kNoSpace);
  env_.SetFreeSpace(0);
  // Folded in memory before the store is asked; what comes behind it waits.
  Position at = Append(load_.Next());
  absl::Status told = AwaitFold(at);
  for (int i = 0; i < 10'000 && told.ok(); ++i) told = AwaitFold(at = Append(load_.Next()));
  EXPECT_TRUE(absl::IsResourceExhausted(told)) << told;
  EXPECT_TRUE(absl::IsResourceExhausted(projector_->Health()));
  EXPECT_TRUE(projector_->Stalled());

  env_.SetFault(Files::kWriteAheadLogs, Fault::kNone);
  env_.SetFreeSpace(std::nullopt);
  ASSERT_TRUE(projector_->WaitUntilCaughtUp(60'000)) << projector_->Health();
  EXPECT_TRUE(AwaitFold(at).ok());
  EXPECT_TRUE(projector_->Health().ok());
  EXPECT_FALSE(projector_->Stalled());
}

}  // namespace
}  // namespace trigpoint
