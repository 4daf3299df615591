#include "trigpoint/domain/inheritance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "trigpoint/base/time.h"
#include "trigpoint/domain/evolve.h"
#include "trigpoint/domain/feeds.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Link = v1::ServiceLinked;

const int64_t kNow = LondonMidnight({2026, 3, 1});  // NOLINT(cert-err58-cpp)
constexpr char kPolicy[] = "nqb";
constexpr char kOld[] = "old-home";
constexpr char kOther[] = "another-home";

v1::AuthorityMatrix Ladder() {
  v1::AuthorityMatrix authority;
  for (const char* state : {"ROUTINE", "ENHANCED", "INTENSIVE"}) authority.add_states(state);
  const auto add = [&authority](const char* from, const char* to, const char* role) {
    auto* move = authority.add_transitions();
    move->set_from_state(from);
    move->set_to_state(to);
    move->add_roles(role);
  };
  add("ROUTINE", "ENHANCED", "ICB_AUTHORISER");
  add("ENHANCED", "INTENSIVE", "NHSE_AUTHORISER");
  add("ENHANCED", "ROUTINE", "ICB_AUTHORISER");
  return authority;
}

v1::Event Incident(const std::string& id, int days_ago, uint32_t version = 1) {
  v1::Event event;
  event.set_source("home");
  event.set_id(id);
  event.set_source_version(version);
  event.mutable_incident_reported()->set_physical_harm(v1::HARM_LOW);
  SetMicros(kNow - days_ago * kMicrosPerDay, event.mutable_occurred_at());
  SetMicros(kNow, event.mutable_received_at());
  return event;
}

v1::Event Retraction(const std::string& id, uint32_t version) {
  v1::Event event = Incident(id, 1, version);
  event.mutable_event_retracted();
  return event;
}

v1::MemoryCarried Memory(Link::Reason reason, const std::string& level = "ENHANCED",
                         uint64_t revision = 10, const std::string& from = kOld) {
  v1::MemoryCarried memory;
  memory.set_from_stream(from);
  memory.set_from_revision(revision);
  memory.set_reason(reason);
  if (level.empty()) return memory;
  auto* carried = memory.add_levels();
  carried->set_policy_id(kPolicy);
  carried->set_decided_state(level);
  SetMicros(kNow - 30 * kMicrosPerDay, carried->mutable_decided_at());
  SetMicros(kNow - 30 * kMicrosPerDay, carried->add_entered_enhanced_at());
  return memory;
}

/// A service with what it was told of its predecessors.
class InheritanceTest : public testing::Test {
 protected:
  void Carry(const v1::MemoryCarried& memory) {
    FoldMemory(memory, kNow, context_, &record_);
    v1::StoredEvent stored;
    *stored.mutable_event()->mutable_memory_carried() = memory;
    Keep(std::move(stored));
  }
  void Report(const v1::Event& event) {
    v1::StoredEvent stored;
    *stored.mutable_event() = event;
    Keep(std::move(stored));
  }
  InheritanceVerdict Decide(bool accepted, const std::string& role,
                            const std::string& rationale = "AS_BEFORE") {
    v1::InheritanceDecided decided;
    decided.set_from_stream(kOld);
    decided.set_accepted(accepted);
    decided.mutable_actor()->add_roles(role);
    decided.set_rationale_code(rationale);
    const PolicyAuthority who{.policy_id = kPolicy, .authority = &authority_};
    return FoldInheritance(decided, kNow + 1, {&who, 1}, context_, &record_);
  }
  std::string Level() const {
    const auto* policy = FindPolicyRecord(record_, kPolicy);
    return DecidedState(policy == nullptr ? v1::PolicyRecord() : *policy, authority_);
  }
  v1::InheritanceStanding Standing() const { return FindInheritance(record_, kOld)->standing(); }
  v1::ProviderState State() const {
    v1::ProviderState state;
    state.set_known_us(kNow);
    RefoldWithCarried(events_, record_, &state);
    return state;
  }
  std::vector<std::string> Counting() const {
    std::vector<std::string> counting;
    const v1::ProviderState state = State();
    for (const auto& concern : state.concerns())
      counting.push_back(concern.id() + (concern.carried_from().empty() ? "" : " of before"));
    std::sort(counting.begin(), counting.end());
    return counting;
  }
  void Keep(v1::StoredEvent stored) {
    stored.set_known_us(kNow);
    events_.push_back(std::move(stored));
  }

  v1::AuthorityMatrix authority_ = Ladder();
  ContextOf context_ = [this](const std::string&) {
    DecisionContext context;
    context.authority = &authority_;
    return context;
  };
  v1::ProviderRecord record_;
  std::vector<v1::StoredEvent> events_;
};

v1::MemoryCarried With(v1::MemoryCarried memory, const std::vector<v1::Event>& facts) {
  for (const auto& fact : facts) *memory.add_facts() = fact;
  return memory;
}

// Rule: 3.9 (A42)
TEST_F(InheritanceTest, AMoveContinuesLevelEpisodesAndHistoryAndAsksNobody) {
  Carry(With(Memory(Link::REASON_LOCATION_MOVE), {Incident("fall", 20)}));
  EXPECT_EQ(Level(), "ENHANCED");
  EXPECT_EQ(FindPolicyRecord(record_, kPolicy)->inherited_from(), kOld);
  EXPECT_EQ(Standing(), v1::INHERITANCE_STANDING_CONTINUES);
  EXPECT_THAT(Counting(), ElementsAre("fall of before"));
  EXPECT_THAT(EpisodeStarts(record_, kPolicy), ElementsAre(kNow - 30 * kMicrosPerDay));
  EXPECT_EQ(Decide(false, "ICB_AUTHORISER"), InheritanceVerdict::kNothingToDecide);
}

// Rule: 3.9
TEST_F(InheritanceTest, ASaleInheritsUntilAPersonConfirmsOrRefuses) {
  for (const auto reason :
       {Link::REASON_CHANGE_OF_OWNERSHIP, Link::REASON_CHANGE_OF_LEGAL_ENTITY,
        Link::REASON_CHANGE_OF_PARTNERSHIP, Link::REASON_NEW_PROVIDER, Link::REASON_MERGER}) {
    record_.Clear();
    events_.clear();
    Carry(With(Memory(reason), {Incident("fall", 20)}));
    EXPECT_EQ(Standing(), v1::INHERITANCE_STANDING_TO_BE_CONFIRMED);
    EXPECT_EQ(Level(), "ENHANCED");
    EXPECT_THAT(Counting(), ElementsAre("fall of before"));
    EXPECT_EQ(Decide(true, "ICB_AUTHORISER"), InheritanceVerdict::kRecorded);
    EXPECT_EQ(Standing(), v1::INHERITANCE_STANDING_CONFIRMED);
    EXPECT_EQ(Level(), "ENHANCED");
    EXPECT_EQ(Decide(false, "ICB_AUTHORISER"), InheritanceVerdict::kRecorded);
    EXPECT_EQ(Level(), "ROUTINE");
    EXPECT_THAT(Counting(), IsEmpty());
    EXPECT_THAT(EpisodeStarts(record_, kPolicy), IsEmpty());
  }
}

// Rule: 3.9
TEST_F(InheritanceTest, AMoveFromAServiceThatWaitsForAPersonWaitsToo) {
  v1::MemoryCarried memory = Memory(Link::REASON_LOCATION_MOVE);
  memory.mutable_levels(0)->set_to_be_confirmed(true);
  auto* open = memory.add_open();
  open->set_at_stream(kOld);
  open->set_from_stream("before-that");
  open->set_standing(v1::INHERITANCE_STANDING_TO_BE_CONFIRMED);
  Carry(memory);
  EXPECT_EQ(Standing(), v1::INHERITANCE_STANDING_CONTINUES);
  EXPECT_TRUE(AwaitsPerson(*FindInheritance(record_, kOld)));
  EXPECT_TRUE(IsToBeConfirmed(record_, *FindPolicyRecord(record_, kPolicy)));
  ASSERT_EQ(OpenInheritances(record_, "new-home").size(), 1U);
  EXPECT_EQ(OpenInheritances(record_, "new-home").front().at_stream(), kOld);
  // Confirmed there: nothing is open here.
  Carry(Memory(Link::REASON_LOCATION_MOVE, "ENHANCED", 11));
  EXPECT_FALSE(AwaitsPerson(*FindInheritance(record_, kOld)));
  EXPECT_FALSE(IsToBeConfirmed(record_, *FindPolicyRecord(record_, kPolicy)));
  EXPECT_THAT(OpenInheritances(record_, "new-home"), IsEmpty());
}

// Rule: 3.9
TEST_F(InheritanceTest, WhatIsConfirmedHereAndNotFurtherBackStillWaitsAndWhatIsRefusedDoesNot) {
  v1::MemoryCarried memory = Memory(Link::REASON_CHANGE_OF_OWNERSHIP);
  memory.mutable_levels(0)->set_to_be_confirmed(true);
  auto* open = memory.add_open();
  open->set_at_stream(kOld);
  open->set_from_stream("before-that");
  open->set_standing(v1::INHERITANCE_STANDING_TO_BE_CONFIRMED);
  Carry(memory);
  EXPECT_EQ(OpenInheritances(record_, "new-home").size(), 2U);
  ASSERT_EQ(Decide(true, "ICB_AUTHORISER"), InheritanceVerdict::kRecorded);
  EXPECT_TRUE(AwaitsPerson(*FindInheritance(record_, kOld)));
  EXPECT_TRUE(IsToBeConfirmed(record_, *FindPolicyRecord(record_, kPolicy)));
  EXPECT_EQ(OpenInheritances(record_, "new-home").size(), 1U);
  ASSERT_EQ(Decide(false, "ICB_AUTHORISER"), InheritanceVerdict::kRecorded);
  EXPECT_FALSE(AwaitsPerson(*FindInheritance(record_, kOld)));
  EXPECT_FALSE(IsToBeConfirmed(record_, *FindPolicyRecord(record_, kPolicy)));
  EXPECT_THAT(OpenInheritances(record_, "new-home"), IsEmpty());
}

// Rule: 3.9
TEST_F(InheritanceTest, OfATransferNothingCountsUntilAPersonAccepts) {
  for (const auto reason : {Link::REASON_NHS_TRANSFER, Link::REASON_UNSPECIFIED}) {
    record_.Clear();
    events_.clear();
    Carry(With(Memory(reason), {Incident("fall", 20)}));
    EXPECT_EQ(Standing(), v1::INHERITANCE_STANDING_ASKED);
    EXPECT_EQ(Level(), "ROUTINE");
    EXPECT_THAT(Counting(), IsEmpty());
    EXPECT_EQ(Decide(true, "ICB_AUTHORISER"), InheritanceVerdict::kRecorded);
    EXPECT_EQ(Level(), "ENHANCED");
    EXPECT_THAT(Counting(), ElementsAre("fall of before"));
  }
}

// Rule: 3.9
TEST_F(InheritanceTest, AMergerTakesTheHigherLevelAndTheLaterEpisodeAndNeverGoesIntensiveByItself) {
  auto* own = MutablePolicyRecord(&record_, kPolicy);
  own->set_decided_state("ENHANCED");
  own->set_decided_us(kNow - 90 * kMicrosPerDay);
  own->add_entered_enhanced_us(kNow - 90 * kMicrosPerDay);
  Carry(Memory(Link::REASON_MERGER, "ROUTINE"));
  EXPECT_EQ(Level(), "ENHANCED") << "its own is higher";
  EXPECT_THAT(EpisodeStarts(record_, kPolicy), ElementsAre(kNow - 30 * kMicrosPerDay));
  Carry(Memory(Link::REASON_MERGER, "INTENSIVE", 10, kOther));
  EXPECT_EQ(Level(), "ENHANCED");
  own = MutablePolicyRecord(&record_, kPolicy);
  own->set_decided_state("ROUTINE");
  SettleInherited(context_, &record_);
  EXPECT_EQ(Level(), "ENHANCED") << "the predecessor's, and not INTENSIVE";
  EXPECT_EQ(FindPolicyRecord(record_, kPolicy)->inherited_from(), kOther);
  own->set_decided_us(kNow + 1);
  SettleInherited(context_, &record_);
  EXPECT_EQ(Level(), "ROUTINE") << "decided since";
}

TEST_F(InheritanceTest, WhatPeopleDecideHereStandsBeforeWhatIsInherited) {
  Carry(Memory(Link::REASON_LOCATION_MOVE));
  v1::DecisionProposed step_down;
  step_down.set_kind(v1::DecisionProposed::KIND_MOVE);
  step_down.set_policy_id(kPolicy);
  step_down.set_from_state("ENHANCED");
  step_down.set_to_state("ROUTINE");
  step_down.set_override(true);
  step_down.set_rationale_code("MET");
  step_down.mutable_actor()->add_roles("ICB_AUTHORISER");
  const auto decision = FoldProposal(step_down, "d-1", kNow + 1, context_(kPolicy),
                                     MutablePolicyRecord(&record_, kPolicy));
  EXPECT_EQ(decision.outcome(), v1::DecisionRecord::OUTCOME_RECORDED) << decision.reason();
  EXPECT_EQ(Level(), "ROUTINE");
  Carry(Memory(Link::REASON_LOCATION_MOVE, "INTENSIVE", 12));
  EXPECT_EQ(Level(), "ROUTINE");
}

TEST_F(InheritanceTest, OnlyWhoMayMoveAServiceIntoOrOutOfTheLevelDecides) {
  Carry(Memory(Link::REASON_CHANGE_OF_OWNERSHIP, "INTENSIVE"));
  EXPECT_EQ(Decide(true, "ICB_AUTHORISER"), InheritanceVerdict::kNoAuthority);
  EXPECT_EQ(Decide(true, "NHSE_AUTHORISER", ""), InheritanceVerdict::kRationaleMissing);
  EXPECT_EQ(Standing(), v1::INHERITANCE_STANDING_TO_BE_CONFIRMED);
  EXPECT_EQ(Decide(true, "NHSE_AUTHORISER"), InheritanceVerdict::kRecorded);
  // Without a level: whoever may decide any move.
  record_.Clear();
  EXPECT_EQ(Decide(true, "ICB_AUTHORISER"), InheritanceVerdict::kNoPredecessor);
  Carry(Memory(Link::REASON_CHANGE_OF_OWNERSHIP, ""));
  EXPECT_EQ(Decide(true, "TEAM_MANAGER"), InheritanceVerdict::kNoAuthority);
  EXPECT_EQ(Decide(true, "ICB_AUTHORISER"), InheritanceVerdict::kRecorded);
}

TEST_F(InheritanceTest, ALinkThatIsTakenBackLeavesNothingAndOneThatComesAgainAsksAgain) {
  Carry(With(Memory(Link::REASON_CHANGE_OF_OWNERSHIP), {Incident("fall", 20)}));
  ASSERT_EQ(Decide(true, "ICB_AUTHORISER"), InheritanceVerdict::kRecorded);
  v1::MemoryCarried undone = Memory(Link::REASON_UNSPECIFIED, "", 11);
  undone.set_undone(true);
  Carry(undone);
  EXPECT_EQ(Standing(), v1::INHERITANCE_STANDING_UNDONE);
  EXPECT_EQ(Level(), "ROUTINE");
  EXPECT_THAT(Counting(), IsEmpty());
  EXPECT_EQ(Decide(true, "ICB_AUTHORISER"), InheritanceVerdict::kNoPredecessor);
  Carry(Memory(Link::REASON_CHANGE_OF_OWNERSHIP, "ENHANCED", 12));
  EXPECT_EQ(Standing(), v1::INHERITANCE_STANDING_TO_BE_CONFIRMED);
  EXPECT_THAT(Counting(), ElementsAre("fall of before"));
}

TEST_F(InheritanceTest, OwnRecordsStandBeforeCarriedOnesOfTheSameIdentity) {
  Carry(With(Memory(Link::REASON_LOCATION_MOVE), {Incident("both", 20), Incident("moved", 5, 2)}));
  Report(Incident("both", 21));
  // It was reported here first, and is about the predecessor: taken back here with that version.
  Report(Incident("moved", 5));
  Report(Retraction("moved", 2));
  EXPECT_THAT(Counting(), ElementsAre("both", "moved of before"));
}

TEST_F(InheritanceTest, OldReportsComeAsDaysAndAreCountedOnce) {
  v1::MemoryCarried memory = Memory(Link::REASON_LOCATION_MOVE);
  memory.mutable_effective_on()->set_year(2026);
  memory.mutable_effective_on()->set_month(2);
  memory.mutable_effective_on()->set_day(1);
  auto* day = memory.add_days();
  day->set_day(DayOfMicros(kNow - 1000 * kMicrosPerDay));
  day->set_family(v1::SOURCE_FAMILY_INCIDENT);
  day->set_concerns(3);
  // The day of the link was stated later: what is counted by day does not count as itself as well.
  Carry(With(memory, {Incident("long ago", 1000), Incident("lately", 10)}));
  EXPECT_THAT(Counting(), ElementsAre("lately of before"));
  const v1::ProviderState state = State();
  ASSERT_EQ(state.summed_size(), 1);
  EXPECT_EQ(state.summed(0).concerns(), 3U);
}

// A house that moved is expected to hear from whoever wrote before: the rhythm does not begin anew.
TEST_F(InheritanceTest, WhatUsedToComeAboutThePredecessorIsExpectedToGoOn) {
  v1::MemoryCarried memory = Memory(Link::REASON_LOCATION_MOVE);
  for (int month = 1; month <= 6; ++month) {
    v1::Event monthly = Incident("return-" + std::to_string(month), 30 * (7 - month));
    monthly.mutable_monitoring_return_received();
    SetMicros(kNow - kMicrosPerDay * 30 * (7 - month), monthly.mutable_received_at());
    *memory.add_facts() = monthly;
  }
  Carry(memory);
  const v1::ProviderState state = State();
  ASSERT_EQ(state.deliveries_size(), 1);
  EXPECT_EQ(state.deliveries(0).received_us_size(), 6);
  EXPECT_EQ(RhythmOf(state.deliveries(0)), 30);
}

TEST_F(InheritanceTest, APredecessorsRegistrationSaysWhatIsCommissionedAndNotWhoItIs) {
  v1::Event before = Incident("registration", 500);
  auto* old_home = before.mutable_service_registered();
  old_home->set_name("Old House");
  old_home->set_organisation("1-1");
  old_home->set_beds(20);
  old_home->add_commissioners("herefordshire-council");
  for (const auto relation : {v1::Affiliation::RELATION_BRAND, v1::Affiliation::RELATION_ODS_PARENT,
                              v1::Affiliation::RELATION_HOST}) {
    auto* one = old_home->add_affiliations();
    one->set_relation(relation);
    one->set_organisation("of-before");
  }
  Carry(With(Memory(Link::REASON_CHANGE_OF_OWNERSHIP), {before}));
  v1::Event own = Incident("own registration", 900);  // Stated earlier, and yet its own.
  own.mutable_service_registered()->set_name("New House");
  own.mutable_service_registered()->set_beds(30);
  Report(own);
  const v1::ProviderState state = State();
  EXPECT_EQ(state.service().name(), "New House");
  EXPECT_EQ(state.service().organisation(), "");
  EXPECT_EQ(state.service().beds(), 30U);
  EXPECT_EQ(state.service().brand(), "");
  EXPECT_EQ(state.service().host(), "of-before");
  EXPECT_EQ(state.service().affiliations_size(), 1) << "who it belonged to itself does not go on";
  EXPECT_THAT(state.service().commissioners(), ElementsAre("herefordshire-council"));
}

// Rule: 3.10 ruling 4
TEST_F(InheritanceTest, TheOrderOfDeliveryNeverShows) {
  std::vector<v1::MemoryCarried> told;
  told.push_back(With(Memory(Link::REASON_CHANGE_OF_OWNERSHIP, "ENHANCED", 3),
                      {Incident("a", 30), Incident("b", 20)}));
  told.push_back(With(Memory(Link::REASON_CHANGE_OF_OWNERSHIP, "ENHANCED", 5),
                      {Incident("a", 31, 2), Incident("c", 10)}));
  told.push_back(With(Memory(Link::REASON_CHANGE_OF_OWNERSHIP, "INTENSIVE", 7),
                      {Retraction("b", 2), Incident("d", 3)}));
  told.push_back(With(Memory(Link::REASON_LOCATION_MOVE, "ROUTINE", 4, kOther),
                      {Incident("d", 4), Incident("e", 2)}));
  const std::vector<v1::Event> own = {Incident("e", 2), Incident("f", 1), Retraction("c", 9)};
  std::vector<size_t> order = {0, 1, 2, 3, 4, 5, 6};
  std::string expected_state;
  std::string expected_record;
  do {
    record_.Clear();
    events_.clear();
    for (const size_t i : order) {
      if (i < told.size()) {
        Carry(told[i]);
      } else {
        Report(own[i - told.size()]);
      }
    }
    Carry(told[order.front() % told.size()]);  // One comes twice.
    const std::string state = State().SerializeAsString();
    if (expected_state.empty()) {
      expected_state = state;
      expected_record = record_.SerializeAsString();
      EXPECT_THAT(Counting(), ElementsAre("a of before", "d of before", "e", "f"));
      EXPECT_EQ(Level(), "INTENSIVE");
    }
    ASSERT_EQ(state, expected_state);
    ASSERT_EQ(record_.SerializeAsString(), expected_record);
  } while (std::next_permutation(order.begin(), order.end()));
}

}  // namespace
}  // namespace trigpoint
