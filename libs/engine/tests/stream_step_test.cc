// Laws of one stream, over random histories of facts and decisions under both packs.
#include "trigpoint/engine/stream_step.h"

#include <random>
#include <string>
#include <vector>

#include "owner.h"
#include "trigpoint/engine/replay.h"
#include "trigpoint/policy/instants.h"

namespace trigpoint {
namespace {

/// Something that a partner or a person may send, at `at`; `n` names the record.
v1::Event Anything(std::mt19937* random, int n, int64_t at) {
  const auto pick = [random](int below) {
    return static_cast<int>((*random)() % static_cast<uint32_t>(below));
  };
  v1::Event event;
  event.set_source("a/x");
  event.set_id("r" + std::to_string(n));
  event.set_source_version(1);
  SetMicros(at - pick(60) * kDay, event.mutable_occurred_at());
  event.add_themes(static_cast<v1::Theme>(1 + pick(3)));
  v1::Date day;
  const CivilDate on = LondonDate(at);
  day.set_year(on.year);
  day.set_month(on.month);
  day.set_day(on.day);
  switch (pick(9)) {
    case 0:
      event.mutable_incident_reported()->set_physical_harm(static_cast<v1::Harm>(1 + pick(5)));
      event.mutable_incident_reported()->set_provider_cause(true);
      event.mutable_incident_reported()->set_continuing_exposure(pick(2) == 0);
      break;
    case 1:
      event.mutable_safeguarding_concern_raised()->set_adults(1);
      break;
    case 2:
      event.mutable_contract_notice_served()->set_notice(
          static_cast<v1::ContractNoticeServed::Notice>(1 + pick(4)));
      break;
    case 3:
      event.mutable_cqc_enforcement_action_recorded()->set_action(
          static_cast<v1::EnforcementKind>(1 + pick(12)));
      break;
    case 4:
      event.mutable_cqc_enforcement_action_closed()->mutable_action()->set_id(
          "r" + std::to_string(pick(n + 1)));
      break;
    case 5:
      event.mutable_plan_action_agreed()->mutable_due_on()->CopyFrom(day);
      break;
    case 6:
      event.mutable_suspension_imposed()->mutable_starts_on()->CopyFrom(day);
      event.mutable_suspension_imposed()->set_scope(v1::SuspensionImposed::SCOPE_WHOLE);
      break;
    case 7:
      event.mutable_immediate_risk_asserted()->set_grade(
          static_cast<v1::ImmediateRiskAsserted::Grade>(1 + pick(2)));
      break;
    default:
      event.set_source(kDecisionSource);
      auto* proposal = event.mutable_decision_proposed();
      proposal->set_kind(v1::DecisionProposed::KIND_MOVE);
      proposal->set_policy_id("herefordshire");
      proposal->set_to_state(pick(2) == 0 ? "LEVEL_2" : "LEVEL_1");
      proposal->set_override(true);
      proposal->set_rationale_code("WHY");
      proposal->set_meeting_id("m");
      for (const char* role : {"TEAM_MANAGER", "MULTI_AGENCY_PANEL"})
        proposal->mutable_actor()->add_roles(role);
  }
  return event;
}

/// A history with corrections and retractions; decisions are based on what the owner knows when it
/// folds them.
class History {
 public:
  explicit History(uint32_t seed) : random_(seed) {}

  v1::Event Next(const Owner& owner) {
    at_ += static_cast<int64_t>(random_() % (12 * static_cast<uint64_t>(kDay)));
    v1::Event event = Anything(&random_, n_++, at_);
    if (random_() % 6 == 0 && !facts_.empty()) {
      event = facts_[random_() % facts_.size()];
      event.set_source_version(VersionOf(event) + 1);
      if (random_() % 2 == 0)
        event.mutable_event_retracted()->set_reason(v1::EventRetracted::REASON_DUPLICATE);
    }
    if (event.has_decision_proposed()) {
      const auto* record = FindPolicyRecord(owner.stream().Expected(), "herefordshire");
      if (record != nullptr) event.mutable_decision_proposed()->set_based_on(record->head());
    } else if (!event.has_event_retracted()) {
      facts_.push_back(event);
    }
    Stamp(at_, &event);
    return event;
  }

 private:
  std::mt19937 random_;
  int64_t at_ = kStart + 30 * kDay;
  int n_ = 0;
  std::vector<v1::Event> facts_;
};

class StreamLaws : public testing::TestWithParam<uint32_t> {
 protected:
  void SetUp() override {
    History history(GetParam());
    owner_.Fold(Registration());
    given_.push_back(Registration());
    for (int i = 0; i < 60; ++i) {
      given_.push_back(history.Next(owner_));
      owner_.Fold(given_.back());
    }
  }

  Owner owner_;
  std::vector<v1::Event> given_;
};

TEST_P(StreamLaws, AFreshFoldComesToTheSameBytes) {
  const auto check = CheckStream("s", owner_.log(), owner_.controls());
  ASSERT_TRUE(check.ok());
  EXPECT_GT(check->recommendations, 0U);
  EXPECT_THAT(check->differences, testing::IsEmpty()) << "seed " << GetParam();
  EXPECT_EQ(CanonicalBytes(check->state), CanonicalBytes(owner_.stream().state));
  EXPECT_EQ(CanonicalBytes(check->record), CanonicalBytes(owner_.stream().record));
}

TEST_P(StreamLaws, AChangedByteIsFound) {
  std::vector<v1::StoredEvent> log = owner_.log();
  for (auto& stored : log) {
    if (!stored.event().has_recommendation()) continue;
    stored.mutable_event()->mutable_recommendation()->set_floor("LEVEL_9");
    break;
  }
  const auto check = CheckStream("s", log, owner_.controls());
  ASSERT_TRUE(check.ok());
  EXPECT_THAT(check->differences, testing::Not(testing::IsEmpty())) << "seed " << GetParam();
}

TEST_P(StreamLaws, RedeliveryChangesNothing) {
  const auto said = owner_.said();
  const std::string state = CanonicalBytes(owner_.stream().state);
  for (const auto& event : given_) {
    if (VersionOf(event) == 1) owner_.Fold(event);
  }
  EXPECT_EQ(owner_.said(), said);
  v1::ProviderState after = owner_.stream().state;
  after.set_revision(owner_.log().size());
  EXPECT_EQ(after.concerns_size(), owner_.stream().state.concerns_size());
  Owner twice;
  for (const auto& event : given_) {
    twice.Fold(event);
    twice.Fold(event);
  }
  EXPECT_EQ(twice.said(), said) << "seed " << GetParam();
  EXPECT_EQ(CanonicalBytes(twice.stream().state), state);
}

TEST_P(StreamLaws, WhatWasKnownThenNeverChanges) {
  for (const size_t part : {size_t{10}, size_t{30}, size_t{50}}) {
    Owner earlier;
    for (size_t i = 0; i < part; ++i) earlier.Fold(given_[i]);
    const int64_t then = ToMicros(given_[part - 1].received_at());
    if (then == ToMicros(given_[part].received_at())) continue;
    const auto before = FoldAsOf("s", earlier.log(), owner_.controls(), {.known_us = then});
    const auto after = FoldAsOf("s", owner_.log(), owner_.controls(), {.known_us = then});
    ASSERT_TRUE(before.ok() && after.ok());
    EXPECT_EQ(CanonicalBytes(before->state), CanonicalBytes(after->state)) << "seed " << GetParam();
    EXPECT_EQ(CanonicalBytes(before->record), CanonicalBytes(after->record))
        << "seed " << GetParam();
  }
}

TEST_P(StreamLaws, ItDoesNotMatterWhatCarriesTimePast) {
  // Without decisions: whether one still finds its basis depends on what was said before it, by
  // design.
  Owner plain;
  Owner ticked;
  for (const auto& event : given_) {
    if (event.has_decision_proposed()) continue;
    plain.Fold(event);
    // The owner appends DeadlinePassed one microsecond after what falls due before the next event.
    for (int i = 0; i < 3; ++i) {
      const int64_t due = ticked.Due();
      if (due == kNever || due + 1 >= ToMicros(event.received_at())) break;
      ticked.Fold(Tick(due + 1));
    }
    ticked.Fold(event);
  }
  EXPECT_TRUE(ticked.said() == plain.said()) << "seed " << GetParam();
}

INSTANTIATE_TEST_SUITE_P(Seeds, StreamLaws, testing::Range(1U, 13U));

TEST(StreamStep, RaisesAnAlertForAServiceThatNobodyRegistered) {
  Owner owner;
  v1::Event event;
  event.set_source("a/x");
  event.set_id("risk");
  event.mutable_immediate_risk_asserted()->set_grade(v1::ImmediateRiskAsserted::GRADE_IMMEDIATE);
  Stamp(kStart, &event);
  owner.Fold(event);
  EXPECT_EQ(owner.stream().record.alerts_size(), 1);
}

// Rule: 2.6. The levels of a service follow from who commissions it on the day.
TEST(StreamStep, AnAffiliationThatEndsIsATimerAndChangesNoPastAnswer) {
  constexpr CivilDate kLast = {2026, 6, 30};
  const int64_t end = LondonMidnight(AddDays(kLast, 1));
  v1::Event event = Registration();
  event.mutable_service_registered()->clear_commissioners();
  auto* one = event.mutable_service_registered()->add_affiliations();
  one->set_relation(v1::Affiliation::RELATION_COMMISSIONER);
  one->set_organisation("herefordshire-council");
  one->mutable_ends_on()->set_year(kLast.year);
  one->mutable_ends_on()->set_month(kLast.month);
  one->mutable_ends_on()->set_day(kLast.day);
  Stamp(end - 10 * kDay, &event);
  Owner owner;
  owner.Fold(event);
  const auto commissioners = [](const v1::ProviderState& state) {
    return state.service().commissioners_size();
  };
  EXPECT_EQ(commissioners(owner.stream().state), 1);
  ASSERT_EQ(owner.Due(), end);
  const auto before = FoldAsOf("s", owner.log(), owner.controls(), {.known_us = end - 1});
  const auto ahead = FoldAsOf("s", owner.log(), owner.controls(), {.known_us = end});
  owner.Fold(Tick(end + 1));
  EXPECT_EQ(commissioners(owner.stream().state), 0);
  EXPECT_NE(owner.Due(), end);
  const auto after = FoldAsOf("s", owner.log(), owner.controls(), {.known_us = end - 1});
  const auto on_the_day = FoldAsOf("s", owner.log(), owner.controls(), {.known_us = end});
  ASSERT_TRUE(before.ok() && ahead.ok() && after.ok() && on_the_day.ok());
  EXPECT_EQ(commissioners(before->state), 1);
  EXPECT_EQ(commissioners(ahead->state), 0) << "asked at midnight, before the timer came";
  EXPECT_EQ(CanonicalBytes(before->state), CanonicalBytes(after->state));
  EXPECT_EQ(CanonicalBytes(ahead->state), CanonicalBytes(on_the_day->state));
  const auto check = CheckStream("s", owner.log(), owner.controls());
  ASSERT_TRUE(check.ok());
  EXPECT_THAT(check->differences, testing::IsEmpty());
  EXPECT_EQ(CanonicalBytes(check->state), CanonicalBytes(owner.stream().state));
}

TEST(StreamStep, AnAcknowledgedAlertGoesToNoFurtherTier) {
  for (const bool acknowledged : {false, true}) {
    Owner owner;
    owner.Fold(Registration());
    v1::Event event;
    event.set_source("a/x");
    event.set_id("risk");
    event.mutable_immediate_risk_asserted()->set_grade(v1::ImmediateRiskAsserted::GRADE_IMMEDIATE);
    Stamp(kStart + kDay, &event);
    owner.Fold(event);
    ASSERT_EQ(owner.stream().record.alerts_size(), 1);
    if (acknowledged) {
      v1::Event answer;
      answer.set_source(kDecisionSource);
      answer.set_id("ack");
      answer.mutable_alert_acknowledged()->set_alert_id(
          owner.stream().record.alerts(0).alert().alert_id());
      Stamp(kStart + kDay + kMicrosPerHour, &answer);
      owner.Fold(answer);
    }
    owner.Fold(Tick(kStart + 5 * kDay));
    EXPECT_EQ(owner.stream().record.alerts_size(), acknowledged ? 1 : 3);
  }
}

TEST(PackFile, RefusesAKeyThatAPackDoesNotHave) {
  const auto pack = PackFromYaml("id: p\nversion: 1\ncolour: red\n");
  ASSERT_FALSE(pack.ok());
  EXPECT_THAT(std::string(pack.status().message()), testing::HasSubstr("colour"));
  EXPECT_FALSE(PackFromYaml("id: [").ok());
  EXPECT_FALSE(FindPack("no-such-pack", kPacks).ok());
}

TEST(PackFile, ReadsWhatIsDeployed) {
  const auto packs = ReadPackDirectory(kPacks);
  ASSERT_TRUE(packs.ok()) << packs.status().message();
  for (const auto& pack : *packs) EXPECT_TRUE(CompiledPack::Compile(pack).ok()) << pack.id();
}

}  // namespace
}  // namespace trigpoint
