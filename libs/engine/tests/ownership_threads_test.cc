// Ownership that moves while the projectors run, each on its own thread.
#include <thread>

#include "absl/synchronization/mutex.h"
#include "cluster.h"

namespace trigpoint {
namespace {

using testing::IsEmpty;

class OwnershipThreads : public ClusterTest {
 protected:
  /// Until a running process has taken over what it was granted.
  class Granted {
   public:
    explicit Granted(Process* process) : process_(process) {
      (*process_)->OnOwned([this] {
        const absl::MutexLock lock(&mu_);
        ++told_;
      });
    }
    void Await(const std::vector<uint32_t>& partitions) {
      absl::MutexLock lock(&mu_);
      const auto owned = [this, &partitions] {
        return std::all_of(partitions.begin(), partitions.end(),
                           [this](uint32_t p) { return (*process_)->Owns(p); });
      };
      ASSERT_TRUE(mu_.AwaitWithTimeout(absl::Condition(&owned), absl::Seconds(60)));
    }

   private:
    Process* process_;
    absl::Mutex mu_;
    int told_ = 0;
  };

  /// What follows is in the log before its cause is committed, by whoever owns it.
  void SettleRunning(const std::vector<Process*>& processes) {
    int64_t before = -1;
    while (Records() != before) {
      before = Records();
      for (Process* process : processes) ASSERT_TRUE((*process)->WaitUntilCaughtUp(60'000));
    }
  }
};

TEST_F(OwnershipThreads, OwnersComeAndGoUnderLoadAndNothingIsMissedOrSaidTwice) {
  Process one(log_.get());
  Process two(log_.get());
  Process three(log_.get());
  const std::vector<Process*> all = {&one, &two, &three};
  std::vector<std::unique_ptr<Granted>> granted;
  for (Process* process : all) {
    granted.push_back(std::make_unique<Granted>(process));
    ASSERT_EQ((*process)->Start(), absl::OkStatus());
  }
  std::vector<v1::Event> told;
  for (int stream = 0; stream < 8; ++stream)
    told.push_back(Registered("s" + std::to_string(stream)));
  for (int i = 0; i < 600; ++i) {
    const std::string stream = "s" + std::to_string(i % 8);
    told.push_back(i % 5 == 0 ? Risk(stream, i, i / 8) : NeverEvent(stream, i, i / 8));
  }
  std::thread writer([this, &told] {
    for (const auto& event : told) Tell(event);
  });
  for (int turn = 0; turn < 30; ++turn) {
    const auto from = static_cast<size_t>(turn % 3);
    const size_t to = (from + 1) % 3;
    (*all[from])->Disown(All());
    (*all[to])->Own(All());
    ASSERT_NO_FATAL_FAILURE(granted[to]->Await(All()));
    for (const uint32_t p : All()) EXPECT_FALSE((*all[from])->Owns(p));
  }
  writer.join();
  ASSERT_NO_FATAL_FAILURE(SettleRunning(all));
  for (Process* process : all) (*process)->Stop();
  ExpectOneAnswer(all);
  ExpectVerified(one.projector());
  EXPECT_EQ(EffectsOf(one.projector()), EffectsOfOneProcess(told));
  for (const Process* process : all) {
    EXPECT_THAT(process->Withheld(), IsEmpty());
    EXPECT_EQ((*process)->counters().ignored_derived.load(), 0U);
  }
}

TEST_F(OwnershipThreads, AfterADisownReturnsNothingMoreIsAppended) {
  Process owner(log_.get());
  Granted granted(&owner);
  ASSERT_EQ(owner->Start(), absl::OkStatus());
  Tell(Registered("a"));
  for (int turn = 0; turn < 20; ++turn) {
    owner->Own(All());
    ASSERT_NO_FATAL_FAILURE(granted.Await(All()));
    for (int i = 0; i < 10; ++i) Tell(Risk("a", turn * 10 + i, turn));
    owner->Disown(All());
    const int64_t records = Records();
    ASSERT_TRUE(owner->WaitUntilCaughtUp(60'000));
    EXPECT_EQ(Records(), records);
  }
}

// In each role: what is withheld, and what is on its way, is handed over to the new store.
TEST_F(OwnershipThreads, ARebuildLosesNothingOfWhatIsStillToBeSaid) {
  Process owner(log_.get());
  Process follower(log_.get());
  Process reader(log_.get(), {.assess = false});
  const std::vector<Process*> all = {&owner, &follower, &reader};
  Granted granted(&owner);
  Granted to_follower(&follower);
  for (Process* process : all) ASSERT_EQ((*process)->Start(), absl::OkStatus());
  owner->Own(All());
  ASSERT_NO_FATAL_FAILURE(granted.Await(All()));
  std::vector<v1::Event> told = {Registered("a"), Registered("b"), Risk("a", 1, 1)};
  for (const auto& event : told) Tell(event);
  ASSERT_NO_FATAL_FAILURE(SettleRunning(all));
  owner->Disown(All());
  for (const auto& event : {Risk("a", 2, 2), Risk("b", 1, 2)}) {
    told.push_back(event);
    Tell(event);
  }
  ASSERT_NO_FATAL_FAILURE(SettleRunning(all));
  for (Process* process : all) {
    const TempDir directory;
    auto next = Store::Open({.directory = directory / "next", .sync = false});
    ASSERT_TRUE(next.ok()) << next.status();
    const auto report = (*process)->Rebuild(next->get());
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_EQ(report->changed, 0U);
    // The process's store is in the other directory now: it goes on from there.
    EXPECT_EQ(process->Withheld().size(), process == &reader ? 0U : 2U);
    (*process)->Stop();
    if (process != &follower) continue;
    // It ends at once: what it withheld is in the store that it folded anew.
    auto heir = Projector::Open(log_.get(), &process->store(), {});
    ASSERT_TRUE(heir.ok()) << heir.status();
    ASSERT_EQ((*heir)->CatchUp(), absl::OkStatus());
    ASSERT_EQ((*heir)->CatchUp(), absl::OkStatus());
    EXPECT_EQ(EffectsOf(**heir), EffectsOfOneProcess(told));
    ExpectVerified(**heir);
  }
}

TEST_F(OwnershipThreads, ARunningFollowerSaysThatTheLogIsNoLongerWhatItFolded) {
  Process follower(log_.get(), {.verify_every = absl::ZeroDuration()});
  ASSERT_EQ(follower->Start(), absl::OkStatus());
  Tell(Registered("a"));
  ASSERT_TRUE(follower->WaitUntilCaughtUp(60'000));
  const uint32_t p = PartitionOf("a", kPartitions);
  follower.faults().TruncateView({p, 1});
  absl::Mutex mu;
  absl::Status status;
  bool told = false;
  follower->AwaitFold({p, 1'000}, [&](const absl::StatusOr<FoldOutcome>& outcome) {
    const absl::MutexLock lock(&mu);
    status = outcome.status();
    told = true;
  });
  {
    absl::MutexLock lock(&mu);
    ASSERT_TRUE(mu.AwaitWithTimeout(absl::Condition(&told), absl::Seconds(60)));
  }
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_TRUE(absl::IsDataLoss(follower->Health()));
}

}  // namespace
}  // namespace trigpoint
