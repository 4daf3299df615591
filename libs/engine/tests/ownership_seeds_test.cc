// Processes that join, leave, end without a word and come back, in an order that a seed gives,
// while reports come in. What is left is what one process would have made of it.
#include <random>

#include "cluster.h"

namespace trigpoint {
namespace {

using testing::IsEmpty;

class OwnershipSeeds : public ClusterTest, public testing::WithParamInterface<uint32_t> {
 protected:
  static constexpr size_t kProcesses = 3;

  uint32_t Below(uint32_t limit) { return static_cast<uint32_t>(random_() % limit); }

  void Begin() {
    for (size_t i = 0; i < kProcesses; ++i) {
      processes_.push_back(std::make_unique<Process>(
          log_.get(), ProjectorOptions{.batch_records_max = 1 + Below(40),
                                       .hot_streams_max = Below(2) == 0 ? 3U : 1000U}));
    }
    for (const uint32_t p : All()) Grant(p, Below(kProcesses));
  }

  void Report() {
    const std::string stream = "s" + std::to_string(Below(6));
    if (known_.insert(stream).second) {
      Add(Registered(stream));
      return;
    }
    day_ += static_cast<int>(Below(20));
    ++number_;
    switch (Below(6)) {
      case 0:
        return Add(NeverEvent(stream, number_, day_));
      case 1:
        return Add(Risk(stream, number_, day_));
      case 2:
        return Add(Passed(stream, day_));
      case 3:
        if (decides_) return Add(ToLevel2(stream, day_));
        [[fallthrough]];
      default:
        return Add(Incident(stream, number_, day_));
    }
  }
  void Add(const v1::Event& event) {
    Tell(event);
    told_.push_back(event);
  }

  /// `orderly`: the one before is asked to stop first; otherwise it goes on for a while.
  void Grant(uint32_t partition, size_t to, bool orderly = true) {
    if (orderly) {
      for (auto& process : processes_) {
        if (process->alive() && process != processes_[to]) (*process)->Disown({partition});
      }
    }
    owner_[partition] = to;
    (*processes_[to])->Own({partition});
  }
  /// What a process that ended was granted goes to one that lives.
  void Lose(size_t ended) {
    for (const uint32_t p : All()) {
      if (owner_[p] != ended) continue;
      size_t to = Below(kProcesses);
      while (!processes_[to]->alive()) to = (to + 1) % kProcesses;
      Grant(p, to, false);
    }
  }
  /// False where it is the last one.
  bool End(size_t i) {
    size_t living = 0;
    for (const auto& process : processes_) living += process->alive() ? 1U : 0U;
    if (living < 2) return false;
    processes_[i]->Kill();
    Lose(i);
    return true;
  }
  void Step(size_t i) {
    if (!processes_[i]->alive()) return;
    FaultPlan& faults = processes_[i]->faults();
    if (Below(12) == 0)
      faults.SetRates(Below(2) == 0 ? FaultRates{.fail = 1} : FaultRates{.lose_ack = 1});
    const absl::Status stepped = (*processes_[i])->Step();
    faults.SetRates({});
    if (stepped.ok()) return;
    // Nobody else lives: it comes back.
    if (End(i)) return;
    processes_[i]->Restart();
    for (const auto& [p, owner] : owner_) {
      if (owner == i) (*processes_[i])->Own({p});
    }
  }
  void Act() {
    const size_t i = Below(kProcesses);
    switch (Below(20)) {
      case 0:
        if (processes_[i]->alive()) (void)End(i);
        return;
      case 1:
      case 2:
        if (processes_[i]->alive()) return;
        return Below(4) == 0 ? processes_[i]->RestartFromNothing() : processes_[i]->Restart();
      case 3:
        if (processes_[i]->alive()) Grant(Below(kPartitions + 1), i, Below(3) != 0);
        return;
      case 4:
      case 5:
      case 6:
      case 7:
        return Report();
      default:
        return Step(i);
    }
  }
  /// Everybody lives, nobody fails, each partition has one owner.
  std::vector<Process*> Calm() {
    std::vector<Process*> all;
    for (size_t i = 0; i < kProcesses; ++i) {
      if (!processes_[i]->alive()) processes_[i]->Restart();
      all.push_back(processes_[i].get());
    }
    for (const uint32_t p : All()) Grant(p, owner_[p]);
    return all;
  }

  std::mt19937 random_;
  std::vector<std::unique_ptr<Process>> processes_;
  std::map<uint32_t, size_t> owner_;
  std::set<std::string> known_;
  std::vector<v1::Event> told_;
  int day_ = 1;
  int number_ = 0;
  bool decides_ = false;
};

INSTANTIATE_TEST_SUITE_P(Seeds, OwnershipSeeds, testing::Range(1U, 25U));

TEST_P(OwnershipSeeds, WhoeverSpeaksWhenTheAnswerIsOne) {
  random_.seed(GetParam());
  decides_ = GetParam() % 3 == 0;
  Begin();
  for (int i = 0; i < 400; ++i) ASSERT_NO_FATAL_FAILURE(Act()) << "seed " << GetParam();
  std::vector<Process*> all = Calm();
  ASSERT_NO_FATAL_FAILURE(Settle(all));
  ExpectOneAnswer(all);
  ExpectVerified(all.front()->projector());
  for (const Process* process : all) EXPECT_THAT(process->Withheld(), IsEmpty());
  // Where people decide it matters which came first: a decision, or what it was about.
  if (decides_) return;
  EXPECT_EQ(EffectsOf(all.front()->projector()), EffectsOfOneProcess(told_));
}

}  // namespace
}  // namespace trigpoint
