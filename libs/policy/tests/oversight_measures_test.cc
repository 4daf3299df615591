// How organisations work together: who called, chairs, moderates, takes on and hosts (S3 5.2.3(a),
// 5.3.4, App 1), and what visits left open (S0 App C; S4 3.33, 3.54).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "trigpoint/base/time.h"
#include "trigpoint/events/times.h"
#include "trigpoint/policy/measure.h"

namespace trigpoint {
namespace {

using testing::ElementsAre;

const int64_t kNow = LondonMidnight({2026, 6, 1}) + 12 * kMicrosPerHour;  // NOLINT(cert-err58-cpp)

class OversightMeasures : public testing::Test {
 protected:
  v1::Event* Fact(const std::string& id, CivilDate on) {
    v1::Event* event = state_.add_facts();
    event->set_source("icb/quality");
    event->set_id(id);
    SetMicros(LondonMidnight(on) + 9 * kMicrosPerHour, event->mutable_occurred_at());
    SetMicros(LondonMidnight(on) + 9 * kMicrosPerHour, event->mutable_received_at());
    return event;
  }
  v1::CommissionerVisitConducted* Visit(const std::string& id, CivilDate on) {
    auto* visit = Fact(id, on)->mutable_commissioner_visit_conducted();
    visit->set_visit_type(v1::CommissionerVisitConducted::VISIT_TYPE_ROUTINE);
    return visit;
  }
  void Ask(const std::string& id, CivilDate on, const std::string& by) {
    Fact(id, on)->mutable_plan_action_agreed()->set_asked_by(by);
  }
  void Answer(const std::string& action, CivilDate on, bool accepted) {
    auto* answer = Fact("answer-" + action, on)->mutable_plan_action_answered();
    answer->mutable_action()->set_id(action);
    answer->set_accepted(accepted);
  }
  void Moderate(const std::string& id, CivilDate on, std::vector<std::string> by) {
    auto* moderated = Fact(id, on)->mutable_quality_risk_profile_moderated();
    moderated->mutable_profile()->set_id("profile");
    for (auto& organisation : by) moderated->add_moderators(std::move(organisation));
  }
  void Register(const std::string& organisation) {
    state_.mutable_service()->set_organisation(organisation);
  }

  MeasureResult Of(const char* measure, std::vector<std::string> values = {},
                   std::vector<std::pair<std::string, double>> numbers = {}) {
    MeasureArguments arguments;
    arguments.values = std::move(values);
    arguments.numbers = std::move(numbers);
    const v1::ProviderRecord record;
    return FindMeasure(measure)->evaluate(arguments, {.state = state_,
                                                      .record = record,
                                                      .baselines = {},
                                                      .policy_id = "p",
                                                      .decided_state = "",
                                                      .as_of_us = kNow});
  }
  static std::vector<std::string> Cited(const MeasureResult& result) {
    std::vector<std::string> ids;
    ids.reserve(result.evidence.size());
    for (const auto& ref : result.evidence) ids.push_back(ref.id());
    return ids;
  }

  v1::ProviderState state_;
};

// S3 5.2.3(a): each of these levels will be led by NHSE/I.
TEST_F(OversightMeasures, ACallAGroupOrASummitByAnotherRoleIsNamed) {
  const auto ask = [this] {
    return Of("meeting_called_by_others", {"NHSE_AUTHORISER"}, {{"days", 90}});
  };
  Fact("ours", {2026, 5, 1})
      ->mutable_surveillance_group_meeting_called()
      ->set_called_by_role("NHSE_AUTHORISER");
  Fact("unsaid", {2026, 5, 2})->mutable_risk_summit_called()->set_specific_risk("fire");
  Fact("old", {2026, 1, 1})->mutable_risk_summit_called()->set_called_by_role("ICB_AUTHORISER");
  EXPECT_EQ(ask().value, Truth::kFalse);
  Fact("summit", {2026, 5, 3})->mutable_risk_summit_called()->set_called_by_role("ICB_AUTHORISER");
  Fact("call", {2026, 5, 4})
      ->mutable_surveillance_group_meeting_called()
      ->set_called_by_role("TEAM_MANAGER");
  EXPECT_EQ(ask().value, Truth::kTrue);
  EXPECT_THAT(Cited(ask()), ElementsAre("summit", "call"));
}

// S3 App 1: risk summit chair (usually NHSE/NHSI Region).
TEST_F(OversightMeasures, ASummitWithAnotherChairOrNoneIsNamed) {
  const auto ask = [this] {
    return Of("risk_summit_chaired_by_others", {"NHSE_AUTHORISER"}, {{"days", 90}});
  };
  EXPECT_EQ(ask().value, Truth::kFalse);
  Fact("region", {2026, 5, 1})->mutable_risk_summit_called()->set_chair_role("NHSE_AUTHORISER");
  EXPECT_EQ(ask().value, Truth::kFalse);
  Fact("none", {2026, 5, 2})->mutable_risk_summit_called();
  Fact("council", {2026, 5, 3})->mutable_risk_summit_called()->set_chair_role("LOCAL_AUTHORITY");
  EXPECT_THAT(Cited(ask()), ElementsAre("none", "council"));
}

// S3 App 1: one party cannot direct any other party in the exercise of its statutory functions.
TEST_F(OversightMeasures, WhatIsAskedOfAnotherIsNoActionUntilItTakesItOn) {
  auto* due = Fact("asked", {2026, 1, 5})->mutable_plan_action_agreed();
  due->set_asked_by("icb");
  due->mutable_due_on()->set_year(2026);
  due->mutable_due_on()->set_month(2);
  due->mutable_due_on()->set_day(1);
  const auto overdue = [this] {
    return Of("plan_overdue", {}, {{"grace_days", 14}, {"share", 0.25}}).value;
  };
  EXPECT_THAT(Cited(Of("actions_asked_unanswered")), ElementsAre("asked"));
  EXPECT_EQ(overdue(), Truth::kNotApplicable);
  Answer("asked", {2026, 1, 10}, true);
  EXPECT_EQ(Of("actions_asked_unanswered").value, Truth::kFalse);
  EXPECT_EQ(overdue(), Truth::kTrue);
}

TEST_F(OversightMeasures, ARequestThatIsDeclinedIsAnsweredAndIsNoAction) {
  Ask("asked", {2026, 1, 5}, "icb");
  Fact("own", {2026, 1, 5})->mutable_plan_action_agreed();
  Answer("asked", {2026, 1, 10}, false);
  EXPECT_EQ(Of("actions_asked_unanswered").value, Truth::kFalse);
}

// S3 App 1 Quality Risk Profile: the scoring is moderated and agreed with other stakeholders.
TEST_F(OversightMeasures, AProfileThatTooFewModeratedIsNamed) {
  const auto ask = [this] { return Of("profile_not_moderated", {}, {{"organisations", 2}}); };
  Moderate("first", {2026, 2, 1}, {"cqc"});
  EXPECT_EQ(ask().value, Truth::kFalse);
  Fact("completed", {2026, 3, 1})
      ->mutable_quality_risk_profile_completed()
      ->mutable_profile()
      ->set_id("profile");
  EXPECT_THAT(Cited(ask()), ElementsAre("completed"));
  Moderate("after", {2026, 4, 1}, {"nhse"});
  EXPECT_EQ(ask().value, Truth::kTrue);
  Moderate("second", {2026, 2, 2}, {"nhse"});
  EXPECT_EQ(ask().value, Truth::kFalse);
}

// S3 5.3.4: the host names who acts as host commissioner, and hears what placing commissioners see.
TEST_F(OversightMeasures, ANamedHostAndWhatPlacingCommissionersSeeAreTold) {
  EXPECT_EQ(Of("host_commissioner_named_by", {"warrington-ccg"}).value, Truth::kFalse);
  Fact("host", {2026, 1, 1})->mutable_host_commissioner_named()->set_organisation("warrington-ccg");
  EXPECT_EQ(Of("host_commissioner_named_by", {"halton-ccg"}).value, Truth::kFalse);
  EXPECT_EQ(Of("host_commissioner_named_by", {"warrington-ccg"}).value, Truth::kTrue);
  Fact("seen", {2026, 5, 1})
      ->mutable_placing_commissioner_intelligence_shared()
      ->set_intelligence("STAFFING_RATIO");
  EXPECT_EQ(Of("host_commissioner_code", {"ENVIRONMENT"}, {{"days", 90}}).value, Truth::kFalse);
  EXPECT_THAT(Cited(Of("host_commissioner_code", {"STAFFING_RATIO"}, {{"days", 90}})),
              ElementsAre("seen"));
}

// S0 App C: areas for improvement will be reviewed at subsequent quality visits.
TEST_F(OversightMeasures, AConcernOfAVisitStaysOpenUntilAVisitLooksAtIt) {
  Visit("clean", {2026, 1, 5})->add_findings()->set_grade(v1::VisitFinding::GRADE_NO_CONCERN);
  EXPECT_EQ(Of("areas_for_improvement_open").value, Truth::kFalse);
  Visit("found", {2026, 2, 5})->add_findings()->set_grade(v1::VisitFinding::GRADE_CONCERN);
  Visit("other", {2026, 3, 5});
  EXPECT_THAT(Cited(Of("areas_for_improvement_open")), ElementsAre("found"));
  Visit("again", {2026, 4, 5})->add_reviewed()->set_id("found");
  EXPECT_EQ(Of("areas_for_improvement_open").value, Truth::kFalse);
}

// S0 App C: only with an ICB issued device, nobody on them, media encrypted.
TEST_F(OversightMeasures, PhotographsNeedAllThatThePolicyAsksOfThem) {
  const auto ask = [this] { return Of("photographs_not_attested", {}, {{"days", 90}}); };
  Visit("none", {2026, 5, 1});
  auto* photographs = Visit("taken", {2026, 5, 2})->mutable_photographs();
  photographs->set_taken(3);
  photographs->set_icb_device(true);
  photographs->set_no_people(true);
  EXPECT_THAT(Cited(ask()), ElementsAre("taken"));
  photographs->set_media_encrypted(true);
  EXPECT_EQ(ask().value, Truth::kFalse);
}

// S4 3.33: no longer than two hours; 3.54: five people and three staff.
TEST_F(OversightMeasures, LengthAndSampleAreCompared) {
  const auto longer = [this] {
    return Of("unannounced_longer_than", {}, {{"days", 365}, {"minutes", 120}}).value;
  };
  auto* visit = Visit("visit", {2026, 5, 1});
  EXPECT_EQ(longer(), Truth::kFalse);
  visit->set_minutes(120);
  EXPECT_EQ(longer(), Truth::kFalse);
  visit->set_minutes(121);
  EXPECT_EQ(longer(), Truth::kTrue);
  visit->set_announced(true);
  EXPECT_EQ(longer(), Truth::kFalse);
  auto* dive = Fact("dive", {2026, 5, 1})->mutable_ecm_deep_dive_completed();
  dive->set_people_sampled(5);
  dive->set_staff_sampled(2);
  const auto sample = [this] {
    return Of("deep_dive_sample_below", {}, {{"days", 90}, {"people", 5}, {"staff", 3}}).value;
  };
  EXPECT_EQ(sample(), Truth::kTrue);
  dive->set_staff_sampled(3);
  EXPECT_EQ(sample(), Truth::kFalse);
}

TEST_F(OversightMeasures, TheOrganisationOfAServiceIsThatOfItsRegistration) {
  EXPECT_EQ(Of("organisation_in", {"R1L"}).value, Truth::kUnknown);
  Register("R1L");
  EXPECT_EQ(Of("organisation_in", {"R1L"}).value, Truth::kTrue);
  EXPECT_EQ(Of("organisation_in", {"RDE"}).value, Truth::kFalse);
}

// S3 5.3.1, 5.3.2: who pays for the care.
TEST_F(OversightMeasures, PeopleAreCountedByWhoPays) {
  const auto ask = [this] {
    return Of("people_funded_by", {"FUNDING_CONTINUING_HEALTHCARE"}, {{"people", 1}}).value;
  };
  EXPECT_EQ(ask(), Truth::kFalse);
  auto* placement = Fact("placed", {2026, 1, 5})->mutable_placement_started();
  placement->set_placing_organisation("icb-north");
  placement->set_funding(v1::PlacementStarted::FUNDING_LOCAL_AUTHORITY);
  EXPECT_EQ(ask(), Truth::kFalse);
  placement->set_funding(v1::PlacementStarted::FUNDING_CONTINUING_HEALTHCARE);
  EXPECT_EQ(ask(), Truth::kTrue);
  Fact("left", {2026, 3, 1})->mutable_placement_ended()->mutable_placement()->set_id("placed");
  EXPECT_EQ(ask(), Truth::kFalse);
}

}  // namespace
}  // namespace trigpoint
