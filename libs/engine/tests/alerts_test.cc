// Which alerts follow from reports of one incident, as it goes on: each change is told once.
#include <string>
#include <vector>

#include "owner.h"
#include "trigpoint/engine/replay.h"

namespace trigpoint {
namespace {

const int64_t kToday = kStart + 400 * kDay;  // NOLINT
constexpr char kIncident[] = "incident-7";

v1::Event Risk(const std::string& id, int64_t at, v1::ImmediateRiskAsserted::Grade grade,
               const std::string& incident_key = kIncident) {
  v1::Event event;
  event.set_source("council/safeguarding");
  event.set_id(id);
  event.set_source_version(1);
  event.set_source_organisation("council");
  event.set_incident_key(incident_key);
  event.add_themes(v1::THEME_NEGLECT);
  auto* risk = event.mutable_immediate_risk_asserted();
  risk->set_grade(grade);
  risk->set_asserted_by_role("safeguarding lead");
  risk->set_rapid_sharing_requested(true);
  SetMicros(at, event.mutable_occurred_at());
  Stamp(at, &event);
  return event;
}

v1::Event ReviewClosed(const std::string& id, int64_t at) {
  v1::Event event;
  event.set_source("icb/quality");
  event.set_id(id);
  event.set_source_version(1);
  event.mutable_rapid_quality_review_held()->set_closed(true);
  SetMicros(at, event.mutable_occurred_at());
  Stamp(at, &event);
  return event;
}

/// What people answered to an alert, still without the answer.
v1::Event Answer(const std::string& what, const std::string& alert_id, int64_t at) {
  v1::Event event;
  event.set_source(kDecisionSource);
  event.set_id(what + "/" + alert_id);
  Stamp(at, &event);
  return event;
}

v1::Event Declined(const std::string& alert_id, int64_t at) {
  v1::Event event = Answer("declined", alert_id, at);
  event.mutable_alert_declined()->set_alert_id(alert_id);
  event.mutable_alert_declined()->set_reason("the risk summit covers it");
  event.mutable_alert_declined()->mutable_actor()->set_principal("a.jones");
  return event;
}

v1::Event Acknowledged(const std::string& alert_id, int64_t at) {
  v1::Event event = Answer("acknowledged", alert_id, at);
  event.mutable_alert_acknowledged()->set_alert_id(alert_id);
  return event;
}

class AlertsTest : public testing::Test {
 protected:
  void SetUp() override { owner_.Fold(Registration()); }

  /// Alerts told so far, without those that only went up a tier.
  std::vector<v1::RapidQualityReviewAlert> Told() const {
    std::vector<v1::RapidQualityReviewAlert> told;
    for (const auto& alert : owner_.stream().record.alerts()) {
      if (alert.alert().kind() != v1::RapidQualityReviewAlert::KIND_NEXT_TIER)
        told.push_back(alert.alert());
    }
    return told;
  }
  const v1::AlertRecord& Alert(int index) const { return owner_.stream().record.alerts(index); }
  int Alerts() const { return owner_.stream().record.alerts_size(); }
  void ExpectVerified() const {
    const auto check = CheckStream("s", owner_.log(), owner_.controls());
    ASSERT_TRUE(check.ok()) << check.status();
    EXPECT_THAT(check->differences, testing::IsEmpty());
  }

  Owner owner_;
};

// Rule: R-RQR
TEST_F(AlertsTest, FurtherReportsOfOneIncidentRaiseNoFurtherAlert) {
  owner_.Fold(Risk("r1", kToday, v1::ImmediateRiskAsserted::GRADE_IMMEDIATE));
  ASSERT_EQ(Told().size(), 1U);
  owner_.Fold(Risk("r2", kToday + kMicrosPerHour, v1::ImmediateRiskAsserted::GRADE_IMMEDIATE));
  owner_.Fold(Risk("r1", kToday, v1::ImmediateRiskAsserted::GRADE_IMMEDIATE));
  EXPECT_EQ(Told().size(), 1U);
  ExpectVerified();
}

// Rule: R-RQR; a proof cites at most 200 reports, an alert follows from each all the same.
TEST_F(AlertsTest, NoReportIsPassedOverBecauseManyOthersOccurredAfterIt) {
  constexpr size_t kMany = 210;
  for (size_t n = 0; n < kMany; ++n) {
    owner_.Fold(Risk("later-" + std::to_string(n), kToday + kMicrosPerHour,
                     v1::ImmediateRiskAsserted::GRADE_IMMEDIATE, ""));
  }
  ASSERT_EQ(Told().size(), kMany);
  v1::Event late = Risk("earlier", kToday, v1::ImmediateRiskAsserted::GRADE_IMMEDIATE, "");
  Stamp(kToday + 2 * kMicrosPerHour, &late);
  owner_.Fold(late);
  ASSERT_EQ(Told().size(), kMany + 1);
  EXPECT_EQ(Told().back().evidence(0).id(), "earlier");
  ExpectVerified();
}

// Rule: R-RQR
TEST_F(AlertsTest, AnIncidentThatBecomesImmediateIsDispatchedAgainOnce) {
  owner_.Fold(Risk("r1", kToday, v1::ImmediateRiskAsserted::GRADE_SIGNIFICANT));
  ASSERT_EQ(Told().size(), 1U);
  EXPECT_FALSE(Told()[0].immediate());
  owner_.Fold(Risk("r2", kToday + kMicrosPerHour, v1::ImmediateRiskAsserted::GRADE_IMMEDIATE));
  ASSERT_EQ(Told().size(), 2U);
  EXPECT_TRUE(Told()[1].immediate());
  EXPECT_TRUE(Told()[1].dispatch());
  EXPECT_EQ(Told()[1].kind(), v1::RapidQualityReviewAlert::KIND_CLUSTER_ATTACHED);
  EXPECT_EQ(Told()[1].attached_to(), Told()[0].alert_id());
  owner_.Fold(Risk("r3", kToday + 2 * kMicrosPerHour, v1::ImmediateRiskAsserted::GRADE_IMMEDIATE));
  owner_.Fold(
      Risk("r4", kToday + 3 * kMicrosPerHour, v1::ImmediateRiskAsserted::GRADE_SIGNIFICANT));
  EXPECT_EQ(Told().size(), 2U);
  ExpectVerified();
}

// Rule: R-RQR
TEST_F(AlertsTest, WhatIsReportedAfterTheReviewOfAnIncidentIsRaisedAnewOnce) {
  owner_.Fold(Risk("r1", kToday, v1::ImmediateRiskAsserted::GRADE_IMMEDIATE));
  owner_.Fold(ReviewClosed("review", kToday + kDay));
  EXPECT_EQ(Told().size(), 1U) << "it was looked at";
  owner_.Fold(Risk("r2", kToday + 2 * kDay, v1::ImmediateRiskAsserted::GRADE_IMMEDIATE));
  ASSERT_EQ(Told().size(), 2U);
  EXPECT_EQ(Told()[1].kind(), v1::RapidQualityReviewAlert::KIND_RAISED);
  EXPECT_TRUE(Told()[1].dispatch());
  EXPECT_NE(Told()[1].alert_id(), Told()[0].alert_id());
  owner_.Fold(Risk("r3", kToday + 3 * kDay, v1::ImmediateRiskAsserted::GRADE_IMMEDIATE));
  EXPECT_EQ(Told().size(), 2U);
  owner_.Fold(ReviewClosed("another review", kToday + 4 * kDay));
  owner_.Fold(Risk("r4", kToday + 5 * kDay, v1::ImmediateRiskAsserted::GRADE_IMMEDIATE));
  EXPECT_EQ(Told().size(), 3U);
  ExpectVerified();
}

// domain.md 2.5: a decline is never silent.
TEST_F(AlertsTest, ADeclinedAlertGoesToTheNextTierAtOnceAndNotAgain) {
  // Given an alert that is due in four hours
  owner_.Fold(Risk("r1", kToday, v1::ImmediateRiskAsserted::GRADE_IMMEDIATE));
  ASSERT_EQ(Alerts(), 1);
  // When somebody declines it after an hour
  owner_.Fold(Declined(Alert(0).alert().alert_id(), kToday + kMicrosPerHour));
  // Then the next tier is told in that instant
  ASSERT_EQ(Alerts(), 2);
  EXPECT_EQ(Alert(1).alert().kind(), v1::RapidQualityReviewAlert::KIND_NEXT_TIER);
  EXPECT_EQ(Alert(1).alert().tier(), 2U);
  EXPECT_TRUE(Alert(1).alert().dispatch());
  EXPECT_EQ(Alert(1).raised_us(), kToday + kMicrosPerHour);
  EXPECT_EQ(Alert(0).declined().reason(), "the risk summit covers it");
  // And what somebody of that tier has in hand goes no further.
  owner_.Fold(Acknowledged(Alert(1).alert().alert_id(), kToday + 2 * kMicrosPerHour));
  owner_.Fold(Tick(kToday + 5 * kDay));
  EXPECT_EQ(Alerts(), 2);
  ExpectVerified();
}

// domain.md 2.5
TEST_F(AlertsTest, WhatEachTierDeclinesEndsWithTheThird) {
  owner_.Fold(Risk("r1", kToday, v1::ImmediateRiskAsserted::GRADE_IMMEDIATE));
  for (int tier = 0; tier < 3; ++tier) {
    ASSERT_EQ(Alerts(), tier + 1);
    owner_.Fold(Declined(Alert(tier).alert().alert_id(), kToday + (tier + 1) * kMicrosPerHour));
  }
  owner_.Fold(Tick(kToday + 5 * kDay));
  EXPECT_EQ(Alerts(), 3);
  ExpectVerified();
}

// domain.md 2.5
TEST_F(AlertsTest, WhoHadItInHandAndDeclinesPassesItOn) {
  owner_.Fold(Risk("r1", kToday, v1::ImmediateRiskAsserted::GRADE_IMMEDIATE));
  owner_.Fold(Acknowledged(Alert(0).alert().alert_id(), kToday + kMicrosPerHour));
  owner_.Fold(Tick(kToday + kDay));
  ASSERT_EQ(Alerts(), 1);
  owner_.Fold(Declined(Alert(0).alert().alert_id(), kToday + kDay + kMicrosPerHour));
  EXPECT_EQ(Alerts(), 2);
  ExpectVerified();
}

// 3.5 rule b: suppressed until evidence changes.
TEST_F(AlertsTest, AnIncidentThatWasDeclinedIsRaisedAnewByWhatTheDeclineDidNotKnowOf) {
  owner_.Fold(Risk("r1", kToday, v1::ImmediateRiskAsserted::GRADE_IMMEDIATE));
  for (int tier = 0; tier < 3; ++tier)
    owner_.Fold(Declined(Alert(tier).alert().alert_id(), kToday + (tier + 1) * kMicrosPerHour));
  // The same report, corrected, is no new evidence.
  v1::Event corrected = Risk("r1", kToday, v1::ImmediateRiskAsserted::GRADE_IMMEDIATE);
  corrected.set_source_version(2);
  corrected.mutable_immediate_risk_asserted()->set_asserted_by_role("safeguarding manager");
  Stamp(kToday + 4 * kMicrosPerHour, &corrected);
  owner_.Fold(corrected);
  EXPECT_EQ(Told().size(), 1U);
  // Another report of the incident is.
  owner_.Fold(Risk("r2", kToday + kDay, v1::ImmediateRiskAsserted::GRADE_IMMEDIATE));
  ASSERT_EQ(Told().size(), 2U);
  EXPECT_EQ(Told()[1].kind(), v1::RapidQualityReviewAlert::KIND_RAISED);
  EXPECT_TRUE(Told()[1].dispatch());
  ExpectVerified();
}

// 3.5 rule b: what the decline knew of is no new evidence.
TEST_F(AlertsTest, ADeclineKnewOfTheReportsThatCameWhileTheAlertWasOpen) {
  owner_.Fold(Risk("r1", kToday, v1::ImmediateRiskAsserted::GRADE_IMMEDIATE));
  owner_.Fold(Risk("r2", kToday + kMicrosPerHour, v1::ImmediateRiskAsserted::GRADE_IMMEDIATE));
  ASSERT_EQ(Alerts(), 1);
  for (int tier = 0; tier < 3; ++tier) {
    owner_.Fold(Declined(Alert(tier).alert().alert_id(), kToday + (tier + 2) * kMicrosPerHour));
    EXPECT_EQ(Alerts(), std::min(tier + 2, 3)) << "the next tier, and nothing beside it";
  }
  ExpectVerified();
}

// domain.md 2.5; design 6 "Alerts": one alert while somebody has it in hand.
TEST_F(AlertsTest, WhatTheNextTierHasInHandIsNotRaisedAnew) {
  owner_.Fold(Risk("r1", kToday, v1::ImmediateRiskAsserted::GRADE_IMMEDIATE));
  owner_.Fold(Declined(Alert(0).alert().alert_id(), kToday + kMicrosPerHour));
  owner_.Fold(Risk("r2", kToday + 2 * kMicrosPerHour, v1::ImmediateRiskAsserted::GRADE_IMMEDIATE));
  EXPECT_EQ(Alerts(), 2) << "the second tier has yet to answer";
  owner_.Fold(Acknowledged(Alert(1).alert().alert_id(), kToday + 3 * kMicrosPerHour));
  owner_.Fold(Risk("r3", kToday + kDay, v1::ImmediateRiskAsserted::GRADE_IMMEDIATE));
  EXPECT_EQ(Alerts(), 2);
  ExpectVerified();
}

// domain.md 2.5: a decline is never silent.
TEST_F(AlertsTest, ADeclineGoesOnThoughAnAttachedAlertIsInHand) {
  owner_.Fold(Risk("r1", kToday, v1::ImmediateRiskAsserted::GRADE_IMMEDIATE));
  owner_.Fold(Risk("other", kToday + kMicrosPerHour, v1::ImmediateRiskAsserted::GRADE_IMMEDIATE,
                   "another incident"));
  ASSERT_EQ(Alerts(), 2);
  ASSERT_EQ(Alert(1).alert().attached_to(), Alert(0).alert().alert_id());
  owner_.Fold(Acknowledged(Alert(1).alert().alert_id(), kToday + 2 * kMicrosPerHour));
  owner_.Fold(Declined(Alert(0).alert().alert_id(), kToday + 3 * kMicrosPerHour));
  ASSERT_EQ(Alerts(), 3);
  EXPECT_EQ(Alert(2).alert().kind(), v1::RapidQualityReviewAlert::KIND_NEXT_TIER);
  ExpectVerified();
}

// design 6 "Alerts": what is attached to an open alert is not sent; to a declined one it would be
// lost.
TEST_F(AlertsTest, NothingIsAttachedToADeclinedAlert) {
  owner_.Fold(Risk("r1", kToday, v1::ImmediateRiskAsserted::GRADE_SIGNIFICANT));
  owner_.Fold(Declined(Alert(0).alert().alert_id(), kToday + kMicrosPerHour));
  owner_.Fold(Risk("other", kToday + kDay, v1::ImmediateRiskAsserted::GRADE_SIGNIFICANT,
                   "another incident"));
  ASSERT_EQ(Told().size(), 2U);
  EXPECT_EQ(Told()[1].kind(), v1::RapidQualityReviewAlert::KIND_RAISED);
  EXPECT_TRUE(Told()[1].dispatch());
  ExpectVerified();
}

}  // namespace
}  // namespace trigpoint
