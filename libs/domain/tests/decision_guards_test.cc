// What a move asks for beside a role: the outcome of a meeting, the end of a hold, urgency; and
// what joint commissioners who disagree leave behind.
#include <gtest/gtest.h>

#include <string>

#include "trigpoint/base/time.h"
#include "trigpoint/domain/decisions.h"
#include "trigpoint/domain/ratings.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

using Outcome = v1::DecisionRecord;

v1::AuthorityMatrix::Transition* Allow(const std::string& from, const std::string& to,
                                       const std::string& role, v1::AuthorityMatrix* matrix) {
  auto* transition = matrix->add_transitions();
  transition->set_from_state(from);
  transition->set_to_state(to);
  transition->add_roles(role);
  transition->set_clause("S3 App 1");
  return transition;
}

/// domain.md 3.5 rows 1-3 and 7, and a direct way up in urgency.
v1::AuthorityMatrix HaltonWarrington() {
  v1::AuthorityMatrix matrix;
  for (const char* state : {"ROUTINE", "INTERIM", "ENHANCED"}) matrix.add_states(state);
  Allow("ROUTINE", "INTERIM", "HEAD", &matrix)->set_joint_if_jointly_commissioned(true);
  Allow("INTERIM", "ROUTINE", "MEETING", &matrix)
      ->set_needs_meeting_outcome("OUTCOME_RETURN_ROUTINE");
  Allow("INTERIM", "ENHANCED", "ICB", &matrix)
      ->set_needs_meeting_outcome("OUTCOME_CONTINUE_ENHANCED");
  auto* down = Allow("ENHANCED", "ROUTINE", "MEETING", &matrix);
  down->add_roles("ICB");
  down->set_assurance_hold_months(3);
  down->add_hold_override_roles("ICB");
  down->set_hold_clause("S3 App 1 QRP; S3 5.2.3(a)");
  Allow("ROUTINE", "ENHANCED", "ICB", &matrix)->set_needs_urgency(true);
  return matrix;
}

int64_t At(CivilDate day) { return LondonMidnight(day) + 10 * kMicrosPerHour; }

void SetDate(CivilDate day, v1::Date* date) {
  date->set_year(day.year);
  date->set_month(static_cast<uint32_t>(day.month));
  date->set_day(static_cast<uint32_t>(day.day));
}

class GuardTest : public testing::Test {
 protected:
  void Stands(const std::string& state, CivilDate since) {
    record_.set_decided_state(state);
    record_.set_head("head");
    record_.add_entered_enhanced_us(At(since));
  }
  void Recommended(const std::string& target, bool urgent = false) {
    record_.set_head("head");
    record_.set_awaiting_decision(true);
    record_.mutable_recommendation()->set_kind(v1::Recommendation::KIND_ISSUED);
    record_.mutable_recommendation()->set_target_state(target);
    record_.mutable_recommendation()->set_urgent(urgent);
  }
  void Meeting(const std::string& id, CivilDate day, v1::QualityReviewMeetingHeld::Outcome said) {
    v1::Event* fact = state_.add_facts();
    SetMicros(At(day), fact->mutable_occurred_at());
    fact->mutable_quality_review_meeting_held()->set_meeting_id(id);
    fact->mutable_quality_review_meeting_held()->set_outcome(said);
  }
  void Profile(CivilDate day, bool assured) {
    v1::Event* fact = state_.add_facts();
    SetMicros(At(day), fact->mutable_occurred_at());
    fact->mutable_quality_risk_profile_completed()->set_assurance_gained(assured);
    SetDate(day, fact->mutable_quality_risk_profile_completed()->mutable_assured_on());
  }
  v1::DecisionProposed Move(const std::string& to, const std::string& role) const {
    v1::DecisionProposed proposal;
    proposal.set_kind(v1::DecisionProposed::KIND_MOVE);
    proposal.set_to_state(to);
    proposal.set_based_on(record_.head());
    proposal.mutable_actor()->add_roles(role);
    proposal.mutable_actor()->set_organisation("ccg");
    return proposal;
  }
  v1::DecisionProposed WithReason(v1::DecisionProposed proposal) const {
    proposal.set_override(true);
    proposal.set_rationale_code("WHY");
    return proposal;
  }
  v1::DecisionRecord Decide(const v1::DecisionProposed& proposal, CivilDate day) {
    return FoldProposal(proposal, "d" + std::to_string(++decisions_), At(day), context_, &record_);
  }
  v1::DecisionRecord Concur(const std::string& proposal, bool concurs) {
    v1::DecisionConcurrence concurrence;
    concurrence.set_proposal_id(proposal);
    concurrence.set_concurs(concurs);
    concurrence.mutable_actor()->set_organisation("council");
    return FoldConcurrence(concurrence, At({2026, 3, 9}), context_, &record_);
  }
  void Jointly() {
    context_.jointly_commissioned = true;
    context_.commissioners = {"ccg", "council"};
  }

  v1::AuthorityMatrix matrix_ = HaltonWarrington();
  v1::ProviderState state_;
  v1::PolicyRecord record_;
  DecisionContext context_{
      .authority = &matrix_, .jointly_commissioned = false, .commissioners = {}, .state = &state_};
  int decisions_ = 0;
};

constexpr auto kYes = Outcome::OUTCOME_RECORDED;
constexpr auto kNo = Outcome::OUTCOME_REFUSED_AUTHORITY;

// A20, AU-10
TEST_F(GuardTest, OnlyTheMeetingOfThisEpisodeWithThatOutcomeMovesOn) {
  Stands("INTERIM", {2026, 3, 2});
  Meeting("qrm-old", {2026, 3, 1}, v1::QualityReviewMeetingHeld::OUTCOME_CONTINUE_ENHANCED);
  Meeting("qrm-1", {2026, 3, 5}, v1::QualityReviewMeetingHeld::OUTCOME_CONTINUE_ENHANCED);
  Meeting("qrm-2", {2026, 3, 20}, v1::QualityReviewMeetingHeld::OUTCOME_RETURN_ROUTINE);
  v1::DecisionProposed move = Move("ENHANCED", "ICB");
  EXPECT_EQ(Decide(move, {2026, 3, 6}).missing(), "meeting_id");
  move.set_meeting_id("qrm-old");
  EXPECT_EQ(Decide(move, {2026, 3, 6}).outcome(), kNo);
  v1::DecisionProposed back = Move("ROUTINE", "MEETING");
  back.set_meeting_id("qrm-1");
  EXPECT_EQ(Decide(back, {2026, 3, 6}).outcome(), kNo);
  back.set_meeting_id("qrm-2");  // Not held yet.
  EXPECT_EQ(Decide(back, {2026, 3, 6}).outcome(), kNo);
  move.set_meeting_id("qrm-1");
  const v1::DecisionRecord moved = Decide(move, {2026, 3, 6});
  EXPECT_EQ(moved.outcome(), kYes) << moved.reason();
  EXPECT_EQ(record_.decided_state(), "ENHANCED");
  EXPECT_EQ(record_.entered_state_us(), At({2026, 3, 6}));
  EXPECT_EQ(record_.decisions_size(), 5);
}

TEST_F(GuardTest, AMeetingOfTheDayOnWhichTheEpisodeBeganIsOfIt) {
  Stands("INTERIM", {2026, 3, 2});
  Meeting("qrm", {2026, 3, 2}, v1::QualityReviewMeetingHeld::OUTCOME_RETURN_ROUTINE);
  v1::DecisionProposed back = Move("ROUTINE", "MEETING");
  back.set_meeting_id("qrm");
  EXPECT_EQ(Decide(back, {2026, 3, 2}).outcome(), kYes);
}

TEST_F(GuardTest, WhatAMeetingSendsBackIsNotRecommendedAgain) {
  Stands("INTERIM", {2026, 3, 2});
  record_.mutable_recommendation()->set_target_state("INTERIM");
  auto* criterion = record_.mutable_recommendation()->add_criteria();
  criterion->set_value(v1::TRUTH_VALUE_TRUE);
  criterion->add_evidence()->set_id("e");
  Meeting("qrm", {2026, 3, 5}, v1::QualityReviewMeetingHeld::OUTCOME_RETURN_ROUTINE);
  v1::DecisionProposed back = Move("ROUTINE", "MEETING");
  back.set_meeting_id("qrm");
  ASSERT_EQ(Decide(back, {2026, 3, 6}).outcome(), kYes);
  EXPECT_TRUE(record_.declined());
  EXPECT_EQ(record_.declined_evidence_size(), 1);
}

// A23, DL-08
TEST_F(GuardTest, AssuranceHoldsForThreeCalendarMonths) {
  Stands("ENHANCED", {2025, 9, 1});
  Profile({2025, 11, 30}, true);
  const v1::DecisionProposed down = WithReason(Move("ROUTINE", "MEETING"));
  const v1::DecisionRecord early = Decide(down, {2026, 2, 27});
  EXPECT_EQ(early.outcome(), kNo);
  EXPECT_EQ(early.clause(), "S3 App 1 QRP; S3 5.2.3(a)");
  EXPECT_NE(early.reason().find("held until 2026-02-28"), std::string::npos) << early.reason();
  EXPECT_EQ(Decide(down, {2026, 2, 28}).outcome(), kYes);
}

TEST_F(GuardTest, TheIcbOverridesTheHoldWithARationale) {
  Stands("ENHANCED", {2025, 9, 1});
  Profile({2025, 11, 30}, true);
  EXPECT_EQ(Decide(Move("ROUTINE", "ICB"), {2026, 1, 5}).missing(), "override");
  v1::DecisionProposed without_reason = Move("ROUTINE", "ICB");
  without_reason.set_override(true);
  EXPECT_EQ(Decide(without_reason, {2026, 1, 5}).missing(), "rationale");
  EXPECT_EQ(Decide(WithReason(Move("ROUTINE", "ICB")), {2026, 1, 5}).outcome(), kYes);
}

TEST_F(GuardTest, WithoutAProfileOfThisEpisodeThereIsNoHold) {
  Stands("ENHANCED", {2025, 12, 1});
  Profile({2025, 11, 30}, true);
  EXPECT_EQ(Decide(WithReason(Move("ROUTINE", "MEETING")), {2025, 12, 2}).outcome(), kYes);
}

TEST_F(GuardTest, AssuranceThatWasLostHoldsUntilItIsGainedAgain) {
  Stands("ENHANCED", {2025, 9, 1});
  Profile({2025, 10, 1}, true);
  Profile({2025, 11, 1}, true);
  const v1::DecisionProposed down = WithReason(Move("ROUTINE", "MEETING"));
  EXPECT_EQ(Decide(down, {2025, 12, 31}).outcome(), kNo);
  Profile({2025, 12, 1}, false);
  EXPECT_EQ(Decide(down, {2026, 1, 2}).outcome(), kNo);
  Profile({2026, 1, 1}, true);
  EXPECT_EQ(Decide(down, {2026, 3, 31}).outcome(), kNo);
  EXPECT_EQ(Decide(down, {2026, 4, 1}).outcome(), kYes);
}

TEST_F(GuardTest, TheDirectWayIsForUrgency) {
  Recommended("ENHANCED");
  EXPECT_EQ(Decide(Move("ENHANCED", "ICB"), {2026, 3, 2}).missing(), "urgency");
  v1::DecisionProposed urgent = Move("ENHANCED", "ICB");
  urgent.set_urgency(true);
  EXPECT_EQ(Decide(urgent, {2026, 3, 2}).missing(), "rationale");
  urgent.set_rationale_code("WHY");
  EXPECT_EQ(Decide(urgent, {2026, 3, 2}).outcome(), kYes);
}

TEST_F(GuardTest, WhileTheUrgentPathHoldsNobodyNeedsToSaySo) {
  Recommended("ENHANCED", /*urgent=*/true);
  EXPECT_EQ(Decide(Move("ENHANCED", "ICB"), {2026, 3, 2}).outcome(), kYes);
}

// 3.10 ruling 6
TEST_F(GuardTest, TwoStepsAtOnePanelAreTwoDecisions) {
  Recommended("INTERIM");
  Meeting("qrm", {2026, 3, 2}, v1::QualityReviewMeetingHeld::OUTCOME_CONTINUE_ENHANCED);
  ASSERT_EQ(Decide(Move("INTERIM", "HEAD"), {2026, 3, 2}).outcome(), kYes);
  v1::DecisionProposed on = Move("ENHANCED", "ICB");
  on.set_meeting_id("qrm");
  EXPECT_EQ(Decide(on, {2026, 3, 2}).outcome(), kYes);
  EXPECT_EQ(record_.decided_state(), "ENHANCED");
}

// 3.6
TEST_F(GuardTest, ARefusalShowsTheHigherLevelUntilADecisionIsRecorded) {
  Jointly();
  Recommended("INTERIM");
  ASSERT_EQ(Decide(Move("INTERIM", "HEAD"), {2026, 3, 2}).outcome(),
            Outcome::OUTCOME_PENDING_CONCURRENCE);
  const v1::DecisionRecord refused = Concur("d1", false);
  EXPECT_EQ(refused.outcome(), Outcome::OUTCOME_BLOCKED);
  EXPECT_NE(refused.reason().find("Chief Nursing Officer"), std::string::npos);
  EXPECT_EQ(record_.not_agreed_state(), "INTERIM");
  EXPECT_EQ(record_.decided_state(), "");
  ASSERT_EQ(Decide(Move("INTERIM", "HEAD"), {2026, 3, 10}).outcome(),
            Outcome::OUTCOME_PENDING_CONCURRENCE);
  EXPECT_EQ(record_.not_agreed_state(), "INTERIM");
  EXPECT_EQ(Concur("d2", true).outcome(), kYes);
  EXPECT_EQ(record_.not_agreed_state(), "");
}

// A31
TEST_F(GuardTest, InUrgencyOneActsAloneAndTheOtherIsAskedAfterwards) {
  Jointly();
  Recommended("INTERIM", /*urgent=*/true);
  v1::DecisionProposed alone = Move("INTERIM", "HEAD");
  alone.set_urgency(true);
  EXPECT_EQ(Decide(alone, {2026, 3, 2}).outcome(), kYes);
  EXPECT_EQ(record_.decided_state(), "INTERIM");
  EXPECT_EQ(record_.pending().proposal_id(), "d1");
  EXPECT_EQ(Concur("d1", true).outcome(), kYes);
  EXPECT_FALSE(record_.has_pending());
  EXPECT_EQ(record_.decided_us(), At({2026, 3, 2}));
}

TEST_F(GuardTest, WhoRefusesAfterwardsDoesNotUndoIt) {
  Jointly();
  Recommended("INTERIM", /*urgent=*/true);
  v1::DecisionProposed alone = Move("INTERIM", "HEAD");
  alone.set_urgency(true);
  ASSERT_EQ(Decide(alone, {2026, 3, 2}).outcome(), kYes);
  EXPECT_EQ(Concur("d1", false).outcome(), Outcome::OUTCOME_BLOCKED);
  EXPECT_EQ(record_.decided_state(), "INTERIM");
  EXPECT_EQ(record_.not_agreed_state(), "INTERIM");
}

TEST_F(GuardTest, WithoutTheUrgentPathUrgencyDoesNotReplaceConcurrence) {
  Jointly();
  Recommended("INTERIM");
  v1::DecisionProposed alone = Move("INTERIM", "HEAD");
  alone.set_urgency(true);
  alone.set_rationale_code("WHY");
  EXPECT_EQ(Decide(alone, {2026, 3, 2}).outcome(), Outcome::OUTCOME_PENDING_CONCURRENCE);
}

// EnhancedHoldStarted / Ended of domain.md 2.5; S3 App 1 QRP
TEST_F(GuardTest, TheHoldOfADayFollowsFromTheProfilesOfTheEpisode) {
  const auto hold = [this](CivilDate day) { return HoldAgainstFall(context_, day, record_); };
  Stands("ENHANCED", {2026, 1, 5});
  EXPECT_FALSE(hold({2026, 2, 1}).has_value()) << "no profile was run";
  Profile({2026, 2, 10}, false);
  ASSERT_TRUE(hold({2026, 2, 11}).has_value());
  EXPECT_FALSE(hold({2026, 2, 11})->since.has_value());
  EXPECT_FALSE(hold({2026, 2, 11})->until.has_value()) << "until assurance is gained";
  Profile({2026, 3, 2}, true);
  ASSERT_TRUE(hold({2026, 6, 1}).has_value());
  EXPECT_EQ(hold({2026, 6, 1})->since, (CivilDate{2026, 3, 2}));
  EXPECT_EQ(hold({2026, 6, 1})->until, (CivilDate{2026, 6, 2}));
  EXPECT_EQ(hold({2026, 6, 1})->transition->hold_clause(), "S3 App 1 QRP; S3 5.2.3(a)");
  EXPECT_FALSE(hold({2026, 6, 2}).has_value()) << "it is over";
  record_.set_decided_state("INTERIM");
  EXPECT_FALSE(hold({2026, 6, 1}).has_value()) << "no move from there is held";
}

}  // namespace
}  // namespace trigpoint
