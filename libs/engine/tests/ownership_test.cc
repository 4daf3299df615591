// Who speaks for a partition, and what the others make of it (ADR 0025).
#include <atomic>
#include <thread>

#include "absl/synchronization/mutex.h"
#include "cluster.h"
#include "trigpoint/domain/inheritance.h"

namespace trigpoint {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Key;
using testing::Not;
using testing::SizeIs;

class OwnershipTest : public ClusterTest {
 protected:
  /// Reports of a service that lead to recommendations and alerts.
  std::vector<v1::Event> Troubled(const std::string& stream_id) {
    return {Registered(stream_id), NeverEvent(stream_id, 1, 10), NeverEvent(stream_id, 2, 12),
            Risk(stream_id, 1, 20), Passed(stream_id, 60)};
  }
  std::vector<v1::Event> TellTroubles() {
    std::vector<v1::Event> told;
    for (const char* stream : {"a", "b", "c", "d", "e"}) {
      for (const auto& event : Troubled(stream)) told.push_back(event);
    }
    for (const auto& event : told) Tell(event);
    return told;
  }
};

TEST_F(OwnershipTest, AFollowerAnswersAsTheOwnerAndKeepsNothingForItself) {
  Process owner(log_.get());
  Process follower(log_.get());
  owner->Own(All());
  std::vector<v1::Event> told;
  for (const char* stream : {"a", "b", "c"}) {
    for (const auto& event : Troubled(stream)) {
      Tell(event);
      told.push_back(event);
      owner.StepToHead();
      follower.StepToHead();
    }
  }
  Settle({&owner, &follower});
  EXPECT_THAT(Derived(), Not(IsEmpty()));
  ExpectOneAnswer({&owner, &follower});
  ExpectVerified(follower.projector());
  EXPECT_EQ(EffectsOf(follower.projector()), EffectsOfOneProcess(told));
  EXPECT_THAT(follower.Withheld(), IsEmpty());
  EXPECT_TRUE(follower->Said().alerts.empty()) << "it said nothing itself";
  EXPECT_FALSE(owner->Said().alerts.empty());
}

TEST_F(OwnershipTest, WhatIsNotOwnedIsSaidByNobodyAndAllOfItAtTheTakeOver) {
  Process follower(log_.get());
  const auto told = TellTroubles();
  const int64_t before = Records();
  follower.StepToHead();
  EXPECT_EQ(Records(), before);
  EXPECT_THAT(follower.Withheld(), Contains(Key("a")));
  EXPECT_FALSE(follower->Owns(0));
  for (const uint32_t p : All()) {
    follower->Own({p});
    Settle({&follower});
    EXPECT_TRUE(follower->Owns(p));
  }
  EXPECT_EQ(EffectsOf(follower.projector()), EffectsOfOneProcess(told));
  ExpectVerified(follower.projector());
  ExpectOneAnswer({&follower});
  EXPECT_THAT(follower.Withheld(), IsEmpty());
}

TEST_F(OwnershipTest, AReaderSaysNothingWhateverItIsGranted) {
  Process reader(log_.get(), {.assess = false});
  reader->Own(All());
  TellTroubles();
  const int64_t before = Records();
  reader.StepToHead();
  EXPECT_EQ(Records(), before);
  EXPECT_FALSE(reader->Owns(0));
}

TEST_F(OwnershipTest, AStoreThatAReaderFoldedIsNotSpokenFrom) {
  TellTroubles();
  Process reader(log_.get(), {.assess = false});
  reader.StepToHead();
  reader.options().assess = true;
  EXPECT_TRUE(absl::IsUnimplemented(reader.TryRestart())) << "folded anew, as of another version";
  reader.options().assess = false;
  EXPECT_EQ(reader.TryRestart(), absl::OkStatus());
}

// The owner ends before, in and after the append of what follows, and before its commit.
class TakeOverTest : public OwnershipTest, public testing::WithParamInterface<AppendFault> {};

INSTANTIATE_TEST_SUITE_P(Ends, TakeOverTest,
                         testing::Values(AppendFault::kFail, AppendFault::kLoseAck,
                                         AppendFault::kNone),
                         [](const auto& end) {
                           return end.param == AppendFault::kFail      ? "BeforeTheAppend"
                                  : end.param == AppendFault::kLoseAck ? "BeforeTheAnswer"
                                                                       : "BeforeTheCommit";
                         });

TEST_P(TakeOverTest, NothingIsMissingAndNothingSaidTwice) {
  std::vector<v1::Event> told;
  // At every step of the owner.
  for (int end = 0; end < 6; ++end) {
    SCOPED_TRACE(end);
    log_ = NewMemoryLog(kPartitions + 1);
    ClusterTest::SetUp();
    Process owner(log_.get(), {.batch_records_max = 8});
    Process heir(log_.get());
    owner->Own(All());
    owner.StepToHead();
    told = TellTroubles();
    for (int i = 0; i < end; ++i) ASSERT_EQ(owner->Step(), absl::OkStatus());
    if (GetParam() == AppendFault::kNone) {
      ASSERT_EQ(owner->Step(), absl::OkStatus());
    } else {
      owner.faults().Script({GetParam()});
      absl::Status status;
      for (int i = 0; i < 8 && status.ok(); ++i) status = owner->Step();
    }
    owner.Kill();
    heir->Own(All());
    Settle({&heir});
    EXPECT_EQ(EffectsOf(heir.projector()), EffectsOfOneProcess(told));
    ExpectVerified(heir.projector());
    // It comes back as a follower, from what it had committed.
    owner.Restart();
    Settle({&heir, &owner});
    ExpectOneAnswer({&owner, &heir});
    EXPECT_THAT(owner.Withheld(), IsEmpty());
  }
}

TEST_F(OwnershipTest, AfterADisownNothingIsAppendedAndWhatFollowsWaits) {
  Process owner(log_.get());
  Process heir(log_.get());
  owner->Own(All());
  Settle({&owner, &heir});
  owner->Disown(All());
  const auto told = TellTroubles();
  const int64_t before = Records();
  owner.StepToHead();
  EXPECT_EQ(Records(), before);
  heir->Own(All());
  Settle({&owner, &heir});
  EXPECT_EQ(EffectsOf(owner.projector()), EffectsOfOneProcess(told));
  ExpectOneAnswer({&owner, &heir});
}

TEST_F(OwnershipTest, WhoseOwnershipHasLapsedWithholdsAndSpeaksAgainWhenItHolds) {
  std::atomic<bool> holds{true};
  Process owner(log_.get(), {.may_append = [&holds](uint32_t) { return holds.load(); }});
  owner->Own(All());
  Tell(Registered("a"));
  owner.StepToHead();
  ASSERT_TRUE(owner->Owns(PartitionOf("a", kPartitions)));
  holds = false;
  EXPECT_FALSE(owner->Owns(PartitionOf("a", kPartitions)));
  const auto told = TellTroubles();
  const int64_t before = Records();
  owner.StepToHead();
  EXPECT_EQ(Records(), before);
  holds = true;
  Settle({&owner});
  EXPECT_EQ(EffectsOf(owner.projector()), EffectsOfOneProcess(told));
  ExpectVerified(owner.projector());
}

TEST_F(OwnershipTest, WhoseOwnershipLapsesBetweenTheFoldAndTheAppendLosesNothing) {
  int asked = 0;
  int refuse_at = -1;
  Process owner(log_.get(), {.may_append = [&](uint32_t) { return ++asked != refuse_at; }});
  owner->Own(All());
  owner.StepToHead();
  const auto told = TellTroubles();
  for (refuse_at = asked + 1; refuse_at < 40; refuse_at += 3)
    ASSERT_EQ(owner->Step(), absl::OkStatus());
  Settle({&owner});
  EXPECT_EQ(EffectsOf(owner.projector()), EffectsOfOneProcess(told));
  ExpectVerified(owner.projector());
}

// Rule: design 6: an old owner beside its successor.
TEST_F(OwnershipTest, TwoOwnersAtOnceEndInTheSameFoldEverywhere) {
  Process zombie(log_.get(), {.batch_records_max = 3});
  Process heir(log_.get());
  Process follower(log_.get());
  zombie->Own(All());
  zombie.StepToHead();
  const auto told = TellTroubles();
  ASSERT_EQ(zombie->Step(), absl::OkStatus());
  heir->Own(All());  // Nobody told the old one.
  heir.StepToHead();
  for (int i = 0; i < 20; ++i) {
    Tell(NeverEvent("a", 100 + i, 70 + i));
    ASSERT_EQ(zombie->Step(), absl::OkStatus());
    ASSERT_EQ(heir->Step(), absl::OkStatus());
  }
  Settle({&zombie, &heir, &follower});
  ExpectOneAnswer({&zombie, &heir, &follower});
  ExpectVerified(follower.projector());
  EXPECT_GT(heir->counters().duplicates.load(), 0U) << "both have said it";
  EXPECT_THAT(follower.Withheld(), IsEmpty());
}

TEST_F(OwnershipTest, AFollowerThatStartsLateFromNothingIsAsGoodAsAnyOther) {
  Process owner(log_.get());
  owner->Own(All());
  const auto told = TellTroubles();
  Settle({&owner});
  Process late(log_.get(), {.batch_records_max = 7});
  Settle({&late});
  ExpectOneAnswer({&owner, &late});
  EXPECT_THAT(late.Withheld(), IsEmpty());
  owner.Kill();
  Tell(NeverEvent("a", 3, 61));
  late->Own(All());
  Settle({&late});
  ExpectVerified(late.projector());
}

// Of a service that nobody speaks for, only so much is kept.
TEST_F(OwnershipTest, WhatIsWithheldDoesNotGrowForEverAndIsWorkedOutAtTheTakeOver) {
  constexpr int kMany = 280;
  Process follower(log_.get(), {.batch_records_max = 50});
  std::vector<v1::Event> told = {Registered("a"), Registered("b")};
  for (int i = 0; i < kMany; ++i) told.push_back(Risk("a", i, 1));
  told.push_back(Risk("b", 1, kMany));
  for (const auto& event : told) Tell(event);
  follower.StepToHead();
  EXPECT_EQ(follower.Withheld()["a"], 0) << "no more than that there is something";
  EXPECT_GT(follower.Withheld()["b"], 0);
  follower.Restart();
  follower.StepToHead();
  follower->Own(All());
  Settle({&follower});
  EXPECT_GT(Derived().size(), 256U);
  EXPECT_EQ(EffectsOf(follower.projector()), EffectsOfOneProcess(told));
  ExpectVerified(follower.projector());
  EXPECT_THAT(follower.Withheld(), IsEmpty());
}

TEST_F(OwnershipTest, WithheldServicesGoFromMemoryWithTheRest) {
  Process follower(log_.get(), {.hot_streams_max = 4});
  std::vector<v1::Event> told;
  for (int i = 0; i < 40; ++i) {
    const std::string stream = "s" + std::to_string(i);
    for (const auto& event : {Registered(stream), Risk(stream, 1, 5)}) told.push_back(event);
  }
  for (const auto& event : told) Tell(event);
  follower.StepToHead();
  // Each is needed again after it went.
  for (int i = 0; i < 40; ++i) {
    told.push_back(Risk("s" + std::to_string(i), 2, 6));
    Tell(told.back());
    follower.StepToHead();
  }
  EXPECT_THAT(follower.Withheld(), SizeIs(40));
  follower->Own(All());
  Settle({&follower});
  EXPECT_EQ(EffectsOf(follower.projector()), EffectsOfOneProcess(told));
  ExpectVerified(follower.projector());
}

// Rule: 3.9; the owner of the old service's partition carries to whichever partition the new one is
// in.
TEST_F(OwnershipTest, WhatIsCarriedIsCarriedByTheOwnerOfThePredecessor) {
  std::string old_home = "old";
  std::string new_home = "new";
  for (int i = 0; PartitionOf(new_home, kPartitions) == PartitionOf(old_home, kPartitions); ++i)
    new_home = "new" + std::to_string(i);
  Process of_old(log_.get());
  Process of_new(log_.get());
  for (const uint32_t p : All())
    (p == PartitionOf(old_home, kPartitions) ? of_old : of_new)->Own({p});
  for (const auto& stream : {old_home, new_home}) {
    Bind(stream);
    Tell(Registered(stream));
  }
  Tell(Incident(old_home, 1, 2));
  v1::Event link = Of(new_home, "link", 11);
  link.mutable_service_linked()->set_link(v1::ServiceLinked::LINK_PREDECESSOR);
  link.mutable_service_linked()->set_reason(v1::ServiceLinked::REASON_LOCATION_MOVE);
  link.mutable_service_linked()->mutable_other()->set_scheme("cqc-location");
  link.mutable_service_linked()->mutable_other()->set_value(old_home);
  Tell(link);
  of_new.StepToHead();
  EXPECT_THAT(Derived(), IsEmpty()) << "not by the owner of the new one";
  of_old.StepToHead();
  EXPECT_THAT(Derived(), SizeIs(1));
  Settle({&of_old, &of_new});
  const auto carried = [&](const Process& process) {
    const auto read = process->Read(new_home);
    EXPECT_TRUE(read.ok()) << read.status();
    return read.ok() ? read->state.concerns_size() : -1;
  };
  EXPECT_EQ(carried(of_new), 1);
  // Its owner ends without a word: the other one goes on where it was.
  of_old.Kill();
  Tell(Incident(old_home, 2, 20));
  Tell(Incident(old_home, 3, 21));
  of_new.StepToHead();
  EXPECT_EQ(carried(of_new), 1);
  of_new->Own(All());
  Settle({&of_new});
  EXPECT_EQ(carried(of_new), 3);
  of_old.Restart();
  Settle({&of_old, &of_new});
  ExpectOneAnswer({&of_old, &of_new});
}

TEST_F(OwnershipTest, ALateControlEventTakesEffectAlsoWhereItsOwnerEndedBeforeItSaidSo) {
  Process owner(log_.get());
  owner->Own(All());
  Tell(Registered("a"));
  Tell(Incident("a", 1, 100));
  owner.StepToHead();
  v1::Event late;
  late.set_source("trigpoint/control");
  late.set_id("holidays/england-and-wales/1");
  late.set_source_version(1);
  auto* holidays = late.mutable_holidays_published();
  holidays->set_calendar("england-and-wales");
  holidays->set_first_year(2024);
  holidays->set_last_year(2024);
  SetMicros(kStart + 50 * kDay, holidays->mutable_effective_from());
  Publish(late);
  owner.faults().Script({AppendFault::kFail});
  absl::Status status;
  for (int i = 0; i < 5 && status.ok(); ++i) status = owner->Step();
  ASSERT_FALSE(status.ok());
  const auto in_force_from = [](const Process& process) {
    const auto read = process->Read("a");
    EXPECT_TRUE(read.ok()) << read.status();
    return read.ok() && read->state.late_controls_size() > 0
               ? read->state.late_controls(0).known_us()
               : -1;
  };
  // The same one again, or another: both have only its copy to go by.
  owner.Restart();
  Process heir(log_.get());
  heir.StepToHead();
  EXPECT_EQ(in_force_from(heir), kNever);
  heir->Own(All());
  Settle({&heir, &owner});
  EXPECT_EQ(in_force_from(heir), kStart + 100 * kDay);
  EXPECT_EQ(in_force_from(owner), kStart + 100 * kDay);
  ExpectVerified(heir.projector());
}

TEST_F(OwnershipTest, AFoldThatRunsStopsWhereTheLogIsNoLongerWhatWasFolded) {
  Process follower(log_.get(), {.verify_every = absl::ZeroDuration()});
  const auto told = TellTroubles();
  follower.StepToHead();
  const uint32_t p = PartitionOf("a", kPartitions);
  follower.faults().TruncateView({p, 2});
  const absl::Status status = follower->Step();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("partition " + std::to_string(p)));
}

TEST_F(OwnershipTest, NobodySpeaksAboutALogThatIsNotTheOneThatWasFolded) {
  Process follower(log_.get());  // It does not look in between.
  TellTroubles();
  follower.StepToHead();
  follower.faults().TruncateView({PartitionOf("a", kPartitions), 2});
  follower->Own(All());
  EXPECT_TRUE(absl::IsDataLoss(follower->Step()));
}

/// The log as a process sees it that never learned of one control event: it comes into force for it
/// at no time that matters.
class OlderLog final : public EventLog {
 public:
  OlderLog(EventLog* base, std::string unknown) : base_(base), unknown_(std::move(unknown)) {}

  std::string Seen(const std::string& record) const {
    v1::Event event;
    if (!event.ParseFromString(record) || event.id() != unknown_) return record;
    SetMicros(kStart + 40'000 * kDay, event.mutable_policy_activated()->mutable_effective_from());
    return CanonicalBytes(event);
  }

  uint32_t partitions() const override { return base_->partitions(); }
  void Append(uint32_t partition, std::vector<std::string> values, AppendCallback done) override {
    base_->Append(partition, std::move(values), std::move(done));
  }
  absl::StatusOr<int64_t> FirstOffset(uint32_t p) const override { return base_->FirstOffset(p); }
  absl::StatusOr<int64_t> HeadOffset(uint32_t p) const override { return base_->HeadOffset(p); }
  absl::StatusOr<Digest> DigestAt(Position position) const override {
    auto reader = base_->NewReader();
    EXPECT_EQ(reader->Assign({position}), absl::OkStatus());
    const auto records = reader->Poll(1, absl::ZeroDuration());
    return DigestOf(Seen(records->front().value));
  }
  std::unique_ptr<LogReader> NewReader() override {
    return std::make_unique<Reader>(this, base_->NewReader());
  }
  absl::Status Health() const override { return base_->Health(); }
  absl::Status Close() override { return base_->Close(); }

 private:
  class Reader final : public LogReader {
   public:
    Reader(const OlderLog* log, std::unique_ptr<LogReader> base)
        : log_(log), base_(std::move(base)) {}
    absl::Status Assign(std::vector<Position> next) override {
      return base_->Assign(std::move(next));
    }
    absl::StatusOr<std::vector<Record>> Poll(size_t max, absl::Duration timeout) override {
      auto records = base_->Poll(max, timeout);
      if (records.ok()) {
        for (Record& record : *records) record.value = log_->Seen(record.value);
      }
      return records;
    }

   private:
    const OlderLog* log_;
    std::unique_ptr<LogReader> base_;
  };

  EventLog* base_;
  std::string unknown_;
};

class OlderPolicyTest : public OwnershipTest {
 protected:
  void SetUp() override {
    ClusterTest::SetUp();
    auto pack = FindPack("herefordshire", kPacks);
    ASSERT_TRUE(pack.ok()) << pack.status();
    pack->set_version(pack->version() + 1);
    for (auto& parameter : *pack->mutable_parameters()) {
      if (parameter.name() == "never_events_urgent") parameter.set_value(3);
    }
    next_.set_source("trigpoint/control");
    next_.set_id("policy/herefordshire/next");
    next_.set_source_version(1);
    auto* activated = next_.mutable_policy_activated();
    activated->set_policy_id(pack->id());
    activated->set_version(pack->version());
    *activated->mutable_pack() = *pack;
    SetMicros(kStart + 5 * kDay, activated->mutable_effective_from());
    Publish(next_);
    older_ = std::make_unique<OlderLog>(log_.get(), next_.id());
  }

  uint32_t NextVersion() const { return next_.policy_activated().version(); }
  /// Two never events are urgent under the older version, and not under the next one.
  std::vector<v1::Event> Contested(const std::string& stream_id, int round) {
    return {NeverEvent(stream_id, round, 400 * round + 10),
            NeverEvent(stream_id, 1000 + round, 400 * round + 11)};
  }

  v1::Event next_;
  std::unique_ptr<EventLog> older_;
};

TEST_F(OlderPolicyTest, AnOwnerWithAnOlderPolicyBesideItsSuccessorGivesWay) {
  Process zombie(older_.get());
  Process heir(log_.get());
  Process follower(log_.get());
  zombie->Own(All());
  Tell(Registered("a"));
  Settle({&zombie, &heir});
  heir->Own(All());
  for (int round = 0; round < 5; ++round) {
    for (const auto& event : Contested("a", round)) {
      Tell(event);
      for (int i = 0; i < 10; ++i) {  // The old one is always first.
        ASSERT_EQ(zombie->Step(), absl::OkStatus());
        ASSERT_EQ(heir->Step(), absl::OkStatus());
      }
    }
  }
  const size_t derived = Derived().size();
  EXPECT_LT(derived, 60U) << "they do not answer each other for ever";
  bool by_older = false;
  for (const auto& event : Derived()) {
    by_older = by_older || (event.recommendation().policy_id() == "herefordshire" &&
                            event.recommendation().policy_version() < NextVersion());
  }
  EXPECT_TRUE(by_older);
  zombie.Kill();
  Settle({&heir, &follower});
  ExpectOneAnswer({&heir, &follower});
  EXPECT_THAT(follower.Withheld(), IsEmpty());
}

TEST_F(OlderPolicyTest, AFollowerWithAnOlderPolicyAnswersFromTheLogAndDoesNotGrow) {
  Process owner(log_.get());
  Process older(older_.get());
  owner->Own(All());
  Tell(Registered("a"));
  int most = 0;
  for (int round = 0; round < 20; ++round) {
    for (const auto& event : Contested("a", round)) Tell(event);
    Settle({&owner, &older});
    for (const auto& [stream, events] : older.Withheld()) most = std::max(most, events);
  }
  EXPECT_LT(most, 60);
  const auto theirs = older->Read("a");
  const auto ours = owner->Read("a");
  ASSERT_TRUE(theirs.ok() && ours.ok());
  EXPECT_EQ(CanonicalBytes(theirs->record), CanonicalBytes(ours->record));
  EXPECT_EQ(CanonicalBytes(theirs->state), CanonicalBytes(ours->state));
}

}  // namespace
}  // namespace trigpoint
