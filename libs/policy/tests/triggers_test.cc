// The measures that the triggers of enhanced monitoring are made of (S3 5.2.1): TRUE, FALSE and
// UNKNOWN of each.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "trigpoint/base/time.h"
#include "trigpoint/domain/evolve.h"
#include "trigpoint/events/times.h"
#include "trigpoint/policy/measure.h"

namespace trigpoint {
namespace {

const int64_t kNow = LondonMidnight({2026, 6, 1});  // NOLINT(cert-err58-cpp)

using Numbers = std::vector<std::pair<std::string, double>>;

v1::EventRef Ref(const std::string& id) {
  v1::EventRef ref;
  ref.set_source("s");
  ref.set_id(id);
  return ref;
}

class TriggersTest : public testing::Test {
 protected:
  static v1::Event Event(const std::string& id, int64_t days_ago) {
    v1::Event event;
    event.set_source("s");
    event.set_id(id);
    event.set_source_version(1);
    SetMicros(kNow - days_ago * kMicrosPerDay, event.mutable_occurred_at());
    return event;
  }
  void Fold(const v1::Event& event) { EvolveFacts(event, kNow - 1, &state_); }

  MeasureResult Ask(const std::string& measure, const Numbers& numbers = {},
                    const std::vector<std::string>& values = {}) {
    const MeasureArguments arguments{.values = values, .families = {}, .numbers = numbers};
    return FindMeasure(measure)->evaluate(arguments, Context());
  }
  MeasureContext Context() const {
    return {.state = state_,
            .record = record_,
            .baselines = {},
            .policy_id = {},
            .decided_state = {},
            .as_of_us = kNow};
  }

  void Scored(const std::string& id, int64_t days_ago, uint32_t likelihood, uint32_t consequence) {
    v1::Event event = Event(id, days_ago);
    auto* score = event.mutable_risk_profile_scored()->mutable_score();
    score->set_likelihood(likelihood);
    score->set_consequence(consequence);
    Fold(event);
  }
  void Rescored(const std::string& id, int64_t days_ago, uint32_t likelihood,
                v1::RiskScore::Trajectory trajectory) {
    v1::Event event = Event(id, days_ago);
    auto* rescored = event.mutable_risk_register_entry_rescored();
    *rescored->mutable_entry() = Ref("risk");
    rescored->mutable_score()->set_likelihood(likelihood);
    rescored->mutable_score()->set_consequence(4);
    rescored->mutable_score()->set_trajectory(trajectory);
    Fold(event);
  }
  void Registered(uint32_t likelihood) {
    v1::Event event = Event("risk", 100);
    auto* score = event.mutable_risk_register_entry_recorded()->mutable_score();
    score->set_likelihood(likelihood);
    score->set_consequence(4);
    Fold(event);
  }
  void Incident(const std::string& id, int64_t days_ago, v1::Harm harm) {
    v1::Event event = Event(id, days_ago);
    event.mutable_incident_reported()->set_physical_harm(harm);
    Fold(event);
  }

  v1::ProviderState state_;
  v1::ProviderRecord record_;
};

// P-T01
TEST_F(TriggersTest, TheLastRiskScoreStands) {
  EXPECT_EQ(Ask("risk_score_at_least", {{"score", 15}}).value, Truth::kUnknown);
  Scored("old", 20, 5, 5);
  EXPECT_EQ(Ask("risk_score_at_least", {{"score", 15}}).value, Truth::kTrue);
  Scored("new", 10, 2, 5);
  EXPECT_EQ(Ask("risk_score_at_least", {{"score", 15}}).value, Truth::kFalse);
}

// P-T01
TEST_F(TriggersTest, ARiskRisesFromTheLowestBandThatStoodInTheWindow) {
  const Numbers two_bands = {{"bands", 2}, {"days", 90}};
  EXPECT_EQ(Ask("risk_score_rising", two_bands).value, Truth::kUnknown);
  Scored("long-ago", 400, 1, 1);
  Scored("at-the-start", 91, 2, 2);
  EXPECT_EQ(Ask("risk_score_rising", two_bands).value, Truth::kFalse);
  Scored("one-band", 30, 3, 3);
  EXPECT_EQ(Ask("risk_score_rising", two_bands).value, Truth::kFalse);
  Scored("two-bands", 10, 5, 3);
  const MeasureResult risen = Ask("risk_score_rising", two_bands);
  EXPECT_EQ(risen.value, Truth::kTrue);
  ASSERT_EQ(risen.evidence.size(), 2U);
  EXPECT_EQ(risen.evidence[0].id(), "at-the-start");
}

// P-T02
TEST_F(TriggersTest, AnOpenRiskCountsAndAClosedOneDoesNot) {
  EXPECT_EQ(Ask("risk_register_score_at_least", {{"score", 15}}).value, Truth::kUnknown);
  Registered(2);
  EXPECT_EQ(Ask("risk_register_score_at_least", {{"score", 15}}).value, Truth::kFalse);
  Rescored("higher", 50, 4, v1::RiskScore::TRAJECTORY_STABLE);
  EXPECT_EQ(Ask("risk_register_score_at_least", {{"score", 15}}).value, Truth::kTrue);
  v1::Event closed = Event("closed", 10);
  *closed.mutable_risk_register_entry_closed()->mutable_entry() = Ref("risk");
  Fold(closed);
  EXPECT_EQ(Ask("risk_register_score_at_least", {{"score", 15}}).value, Truth::kFalse);
}

// P-T02
TEST_F(TriggersTest, ARiskThatRisesTwiceInARowIsRising) {
  const Numbers twice = {{"score", 12}, {"times", 2}};
  EXPECT_EQ(Ask("risk_register_rising", twice).value, Truth::kUnknown);
  Registered(2);
  Rescored("once", 50, 3, v1::RiskScore::TRAJECTORY_STABLE);
  EXPECT_EQ(Ask("risk_register_rising", twice).value, Truth::kFalse);
  Rescored("twice", 40, 3, v1::RiskScore::TRAJECTORY_DETERIORATING);
  EXPECT_EQ(Ask("risk_register_rising", twice).value, Truth::kTrue);
  Rescored("stable", 30, 3, v1::RiskScore::TRAJECTORY_STABLE);
  EXPECT_EQ(Ask("risk_register_rising", twice).value, Truth::kFalse);
}

// P-T01
TEST_F(TriggersTest, AClosureStands) {
  EXPECT_EQ(Ask("closure_or_termination_notified").value, Truth::kFalse);
  v1::Event event = Event("closure", 300);
  event.mutable_closure_or_termination_notified()->set_what(
      v1::ClosureOrTerminationNotified::WHAT_SERVICE_CLOSURE);
  Fold(event);
  EXPECT_EQ(Ask("closure_or_termination_notified").value, Truth::kTrue);
}

// P-T03
TEST_F(TriggersTest, APlanIsClosedUnmetWithoutSignOffOrWithAMilestoneMissed) {
  EXPECT_EQ(Ask("plan_closed_unmet").value, Truth::kNotApplicable);
  v1::Event closed = Event("closed", 50);
  *closed.mutable_improvement_plan_closed()->mutable_plan() = Ref("plan");
  closed.mutable_improvement_plan_closed()->set_signed_off_by_role("PANEL");
  Fold(closed);
  EXPECT_EQ(Ask("plan_closed_unmet").value, Truth::kFalse);
  v1::Event missed = Event("missed", 60);
  *missed.mutable_milestone_missed()->mutable_plan() = Ref("plan");
  Fold(missed);
  EXPECT_EQ(Ask("plan_closed_unmet").evidence.size(), 2U);
  v1::Event next = Event("next-plan", 40);
  next.mutable_improvement_plan_agreed()->set_plan_ref("next");
  Fold(next);
  EXPECT_EQ(Ask("plan_closed_unmet").value, Truth::kFalse);
  v1::Event unsigned_plan = Event("unsigned", 30);
  *unsigned_plan.mutable_improvement_plan_closed()->mutable_plan() = Ref("next-plan");
  Fold(unsigned_plan);
  EXPECT_EQ(Ask("plan_closed_unmet").value, Truth::kTrue);
}

// P-T05b
TEST_F(TriggersTest, SeriousIncidentsAreComparedWithTheServicesOwnPast) {
  const Numbers rate = {{"alpha", 0.025}, {"baseline_days", 365}, {"harm", 2},
                        {"min_count", 3}, {"peer_min_n", 5},      {"window_days", 90}};
  EXPECT_EQ(Ask("elevated_harm", rate).value, Truth::kUnknown);
  Incident("past", 600, v1::HARM_LOW);
  EXPECT_EQ(Ask("elevated_harm", rate).value, Truth::kFalse);
  for (int i = 0; i < 3; ++i) Incident("low-" + std::to_string(i), 20 + 9 * i, v1::HARM_LOW);
  EXPECT_EQ(Ask("elevated_harm", rate).value, Truth::kFalse);
  for (int i = 0; i < 3; ++i) Incident("bad-" + std::to_string(i), 21 + 9 * i, v1::HARM_MODERATE);
  const MeasureResult elevated = Ask("elevated_harm", rate);
  EXPECT_EQ(elevated.value, Truth::kTrue);
  EXPECT_EQ(elevated.evidence.size(), 3U);
}

// PERSIST
TEST_F(TriggersTest, PersistenceNeedsBothWindows) {
  MeasureArguments arguments{.values = {},
                             .families = {v1::SOURCE_FAMILY_INCIDENT},
                             .numbers = {{"alpha", 0.025},
                                         {"baseline_days", 365},
                                         {"min_count", 3},
                                         {"peer_min_n", 5},
                                         {"window_days", 90}}};
  const auto persists = [&] {
    return FindMeasure("persistently_elevated")->evaluate(arguments, Context()).value;
  };
  EXPECT_EQ(persists(), Truth::kUnknown);
  Incident("past", 790, v1::HARM_LOW);
  EXPECT_EQ(persists(), Truth::kFalse);
  for (int i = 0; i < 9; ++i) Incident("now-" + std::to_string(i), 1 + 9 * i, v1::HARM_LOW);
  EXPECT_EQ(persists(), Truth::kFalse);
  for (int i = 0; i < 4; ++i) Incident("before-" + std::to_string(i), 95 + 9 * i, v1::HARM_LOW);
  EXPECT_EQ(persists(), Truth::kTrue);
}

// P-T06
TEST_F(TriggersTest, MortalityIsThatOfTheLatestPeriod) {
  EXPECT_EQ(Ask("mortality_higher_than_expected").value, Truth::kUnknown);
  state_.mutable_service()->set_service_type(v1::SERVICE_TYPE_CARE_HOME_NURSING);
  EXPECT_EQ(Ask("mortality_higher_than_expected").value, Truth::kNotApplicable);
  const auto publish = [this](const std::string& id, int year, auto band) {
    v1::Event event = Event(id, 10);
    event.mutable_mortality_indicator_published()->set_band(band);
    auto* end = event.mutable_mortality_indicator_published()->mutable_period_end();
    end->set_year(year);
    end->set_month(3);
    end->set_day(31);
    Fold(event);
  };
  using Mortality = v1::MortalityIndicatorPublished;
  publish("b", 2025, Mortality::BAND_HIGHER_THAN_EXPECTED);
  EXPECT_EQ(Ask("mortality_higher_than_expected").value, Truth::kTrue);
  publish("a", 2026, Mortality::BAND_AS_EXPECTED);
  EXPECT_EQ(Ask("mortality_higher_than_expected").value, Truth::kFalse);
}

// P-T07
TEST_F(TriggersTest, AStatutoryReviewCountsByItsKindAndAge) {
  const std::vector<std::string> kinds = {"STATUTORY_REVIEW_SAFEGUARDING_ADULT"};
  const auto review = [&] {
    return Ask("statutory_review_commissioned", {{"days", 365}}, kinds).value;
  };
  EXPECT_EQ(review(), Truth::kFalse);
  v1::Event other = Event("other", 5);
  other.mutable_statutory_review_commissioned()->set_review(v1::STATUTORY_REVIEW_LEDER);
  Fold(other);
  v1::Event old = Event("old", 366);
  old.mutable_statutory_review_commissioned()->set_review(v1::STATUTORY_REVIEW_SAFEGUARDING_ADULT);
  Fold(old);
  EXPECT_EQ(review(), Truth::kFalse);
  v1::Event adult = Event("adult", 364);
  adult.mutable_statutory_review_commissioned()->set_review(
      v1::STATUTORY_REVIEW_SAFEGUARDING_ADULT);
  Fold(adult);
  EXPECT_EQ(review(), Truth::kTrue);
}

// P-T08
TEST_F(TriggersTest, OnlyAdverseMediaCount) {
  EXPECT_EQ(Ask("adverse_media", {{"days", 90}}).value, Truth::kUnknown);
  v1::Event kind_words = Event("praise", 5);
  kind_words.mutable_media_item_assessed()->set_tone(v1::ProviderFeedbackReceived::TONE_POSITIVE);
  Fold(kind_words);
  EXPECT_EQ(Ask("adverse_media", {{"days", 90}}).value, Truth::kFalse);
  v1::Event adverse = Event("adverse", 5);
  adverse.mutable_media_item_assessed()->set_tone(v1::ProviderFeedbackReceived::TONE_NEGATIVE);
  Fold(adverse);
  EXPECT_EQ(Ask("adverse_media", {{"days", 90}}).value, Truth::kTrue);
}

// P-T10
TEST_F(TriggersTest, AStatutoryNoticeCountsForItsDays) {
  EXPECT_EQ(Ask("statutory_notice", {{"days", 180}}).value, Truth::kFalse);
  v1::Event notice = Event("notice", 179);
  notice.mutable_statutory_notice_received()->set_notice(
      v1::StatutoryNoticeReceived::NOTICE_PREVENTION_OF_FUTURE_DEATHS);
  Fold(notice);
  EXPECT_EQ(Ask("statutory_notice", {{"days", 180}}).value, Truth::kTrue);
  EXPECT_EQ(Ask("statutory_notice", {{"days", 179}}).value, Truth::kFalse);
}

// P-T11
TEST_F(TriggersTest, APoliceInvestigationCountsWhileItIsLive) {
  EXPECT_EQ(Ask("police_investigation_live").value, Truth::kFalse);
  v1::Event police = Event("case", 400);
  police.mutable_police_involvement_recorded()->set_investigation_live(true);
  Fold(police);
  EXPECT_EQ(Ask("police_investigation_live").value, Truth::kTrue);
  police.set_source_version(2);
  police.mutable_police_involvement_recorded()->set_investigation_live(false);
  Fold(police);
  EXPECT_EQ(Ask("police_investigation_live").value, Truth::kFalse);
}

// P-T12
TEST_F(TriggersTest, NeverEventsCountThoughAReviewDealtWithThem) {
  const Numbers two = {{"count", 2}, {"days", 365}};
  EXPECT_EQ(Ask("never_events_within", two).value, Truth::kUnknown);
  Incident("plain", 10, v1::HARM_LOW);
  EXPECT_EQ(Ask("never_events_within", two).value, Truth::kFalse);
  for (const int days_ago : {300, 100}) {
    v1::Event event = Event("never-" + std::to_string(days_ago), days_ago);
    event.mutable_incident_reported()->set_never_event(v1::NEVER_EVENT_TYPE_SCALDING);
    Fold(event);
  }
  v1::Event review = Event("review", 5);
  review.mutable_rapid_quality_review_held()->set_closed(true);
  Fold(review);
  EXPECT_EQ(Ask("never_events_within", two).value, Truth::kTrue);
}

// P-T13
TEST_F(TriggersTest, AnEscalationCountsForItsDays) {
  EXPECT_EQ(Ask("escalated_to_governing_body", {{"days", 365}}).value, Truth::kFalse);
  v1::Event escalated = Event("escalated", 364);
  escalated.mutable_escalated_to_governing_body()->set_body("Governing Body");
  Fold(escalated);
  EXPECT_EQ(Ask("escalated_to_governing_body", {{"days", 365}}).value, Truth::kTrue);
  EXPECT_EQ(Ask("escalated_to_governing_body", {{"days", 364}}).value, Truth::kFalse);
}

// S_TRIG
TEST_F(TriggersTest, OnlyALargeScaleEnquiryIsOne) {
  EXPECT_EQ(Ask("large_scale_enquiry", {{"days", 365}}).value, Truth::kUnknown);
  v1::Event small = Event("small", 10);
  small.mutable_safeguarding_enquiry_opened()->set_adults(1);
  Fold(small);
  EXPECT_EQ(Ask("large_scale_enquiry", {{"days", 365}}).value, Truth::kFalse);
  v1::Event large = Event("large", 10);
  large.mutable_safeguarding_enquiry_opened()->set_large_scale(true);
  Fold(large);
  EXPECT_EQ(Ask("large_scale_enquiry", {{"days", 365}}).value, Truth::kTrue);
}

}  // namespace
}  // namespace trigpoint
