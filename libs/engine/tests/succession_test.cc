// What a move, a sale and a merger do, over the real fold: live, and with a restart after each
// step.
#include "trigpoint/engine/succession.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "owner.h"
#include "temp_dir.h"
#include "trigpoint/domain/inheritance.h"
#include "trigpoint/engine/projector.h"
#include "trigpoint/engine/replay.h"
#include "trigpoint/events/times.h"
#include "trigpoint/log/memory_log.h"
#include "trigpoint/log/partition.h"

namespace trigpoint {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Link = v1::ServiceLinked;

constexpr uint32_t kPartitions = 3;
constexpr char kPolicy[] = "herefordshire";

v1::Event Of(const std::string& stream_id, const std::string& id, int day) {
  v1::Event event;
  event.set_source("home");
  event.set_id(id);
  event.set_source_version(1);
  event.set_stream_id(stream_id);
  event.mutable_subject()->set_scheme("cqc-location");
  event.mutable_subject()->set_value(stream_id);
  SetMicros(kStart + day * kDay, event.mutable_occurred_at());
  SetMicros(kStart + day * kDay, event.mutable_received_at());
  return event;
}

v1::Event Incident(const std::string& stream_id, const std::string& id, int day) {
  v1::Event event = Of(stream_id, id, day);
  event.mutable_incident_reported()->set_physical_harm(v1::HARM_LOW);
  return event;
}

v1::Event Registered(const std::string& stream_id, int day) {
  v1::Event event = Of(stream_id, "registration-" + stream_id, day);
  auto* service = event.mutable_service_registered();
  service->set_name("House " + stream_id);
  service->set_service_type(v1::SERVICE_TYPE_CARE_HOME_RESIDENTIAL);
  service->add_commissioners("herefordshire-council");
  return event;
}

void SetDay(int day, v1::Date* date) {
  const CivilDate civil = LondonDate(kStart + day * kDay);
  date->set_year(civil.year);
  date->set_month(civil.month);
  date->set_day(civil.day);
}

v1::Event Follows(const std::string& stream_id, const std::string& other, Link::Reason reason,
                  int day, Link::Link link = Link::LINK_PREDECESSOR) {
  v1::Event event = Of(stream_id, "link-" + stream_id + "-" + other, day);
  auto* linked = event.mutable_service_linked();
  linked->set_link(link);
  linked->set_reason(reason);
  linked->mutable_other()->set_scheme("cqc-location");
  linked->mutable_other()->set_value(other);
  return event;
}

v1::Event Retracted(v1::Event event, int day) {
  event.set_source_version(event.source_version() + 1);
  SetMicros(kStart + day * kDay, event.mutable_received_at());
  event.mutable_event_retracted();
  return event;
}

v1::Event ToLevel2(const std::string& stream_id, int day) {
  v1::Event event = Of(stream_id, "decision-" + stream_id, day);
  event.set_source(kDecisionSource);
  auto* decision = event.mutable_decision_proposed();
  decision->set_kind(v1::DecisionProposed::KIND_MOVE);
  decision->set_policy_id(kPolicy);
  decision->set_from_state("LEVEL_1");
  decision->set_to_state("LEVEL_2");
  decision->set_override(true);
  decision->set_rationale_code("SEEN");
  decision->set_meeting_id("m-1");
  decision->mutable_actor()->add_roles("TEAM_MANAGER");
  return event;
}

/// A person accepts or refuses what `stream_id` has of `from`.
v1::Event Decided(const std::string& stream_id, const std::string& from, bool accepted, int day) {
  v1::Event event = Of(stream_id, "inherit-" + stream_id + "-" + std::to_string(day), day);
  event.set_source(kDecisionSource);
  auto* decided = event.mutable_inheritance_decided();
  decided->set_from_stream(from);
  decided->set_accepted(accepted);
  decided->set_rationale_code("SEEN");
  decided->mutable_actor()->add_roles("TEAM_MANAGER");
  return event;
}

/// Whether everything is killed and started again after each step.
class SuccessionTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    Open();
    const Controls controls = BothPacks();
    for (const auto& control : controls.state().controls()) {
      for (uint32_t p = 0; p < kPartitions; ++p) AppendTo(p, control);
    }
  }
  void TearDown() override { projector_.reset(); }

  void Open() {
    projector_.reset();
    store_.reset();
    auto store = Store::Open({.directory = directory_.path() + "/store"});
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
    auto projector = Projector::Open(log_.get(), store_.get(), {});
    ASSERT_TRUE(projector.ok()) << projector.status();
    projector_ = *std::move(projector);
    ASSERT_EQ(projector_->CatchUp(), absl::OkStatus());
    if (GetParam()) return;
    ASSERT_EQ(projector_->Start(), absl::OkStatus());
  }

  void AppendTo(uint32_t partition, const v1::Event& event) {
    ASSERT_TRUE(AppendAndWait(*log_, partition, {event.SerializeAsString()}).ok());
  }
  void Bind(const std::string& stream_id) {
    v1::Event event;
    event.set_source("trigpoint/control");
    event.set_id("binding/" + stream_id);
    auto* binding = event.mutable_binding_proposed();
    binding->set_proposed_stream_id(stream_id);
    auto* id = binding->add_ids();
    id->set_scheme("cqc-location");
    id->set_value(stream_id);
    AppendTo(kPartitions, event);
  }
  /// Registers a service and binds its id.
  void Register(const std::string& stream_id, int day) {
    Bind(stream_id);
    Tell(Registered(stream_id, day));
  }
  void Tell(v1::Event event) {
    event.set_submission_digest(SubmissionDigest(event));
    AppendTo(PartitionOf(event.stream_id(), kPartitions), event);
    Settle();
  }
  int64_t Records() const {
    int64_t records = 0;
    for (uint32_t p = 0; p <= kPartitions; ++p) records += *log_->HeadOffset(p);
    return records;
  }
  /// Until nothing more follows from anything.
  void Settle() {
    int64_t before = -1;
    while (Records() != before) {
      before = Records();
      if (GetParam()) {
        Open();
      } else {
        // What follows is in the log before its cause is committed.
        ASSERT_TRUE(projector_->WaitUntilCaughtUp(60'000));
      }
    }
  }
  StreamAsOf Read(const std::string& stream_id) const {
    const auto stream = projector_->Read(stream_id);
    EXPECT_TRUE(stream.ok()) << stream.status();
    return stream.ok() ? *stream : StreamAsOf{};
  }
  std::string Level(const std::string& stream_id) const {
    const auto summary = projector_->ReadSummary(stream_id);
    EXPECT_TRUE(summary.ok()) << summary.status();
    if (!summary.ok()) return "";
    for (const auto& level : summary->levels()) {
      if (level.policy_id() == kPolicy) return level.decided_state();
    }
    return "";
  }
  std::vector<std::string> Counting(const std::string& stream_id) const {
    std::vector<std::string> counting;
    const StreamAsOf stream = Read(stream_id);
    for (const auto& concern : stream.state.concerns())
      counting.push_back(concern.id() +
                         (concern.carried_from().empty() ? "" : " of " + concern.carried_from()));
    return counting;
  }
  v1::InheritanceStanding Standing(const std::string& stream_id, const std::string& from) const {
    const StreamAsOf stream = Read(stream_id);
    const v1::Inheritance* kept = FindInheritance(stream.record, from);
    return kept == nullptr ? v1::INHERITANCE_STANDING_UNSPECIFIED : kept->standing();
  }
  bool ToBeConfirmed(const std::string& stream_id) const {
    const StreamAsOf stream = Read(stream_id);
    const auto* policy = FindPolicyRecord(stream.record, kPolicy);
    return policy != nullptr && IsToBeConfirmed(stream.record, *policy);
  }
  /// What a person is still to decide about: "at of from".
  std::vector<std::string> Awaiting(const std::string& stream_id) const {
    std::vector<std::string> open;
    for (const auto& one : OpenInheritances(Read(stream_id).record, stream_id))
      open.push_back(one.at_stream() + " of " + one.from_stream());
    return open;
  }
  /// A fold of the whole log into a new store comes out the same, and every stream verifies.
  void ExpectSameAnew() {
    const TempDir fresh;
    auto store = Store::Open({.directory = fresh.path() + "/store"});
    ASSERT_TRUE(store.ok()) << store.status();
    const int64_t records = Records();
    {
      auto anew = Projector::Open(log_.get(), store->get(), {});
      ASSERT_TRUE(anew.ok()) << anew.status();
      ASSERT_EQ((*anew)->CatchUp(), absl::OkStatus());
      EXPECT_EQ(Records(), records) << "nothing is carried again";
      for (const auto& line : projector_->Summaries()) {
        const auto again = (*anew)->Read(line.stream_id());
        ASSERT_TRUE(again.ok()) << again.status();
        const StreamAsOf now = Read(line.stream_id());
        EXPECT_EQ(again->state.DebugString(), now.state.DebugString());
        EXPECT_EQ(again->record.DebugString(), now.record.DebugString());
        const auto events = projector_->ReadEvents(line.stream_id(), 0, UINT64_MAX);
        ASSERT_TRUE(events.ok());
        const auto check =
            CheckStream(line.stream_id(), *events, *projector_->ControlsFor(line.stream_id()));
        ASSERT_TRUE(check.ok()) << check.status();
        EXPECT_THAT(check->differences, IsEmpty());
        EXPECT_EQ(check->state.SerializeAsString(), now.state.SerializeAsString());
      }
    }
  }

  TempDir directory_;
  std::unique_ptr<EventLog> log_ = NewMemoryLog(kPartitions + 1);
  std::unique_ptr<Store> store_;
  std::unique_ptr<Projector> projector_;
};

INSTANTIATE_TEST_SUITE_P(Runs, SuccessionTest, testing::Bool(), [](const auto& run) {
  return run.param ? "KilledAfterEachStep" : "Live";
});

// Rule: A42, 3.9
TEST_P(SuccessionTest, AMoveGoesOnUnderTheNewIdAndLateReportsFollow) {
  Register("old", 0);
  Tell(ToLevel2("old", 1));
  Tell(Incident("old", "fall", 2));
  v1::Event suspended = Of("old", "suspension", 3);
  SetDay(3, suspended.mutable_suspension_imposed()->mutable_starts_on());
  Tell(suspended);
  Register("new", 10);
  EXPECT_EQ(Level("new"), "LEVEL_1");
  Tell(Follows("new", "old", Link::REASON_LOCATION_MOVE, 11));
  EXPECT_EQ(Level("new"), "LEVEL_2");
  EXPECT_EQ(Standing("new", "old"), v1::INHERITANCE_STANDING_CONTINUES);
  EXPECT_THAT(Counting("new"), ElementsAre("fall of old"));
  EXPECT_FALSE(projector_->ReadSummary("new")->inheritance_open());
  // The suspension is the same one, with the day on which it began.
  const StreamAsOf moved = Read("new");
  for (const auto& fact : moved.state.facts()) {
    if (!fact.has_suspension_imposed()) continue;
    EXPECT_EQ(ToCivil(fact.suspension_imposed().starts_on()), LondonDate(kStart + 3 * kDay));
  }
  EXPECT_TRUE(HasFact(moved.state, "home", "suspension"));
  // What is reported, mended and taken back about the old id reaches the new one.
  Tell(Incident("old", "late", 20));
  EXPECT_THAT(Counting("new"), ElementsAre("fall of old", "late of old"));
  Tell(Retracted(Incident("old", "fall", 2), 21));
  EXPECT_THAT(Counting("new"), ElementsAre("late of old"));
  Tell(Incident("new", "own", 22));
  EXPECT_THAT(Counting("new"), ElementsAre("late of old", "own"));
  EXPECT_THAT(Counting("old"), ElementsAre("late"));
  ExpectSameAnew();
}

// Rule: 3.9
TEST_P(SuccessionTest, AHomeThatIsSoldTwiceHasItsHistoryUnderTheThirdName) {
  Register("a", 0);
  Tell(ToLevel2("a", 1));
  Tell(Incident("a", "first", 2));
  Register("b", 10);
  Register("c", 20);
  // The later sale is told first.
  Tell(Follows("c", "b", Link::REASON_CHANGE_OF_OWNERSHIP, 21));
  Tell(Follows("b", "a", Link::REASON_CHANGE_OF_LEGAL_ENTITY, 22));
  EXPECT_EQ(Level("c"), "LEVEL_2");
  EXPECT_TRUE(projector_->ReadSummary("c")->inheritance_open());
  Tell(Incident("a", "late", 30));
  EXPECT_THAT(Counting("b"), ElementsAre("first of a", "late of a"));
  EXPECT_THAT(Counting("c"), ElementsAre("first of b", "late of b"));
  // A person refuses in the middle: nothing reaches the end any more.
  Tell(Decided("b", "a", false, 31));
  EXPECT_EQ(Standing("b", "a"), v1::INHERITANCE_STANDING_REFUSED);
  EXPECT_THAT(Counting("c"), IsEmpty());
  EXPECT_EQ(Level("c"), "LEVEL_1");
  ExpectSameAnew();
}

// Rule: 3.9
TEST_P(SuccessionTest, WhatAwaitsAPersonInTheMiddleAwaitsOneAtTheEnd) {
  for (const char* stream : {"a", "b", "c", "d"}) Register(stream, 0);
  Tell(ToLevel2("a", 1));
  Tell(Follows("b", "a", Link::REASON_CHANGE_OF_OWNERSHIP, 2));
  Tell(Follows("c", "b", Link::REASON_LOCATION_MOVE, 3));
  Tell(Follows("d", "c", Link::REASON_LOCATION_MOVE, 4));
  for (const char* stream : {"b", "c", "d"}) {
    EXPECT_EQ(Level(stream), "LEVEL_2") << stream;
    EXPECT_TRUE(ToBeConfirmed(stream)) << stream;
    EXPECT_TRUE(projector_->ReadSummary(stream)->inheritance_open()) << stream;
    EXPECT_THAT(Awaiting(stream), ElementsAre("b of a")) << stream;
  }
  Tell(Decided("b", "a", true, 5));
  for (const char* stream : {"b", "c", "d"}) {
    EXPECT_EQ(Level(stream), "LEVEL_2") << stream;
    EXPECT_FALSE(ToBeConfirmed(stream)) << stream;
    EXPECT_FALSE(projector_->ReadSummary(stream)->inheritance_open()) << stream;
  }
  Tell(Decided("b", "a", false, 6));
  for (const char* stream : {"b", "c", "d"}) {
    EXPECT_EQ(Level(stream), "LEVEL_1") << stream;
    EXPECT_FALSE(projector_->ReadSummary(stream)->inheritance_open()) << stream;
  }
  // The link is taken back and comes again: a person is asked again, everywhere.
  v1::Event link = Follows("b", "a", Link::REASON_CHANGE_OF_OWNERSHIP, 2);
  Tell(Retracted(link, 7));
  EXPECT_THAT(Awaiting("d"), IsEmpty());
  link.set_source_version(3);
  SetMicros(kStart + 8 * kDay, link.mutable_received_at());
  Tell(link);
  EXPECT_THAT(Awaiting("d"), ElementsAre("b of a"));
  EXPECT_TRUE(ToBeConfirmed("d"));
  ExpectSameAnew();
}

// Rule: 3.9
TEST_P(SuccessionTest, AQuestionThatIsAskedInTheMiddleIsSeenAtTheEndAndNothingCountsYet) {
  for (const char* stream : {"a", "b", "c"}) Register(stream, 0);
  Tell(ToLevel2("a", 1));
  Tell(Follows("b", "a", Link::REASON_NHS_TRANSFER, 2));
  Tell(Follows("c", "b", Link::REASON_LOCATION_MOVE, 3));
  EXPECT_EQ(Level("c"), "LEVEL_1");
  EXPECT_FALSE(ToBeConfirmed("c"));
  EXPECT_THAT(Awaiting("c"), ElementsAre("b of a"));
  EXPECT_TRUE(projector_->ReadSummary("c")->inheritance_open());
  Tell(Decided("b", "a", true, 4));
  EXPECT_EQ(Level("c"), "LEVEL_2");
  EXPECT_FALSE(projector_->ReadSummary("c")->inheritance_open());
  ExpectSameAnew();
}

// Before that was carried: the fold of an old log finds what is missing, and appends it.
TEST_P(SuccessionTest, ALogOfAnEarlierReleaseGainsWhatAwaitsAPerson) {
  for (const char* stream : {"a", "b", "c"}) Register(stream, 0);
  Tell(ToLevel2("a", 1));
  Tell(Follows("b", "a", Link::REASON_CHANGE_OF_OWNERSHIP, 2));
  Tell(Follows("c", "b", Link::REASON_LOCATION_MOVE, 3));
  projector_.reset();
  store_.reset();
  auto earlier = NewMemoryLog(kPartitions + 1);
  auto reader = log_->NewReader();
  std::vector<Position> from;
  for (uint32_t p = 0; p <= kPartitions; ++p) from.push_back({p, 0});
  ASSERT_EQ(reader->Assign(from), absl::OkStatus());
  for (int64_t left = Records(); left > 0;) {
    const auto records = reader->Poll(1000, absl::Seconds(10));
    ASSERT_TRUE(records.ok()) << records.status();
    for (const auto& record : *records) {
      v1::Event event;
      ASSERT_TRUE(event.ParseFromString(record.value));
      if (event.has_memory_carried()) {
        event.mutable_memory_carried()->clear_open();
        for (auto& level : *event.mutable_memory_carried()->mutable_levels())
          level.clear_to_be_confirmed();
      }
      const auto appended =
          AppendAndWait(*earlier, record.position.partition, {event.SerializeAsString()});
      ASSERT_TRUE(appended.ok());
      --left;
    }
  }
  log_ = std::move(earlier);
  std::filesystem::remove_all(directory_.path() + "/store");
  Open();
  Settle();
  EXPECT_EQ(Level("c"), "LEVEL_2");
  EXPECT_TRUE(ToBeConfirmed("c"));
  EXPECT_THAT(Awaiting("c"), ElementsAre("b of a"));
  ExpectSameAnew();
}

// Rule: 3.9, 3.10 ruling 4
TEST_P(SuccessionTest, InWhicheverOrderLinksAndLevelsComeTheSameAwaitsAPerson) {
  // Told of three services each time anew; what a person decides in the middle comes last.
  std::vector<size_t> order = {0, 1, 2};
  int round = 0;
  do {
    const std::string n = std::to_string(++round);
    const bool accepted = round % 2 == 0;
    const std::string a = "a" + n;
    const std::string b = "b" + n;
    const std::string c = "c" + n;
    for (const auto& stream : {a, b, c}) Register(stream, 0);
    const std::vector<v1::Event> told = {ToLevel2(a, 1),
                                         Follows(b, a, Link::REASON_CHANGE_OF_PARTNERSHIP, 1),
                                         Follows(c, b, Link::REASON_LOCATION_MOVE, 1)};
    for (const size_t i : order) Tell(told[i]);
    EXPECT_EQ(Level(c), "LEVEL_2") << round;
    EXPECT_TRUE(ToBeConfirmed(c)) << round;
    EXPECT_THAT(Awaiting(c), ElementsAre(b + " of " + a)) << round;
    Tell(Decided(b, a, accepted, 2));
    EXPECT_EQ(Level(c), accepted ? "LEVEL_2" : "LEVEL_1") << round;
    EXPECT_FALSE(ToBeConfirmed(c)) << round;
    EXPECT_THAT(Awaiting(c), IsEmpty()) << round;
  } while (std::next_permutation(order.begin(), order.end()));
  ExpectSameAnew();
}

// Rule: 3.9
TEST_P(SuccessionTest, ALinkThatIsTakenBackTakesAwayWhatItBroughtAndBothSidesMayStateIt) {
  Register("old", 0);
  Tell(ToLevel2("old", 1));
  Tell(Incident("old", "fall", 2));
  Register("new", 10);
  const v1::Event onward =
      Follows("old", "new", Link::REASON_NEW_PROVIDER, 11, Link::LINK_SUCCESSOR);
  const v1::Event back = Follows("new", "old", Link::REASON_NEW_PROVIDER, 12);
  Tell(onward);
  EXPECT_EQ(Level("new"), "LEVEL_2");
  Tell(back);
  Tell(Retracted(onward, 13));
  EXPECT_EQ(Level("new"), "LEVEL_2") << "the new home states it still";
  Tell(Retracted(back, 14));
  EXPECT_EQ(Level("new"), "LEVEL_1");
  EXPECT_EQ(Standing("new", "old"), v1::INHERITANCE_STANDING_UNDONE);
  EXPECT_THAT(Counting("new"), IsEmpty());
  Tell(Incident("old", "later", 15));
  EXPECT_THAT(Counting("new"), IsEmpty());
  v1::Event again = back;
  again.set_source_version(3);
  SetMicros(kStart + 16 * kDay, again.mutable_received_at());
  Tell(again);
  EXPECT_THAT(Counting("new"), ElementsAre("fall of old", "later of old"));
  EXPECT_EQ(Standing("new", "old"), v1::INHERITANCE_STANDING_TO_BE_CONFIRMED);
  ExpectSameAnew();
}

// Rule: 3.9
TEST_P(SuccessionTest, ALinkToOneWhoIsNotKnownTakesEffectWhenTheDirectoryLearnsOfIt) {
  Register("new", 10);
  Tell(Follows("new", "old", Link::REASON_LOCATION_MOVE, 11));
  EXPECT_EQ(Standing("new", "old"), v1::INHERITANCE_STANDING_UNSPECIFIED);
  Register("old", 12);
  EXPECT_EQ(Standing("new", "old"), v1::INHERITANCE_STANDING_CONTINUES);
  Tell(Incident("old", "fall", 13));
  EXPECT_THAT(Counting("new"), ElementsAre("fall of old"));
  ExpectSameAnew();
}

// Rule: 3.9
TEST_P(SuccessionTest, ALinkThatIsDatedAheadTakesEffectWithItsDay) {
  Register("old", 0);
  Tell(Incident("old", "fall", 2));
  Register("new", 10);
  v1::Event ahead = Follows("new", "old", Link::REASON_LOCATION_MOVE, 11);
  SetDay(40, ahead.mutable_service_linked()->mutable_effective_on());
  Tell(ahead);
  EXPECT_THAT(Counting("new"), IsEmpty());
  // The day is a timer of the new home: the clock brings it about.
  const auto due = projector_->DueTimers(kStart + 400 * kDay, 10);
  EXPECT_THAT(due, testing::Contains(testing::Pair(kStart + 40 * kDay, "new")));
  v1::Event day = Of("new", "day", 40);
  day.set_source(kTimeSource);
  SetDay(40, day.mutable_day_started()->mutable_day());
  SetMicros(kStart + 40 * kDay + 1, day.mutable_received_at());
  Tell(day);
  EXPECT_THAT(Counting("new"), ElementsAre("fall of old"));
  ExpectSameAnew();
}

TEST_P(SuccessionTest, AServiceNeverFollowsItself) {
  for (const char* stream : {"a", "b", "c"}) Register(stream, 0);
  Tell(Incident("a", "fall", 2));
  Tell(Follows("b", "a", Link::REASON_LOCATION_MOVE, 3));
  Tell(Follows("c", "b", Link::REASON_LOCATION_MOVE, 4));
  EXPECT_TRUE(projector_->WouldCircle("c", "a"));
  EXPECT_FALSE(projector_->WouldCircle("a", "c"));
  Tell(Follows("a", "c", Link::REASON_LOCATION_MOVE, 5));
  EXPECT_THAT(Counting("c"), ElementsAre("fall of b"));
  EXPECT_EQ(Standing("a", "c"), v1::INHERITANCE_STANDING_UNSPECIFIED);
  EXPECT_EQ(projector_->counters().ignored_links.load(), 1U);
  // Without the first link it is no circle any more.
  Tell(Retracted(Follows("b", "a", Link::REASON_LOCATION_MOVE, 3), 6));
  EXPECT_EQ(Standing("a", "c"), v1::INHERITANCE_STANDING_CONTINUES);
  ExpectSameAnew();
}

// Rule: 3.9
TEST_P(SuccessionTest, TwoIdsOfOneServiceAreOneAndASiteInheritsNothing) {
  for (const char* stream : {"one", "other", "trust"}) Register(stream, 0);
  Tell(Incident("other", "fall", 2));
  Tell(Incident("trust", "error", 2));
  Tell(Follows("one", "other", Link::REASON_UNSPECIFIED, 3, Link::LINK_SAME_SERVICE));
  Tell(Follows("one", "trust", Link::REASON_UNSPECIFIED, 4, Link::LINK_SITE));
  EXPECT_EQ(Standing("one", "other"), v1::INHERITANCE_STANDING_CONTINUES);
  EXPECT_THAT(Counting("one"), ElementsAre("fall of other"));
  ExpectSameAnew();
}

TEST_P(SuccessionTest, HistoryThatIsBeingLoadedIsCarriedWhenItIsComplete) {
  Register("old", 0);
  Register("new", 10);
  v1::Event start = Of("old", "start", 11);
  start.mutable_backfill_started()->set_batch("batch");
  Tell(start);
  Tell(Follows("new", "old", Link::REASON_LOCATION_MOVE, 12));
  Tell(Incident("old", "fall", 13));
  EXPECT_THAT(Counting("new"), IsEmpty());
  v1::Event end = Of("old", "end", 14);
  end.mutable_backfill_ended()->set_batch("batch");
  Tell(end);
  EXPECT_THAT(Counting("new"), ElementsAre("fall of old"));
  ExpectSameAnew();
}

// Rule: 3.10 ruling 4
TEST_P(SuccessionTest, APastAnswerKnowsOnlyWhatWasCarriedByThen) {
  Register("old", 0);
  Tell(Incident("old", "fall", 2));
  Register("new", 10);
  Tell(Follows("new", "old", Link::REASON_LOCATION_MOVE, 20));
  const auto before = projector_->ReadAsOf("new", {.known_us = kStart + 15 * kDay});
  ASSERT_TRUE(before.ok()) << before.status();
  EXPECT_EQ(before->state.concerns_size(), 0);
  const auto after = projector_->ReadAsOf("new", {.known_us = kStart + 25 * kDay});
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_EQ(after->state.concerns_size(), 1);
}

}  // namespace
}  // namespace trigpoint
