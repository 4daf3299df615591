// History between its brackets: assessed as it would have been, heard by nobody; what still holds
// at the end is raised then, once (design 2).
#include <string>
#include <vector>

#include "owner.h"
#include "trigpoint/engine/replay.h"
#include "trigpoint/engine/summary.h"

namespace trigpoint {
namespace {

const int64_t kNow = kStart + 400 * kDay;  // NOLINT

v1::Event Bracket(const std::string& id, bool start, int64_t at) {
  v1::Event event;
  event.set_source("history");
  event.set_id(id);
  if (start) {
    event.mutable_backfill_started()->set_batch("b");
  } else {
    event.mutable_backfill_ended()->set_batch("b");
  }
  Stamp(at, &event);
  return event;
}

v1::Event ImmediateRisk(const std::string& id, int64_t at, v1::Theme theme = v1::THEME_NEGLECT) {
  v1::Event event;
  event.set_source("council/safeguarding");
  event.set_id(id);
  event.set_source_organisation("council");
  event.add_themes(theme);
  auto* risk = event.mutable_immediate_risk_asserted();
  risk->set_grade(v1::ImmediateRiskAsserted::GRADE_IMMEDIATE);
  risk->set_asserted_by_role("safeguarding lead");
  risk->set_rapid_sharing_requested(true);
  SetMicros(at, event.mutable_occurred_at());
  Stamp(at, &event);
  return event;
}

/// Alerts of the record: historic ones apart.
std::vector<v1::RapidQualityReviewAlert> Alerts(const Owner& owner, bool historic) {
  std::vector<v1::RapidQualityReviewAlert> found;
  for (const auto& alert : owner.stream().record.alerts()) {
    if (alert.alert().historic() == historic) found.push_back(alert.alert());
  }
  return found;
}

TEST(Backfill, AnAlertOfThePastStaysIn) {
  Owner owner;
  owner.Fold(Bracket("start", true, kStart));
  owner.Fold(Registration());
  owner.Fold(ImmediateRisk("r1", kStart + 20 * kDay));
  ASSERT_EQ(Alerts(owner, true).size(), 1U);
  EXPECT_FALSE(Alerts(owner, true)[0].dispatch());
  EXPECT_TRUE(Alerts(owner, false).empty());
  owner.Fold(Bracket("end", false, kNow));
  EXPECT_TRUE(Alerts(owner, false).empty()) << "380 days later nobody asserts a risk any more";
  const v1::ProviderState& state = owner.stream().state;
  const auto in_force = owner.controls().At(state, state.known_us());
  EXPECT_EQ(Summarise(state, owner.stream().record, *in_force).open_alerts(), 0U);
}

TEST(Backfill, WhatStillHoldsAtTheEndIsRaisedThenOnce) {
  Owner owner;
  owner.Fold(Bracket("start", true, kStart));
  owner.Fold(Registration());
  owner.Fold(ImmediateRisk("r1", kNow - 3 * kDay));
  EXPECT_TRUE(Alerts(owner, false).empty());
  owner.Fold(Bracket("end", false, kNow));
  ASSERT_EQ(Alerts(owner, false).size(), 1U);
  EXPECT_TRUE(Alerts(owner, false)[0].dispatch());
  EXPECT_EQ(Alerts(owner, false)[0].kind(), v1::RapidQualityReviewAlert::KIND_RAISED);
  EXPECT_GT(ToMicros(Alerts(owner, false)[0].acknowledge_by()), kNow);
  // Loaded again, nothing more goes out.
  owner.Fold(Bracket("start again", true, kStart));
  owner.Fold(ImmediateRisk("r1", kNow - 3 * kDay));
  owner.Fold(Bracket("end again", false, kNow + kMicrosPerHour));
  EXPECT_EQ(Alerts(owner, false).size(), 1U);
}

TEST(Backfill, ALiveAlertThatFellDueMeanwhileGoesToTheNextTierAtTheEnd) {
  Owner owner;
  owner.Fold(Registration());
  owner.Fold(ImmediateRisk("r1", kNow));
  ASSERT_EQ(Alerts(owner, false).size(), 1U);
  owner.Fold(Bracket("start", true, kStart));
  owner.Fold(Bracket("end", false, kNow + kDay));
  ASSERT_EQ(Alerts(owner, false).size(), 2U);
  EXPECT_EQ(Alerts(owner, false)[1].kind(), v1::RapidQualityReviewAlert::KIND_NEXT_TIER);
  EXPECT_TRUE(Alerts(owner, false)[1].dispatch());
}

TEST(Backfill, RecommendationsArePartOfTheHistory) {
  Owner owner;
  owner.Fold(Bracket("start", true, kStart));
  owner.Fold(Registration());
  v1::Event suspension;
  suspension.set_source("council/contracts");
  suspension.set_id("s1");
  suspension.mutable_suspension_imposed()->set_scope(v1::SuspensionImposed::SCOPE_WHOLE);
  auto* on = suspension.mutable_suspension_imposed()->mutable_starts_on();
  on->set_year(2024);
  on->set_month(1);
  on->set_day(2);
  Stamp(kStart + kDay, &suspension);
  owner.Fold(suspension);
  owner.Fold(Bracket("end", false, kNow));
  const auto& policies = owner.stream().record.policies();
  ASSERT_FALSE(policies.empty());
  // More than three calendar months after it began (H-L3-7), not when the history was loaded.
  EXPECT_EQ(policies[0].recommendation().target_state(), "LEVEL_3");
  EXPECT_LT(policies[0].recommended_us(), kStart + 120 * kDay);
}

TEST(Backfill, TheEndOfAnotherBatchEndsNothing) {
  Owner owner;
  owner.Fold(Bracket("start", true, kStart));
  owner.Fold(Registration());
  v1::Event other = Bracket("end", false, kNow);
  other.mutable_backfill_ended()->set_batch("other");
  owner.Fold(other);
  EXPECT_EQ(owner.stream().state.backfill(), "b");
}

TEST(Backfill, AFreshFoldGivesTheSameBytes) {
  Owner owner;
  owner.Fold(Bracket("start", true, kStart));
  owner.Fold(Registration());
  owner.Fold(ImmediateRisk("r1", kNow - 40 * kDay, v1::THEME_FALLS));
  owner.Fold(ImmediateRisk("r2", kNow - 3 * kDay));
  owner.Fold(Bracket("end", false, kNow));
  const auto check = CheckStream("s", owner.log(), owner.controls());
  ASSERT_TRUE(check.ok());
  EXPECT_GT(check->recommendations, 0U);
  EXPECT_THAT(check->differences, ::testing::IsEmpty());
}

}  // namespace
}  // namespace trigpoint
