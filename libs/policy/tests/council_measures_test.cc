// What a council sees of a service: placements, visits, assessments, early warnings, and what
// authorities tell one another (S4; domain 3.1, 3.3).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "trigpoint/base/time.h"
#include "trigpoint/events/times.h"
#include "trigpoint/policy/instants.h"
#include "trigpoint/policy/measure.h"

namespace trigpoint {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kHalton[] = "halton-borough-council";
constexpr char kOther[] = "st-helens-council";

const int64_t kNow = LondonMidnight({2026, 6, 1}) + 12 * kMicrosPerHour;  // NOLINT(cert-err58-cpp)

void Set(CivilDate date, v1::Date* out) {
  out->set_year(date.year);
  out->set_month(date.month);
  out->set_day(date.day);
}

class CouncilMeasures : public testing::Test {
 protected:
  v1::Event* Fact(const std::string& id, CivilDate on, int hour = 9) {
    v1::Event* event = state_.add_facts();
    event->set_source("halton-borough-council/quality");
    event->set_id(id);
    SetMicros(LondonMidnight(on) + hour * kMicrosPerHour, event->mutable_occurred_at());
    SetMicros(LondonMidnight(on) + hour * kMicrosPerHour, event->mutable_received_at());
    return event;
  }
  v1::PlacementStarted* Place(const std::string& id, CivilDate on, const std::string& by) {
    auto* placement = Fact(id, on)->mutable_placement_started();
    placement->set_placing_organisation(by);
    Set(on, placement->mutable_starts_on());
    return placement;
  }
  v1::PlacementEnded* Leave(const std::string& id, CivilDate on) {
    auto* ended = Fact("end-of-" + id, on)->mutable_placement_ended();
    ended->mutable_placement()->set_id(id);
    return ended;
  }
  void Beds(const std::string& id, CivilDate on, uint32_t vacant) {
    auto* report = Fact(id, on)->mutable_capacity_reported();
    report->set_beds(40);
    report->set_vacant(vacant);
  }
  void Indicator(const std::string& id, CivilDate on, int theme, const std::string& role) {
    auto* observed = Fact(id, on)->mutable_early_indicator_observed();
    observed->set_indicator(static_cast<v1::EarlyIndicatorObserved::IndicatorTheme>(theme));
    observed->set_observer_role(role);
  }
  v1::CommissionerVisitConducted* Visit(const std::string& id, CivilDate on, int hour) {
    auto* visit = Fact(id, on, hour)->mutable_commissioner_visit_conducted();
    visit->set_visit_type(v1::CommissionerVisitConducted::VISIT_TYPE_ROUTINE);
    return visit;
  }
  v1::PammsAssessmentFinalised* Pamms(const std::string& id, CivilDate on,
                                      v1::PammsAssessmentFinalised::Grade overall) {
    auto* assessment = Fact(id, on)->mutable_pamms_assessment_finalised();
    assessment->set_scope(v1::PammsAssessmentFinalised::SCOPE_FULL);
    assessment->set_overall(overall);
    Set(on, assessment->mutable_finalised_on());
    return assessment;
  }
  void Suspend(const std::string& id, CivilDate on) {
    auto* suspension = Fact(id, on)->mutable_suspension_imposed();
    suspension->set_scope(v1::SuspensionImposed::SCOPE_TEMPORARY);
    suspension->set_imposed_by(kHalton);
    Set(on, suspension->mutable_starts_on());
  }
  void Tell(const std::string& id, CivilDate on, v1::IspReason reason) {
    Fact(id, on)->mutable_isp_notification_issued()->set_reason(reason);
  }

  MeasureResult Ask(const char* measure, std::vector<std::string> values = {},
                    std::vector<std::pair<std::string, double>> numbers = {}) {
    MeasureArguments arguments;
    arguments.values = std::move(values);
    arguments.numbers = std::move(numbers);
    return FindMeasure(measure)->evaluate(arguments, {.state = state_,
                                                      .record = record_,
                                                      .baselines = {},
                                                      .policy_id = "p",
                                                      .decided_state = "",
                                                      .as_of_us = kNow});
  }
  Truth Occupancy() {
    return Ask("occupancy_low", {}, {{"amber", 0.9}, {"days", 90}, {"fall", 0.1}, {"red", 0.85}})
        .value;
  }
  MeasureResult Indicators() {
    return Ask("early_indicators", {}, {{"days", 60}, {"observers", 2}, {"themes", 2}});
  }
  MeasureResult CoreHours() {
    return Ask("unannounced_in_core_hours", {}, {{"days", 365}, {"from_hour", 8}, {"to_hour", 18}});
  }
  MeasureResult Untold() {
    return Ask(
        "isp_fact_untold",
        {"ISP_REASON_SALE_OR_OWNERSHIP_CHANGE", "ISP_REASON_VOLUNTARY_WITHDRAWAL",
         "ISP_REASON_CONTRACT_ENDED_BY_COMMISSIONER", "ISP_REASON_CONTRACT_DEFAULT_NOTICE_QUALITY",
         "ISP_REASON_CQC_NOP_CANCEL", "ISP_REASON_CQC_NOP_CANCEL_WITHDRAWN",
         "ISP_REASON_CQC_INADEQUATE", "ISP_REASON_SUSPENSION_TEMPORARY",
         "ISP_REASON_SUSPENSION_RESTRICTED", "ISP_REASON_SUSPENSION_WHOLE",
         "ISP_REASON_SUSPENSION_REMOVED", "ISP_REASON_CLOSURE_OR_CEASED_TRADING"});
  }

  v1::ProviderState state_;
  v1::ProviderRecord record_;
};

std::vector<std::string> Ids(const MeasureResult& result) {
  std::vector<std::string> ids;
  for (const auto& ref : result.evidence) ids.push_back(ref.id());
  return ids;
}

// S4 3.93: the host authority is that of the area.
TEST_F(CouncilMeasures, TheHostIsWhomTheDirectoryNames) {
  EXPECT_EQ(Ask("hosted_by", {kHalton}).value, Truth::kUnknown);
  state_.mutable_service();
  EXPECT_EQ(Ask("hosted_by", {kHalton}).value, Truth::kFalse);
  state_.mutable_service()->set_local_authority("Halton");
  EXPECT_EQ(Ask("hosted_by", {"Halton"}).value, Truth::kTrue);
  state_.mutable_service()->set_host(kHalton);
  EXPECT_EQ(Ask("hosted_by", {"Halton"}).value, Truth::kFalse);
  EXPECT_EQ(Ask("hosted_by", {kHalton}).value, Truth::kTrue);
  EXPECT_EQ(Ask("hosted_by", {kOther}).value, Truth::kFalse);
}

// S4 3.92, 3.97
TEST_F(CouncilMeasures, PeopleArePlacedUntilTheDayTheyLeave) {
  EXPECT_EQ(Ask("people_placed_by", {kHalton}, {{"people", 1}}).value, Truth::kFalse);
  Place("elsewhere", {2026, 1, 1}, kOther);
  EXPECT_EQ(Ask("people_placed_by", {kHalton}, {{"people", 1}}).value, Truth::kFalse);
  Place("placed", {2026, 6, 1}, kHalton)->set_people(2);
  const MeasureResult placed = Ask("people_placed_by", {kHalton}, {{"people", 2}});
  EXPECT_EQ(placed.value, Truth::kTrue);
  EXPECT_THAT(Ids(placed), ElementsAre("placed"));
  EXPECT_EQ(Ask("people_placed_by", {kHalton}, {{"people", 3}}).value, Truth::kFalse);
  Set({2026, 6, 2}, Leave("placed", {2026, 5, 30})->mutable_ended_on());
  EXPECT_EQ(Ask("people_placed_by", {kHalton}, {{"people", 1}}).value, Truth::kTrue);
  Set({2026, 6, 1}, state_.mutable_facts(2)->mutable_placement_ended()->mutable_ended_on());
  EXPECT_EQ(Ask("people_placed_by", {kHalton}, {{"people", 1}}).value, Truth::kFalse);
}

// S4 3.81
TEST_F(CouncilMeasures, AnArrangedPlacementCountsBeforeItsFirstDay) {
  auto* placement = Fact("arranged", {2026, 5, 30})->mutable_placement_started();
  placement->set_placing_organisation(kHalton);
  Set({2026, 6, 9}, placement->mutable_starts_on());
  EXPECT_EQ(Ask("people_placed_by", {kHalton}, {{"people", 1}}).value, Truth::kTrue);
  EXPECT_EQ(Ask("placed_without_validation", {kHalton}).value, Truth::kTrue);
  Place("next-month", {2026, 6, 20}, kOther);
  EXPECT_EQ(Ask("people_placed_by", {kOther}, {{"people", 1}}).value, Truth::kFalse);
}

// S4 3.87-3.88
TEST_F(CouncilMeasures, OnlyPlacementsByDirectPaymentMakeDirectPaymentUsers) {
  Place("council", {2026, 1, 1}, kHalton);
  EXPECT_EQ(Ask("direct_payment_users", {kHalton}, {{"people", 1}}).value, Truth::kFalse);
  Place("own", {2026, 1, 1}, kHalton)->set_funding(v1::PlacementStarted::FUNDING_DIRECT_PAYMENT);
  EXPECT_THAT(Ids(Ask("direct_payment_users", {kHalton}, {{"people", 1}})), ElementsAre("own"));
  EXPECT_EQ(Ask("direct_payment_users", {kOther}, {{"people", 1}}).value, Truth::kFalse);
  EXPECT_THAT(Ids(Ask("people_placed_by", {kHalton}, {{"people", 1}})), ElementsAre("council"));
  EXPECT_THAT(Ids(Ask("placed_without_validation", {kHalton})), ElementsAre("council"));
}

// S4 3.80
TEST_F(CouncilMeasures, APlacementWithoutAValidationIsOne) {
  EXPECT_EQ(Ask("placed_without_validation", {kHalton}).value, Truth::kFalse);
  Place("placed", {2026, 5, 1}, kHalton);
  EXPECT_THAT(Ids(Ask("placed_without_validation", {kHalton})), ElementsAre("placed"));
  EXPECT_EQ(Ask("placed_without_validation", {kOther}).value, Truth::kFalse);
  Fact("validated", {2026, 5, 3})->mutable_out_of_borough_validation_completed();
  EXPECT_EQ(Ask("placed_without_validation", {kHalton}).value, Truth::kFalse);
}

// S4 3.100; occupancy_red, occupancy_amber
TEST_F(CouncilMeasures, OccupancyIsLowBelowTheShareOrAfterAFall) {
  EXPECT_EQ(Occupancy(), Truth::kUnknown);
  Beds("old", {2026, 3, 1}, 0);  // Out of the window of 90 days.
  EXPECT_EQ(Occupancy(), Truth::kUnknown);
  Beds("april", {2026, 4, 1}, 4);  // 90 %
  EXPECT_EQ(Occupancy(), Truth::kFalse);
  Beds("may", {2026, 5, 1}, 6);  // 85 %: amber.
  const MeasureResult amber =
      Ask("occupancy_low", {}, {{"amber", 0.9}, {"days", 90}, {"fall", 0.1}, {"red", 0.85}});
  EXPECT_EQ(amber.value, Truth::kFalse);
  EXPECT_FALSE(amber.near_miss.empty());
  Beds("june", {2026, 6, 1}, 7);  // 82.5 %: red.
  EXPECT_EQ(Occupancy(), Truth::kTrue);
}

// S4 3.100: "such as falling occupancy levels"
TEST_F(CouncilMeasures, AFallOfTenPointsWithinTheWindowIsLowOccupancyAtAnyLevel) {
  Beds("full", {2026, 4, 1}, 0);
  Beds("less", {2026, 5, 1}, 3);  // 92.5 %
  EXPECT_EQ(Occupancy(), Truth::kFalse);
  Beds("least", {2026, 5, 20}, 4);  // 90 %, ten points below the highest.
  const MeasureResult fallen =
      Ask("occupancy_low", {}, {{"amber", 0.9}, {"days", 90}, {"fall", 0.1}, {"red", 0.85}});
  EXPECT_EQ(fallen.value, Truth::kTrue);
  EXPECT_THAT(Ids(fallen), ElementsAre("full", "least"));
  Beds("again", {2026, 5, 31}, 0);
  EXPECT_EQ(Occupancy(), Truth::kFalse);
}

// S4 3.66; CL-10; early_indicator_rule
TEST_F(CouncilMeasures, EarlyIndicatorsNeedSeveralThemesAndSeveralObservers) {
  EXPECT_EQ(Indicators().value, Truth::kFalse);
  Indicator("one", {2026, 5, 1}, 1, "NURSE");
  Indicator("same-observer", {2026, 5, 2}, 2, "NURSE");
  EXPECT_EQ(Indicators().value, Truth::kFalse);
  EXPECT_FALSE(Indicators().near_miss.empty());
  Indicator("too-old", {2026, 4, 1}, 3, "SOCIAL_WORKER");
  EXPECT_EQ(Indicators().value, Truth::kFalse);
  Indicator("other-observer", {2026, 5, 3}, 1, "SOCIAL_WORKER");
  EXPECT_THAT(Ids(Indicators()), ElementsAre("one", "same-observer", "other-observer"));
}

TEST_F(CouncilMeasures, ManyObserversOfOneThemeAreNotEnough) {
  Indicator("one", {2026, 5, 1}, 1, "NURSE");
  Indicator("two", {2026, 5, 2}, 1, "SOCIAL_WORKER");
  Indicator("three", {2026, 5, 2}, 1, "THERAPIST");
  EXPECT_EQ(Indicators().value, Truth::kFalse);
}

TEST_F(CouncilMeasures, ObserversOfTheSameRoleInTwoOrganisationsAreTwo) {
  Indicator("one", {2026, 5, 1}, 1, "NURSE");
  Indicator("two", {2026, 5, 2}, 2, "NURSE");
  EXPECT_EQ(Indicators().value, Truth::kFalse);
  state_.mutable_facts(1)->set_source_organisation("icb");
  EXPECT_EQ(Indicators().value, Truth::kTrue);
  state_.mutable_facts(1)->set_sensitivity(v1::SENSITIVITY_C5_PROTECTED_SOURCE);
  EXPECT_TRUE(Indicators().protected_source);
}

// S4 4.14
TEST_F(CouncilMeasures, ASeriousFindingCountsUntilItIsReviewedOrOld) {
  const auto ask = [this] { return Ask("serious_visit_finding", {}, {{"days", 30}}).value; };
  auto* visit = Visit("visit", {2026, 5, 20}, 9);
  visit->add_findings()->set_grade(v1::VisitFinding::GRADE_CONCERN);
  EXPECT_EQ(ask(), Truth::kFalse);
  visit->add_findings()->set_grade(v1::VisitFinding::GRADE_SERIOUS_CONCERN);
  EXPECT_EQ(ask(), Truth::kTrue);
  Fact("review", {2026, 5, 25})->mutable_rapid_quality_review_held()->set_closed(true);
  EXPECT_EQ(ask(), Truth::kFalse);
}

// S4 3.33; 3.10 ruling 9
TEST_F(CouncilMeasures, AnUnannouncedVisitInCoreHoursIsNoSafeAndWellVisit) {
  Visit("early", {2026, 5, 20}, 7);
  Visit("evening", {2026, 5, 20}, 18);
  Visit("saturday", {2026, 5, 23}, 11);
  Visit("announced", {2026, 5, 20}, 11)->set_announced(true);
  Visit("response", {2026, 5, 20}, 11)
      ->set_visit_type(v1::CommissionerVisitConducted::VISIT_TYPE_ENHANCED);
  Visit("day-only", {2026, 5, 20}, 11);
  state_.mutable_facts(5)->set_occurred_precision(v1::TIME_PRECISION_DAY);
  EXPECT_EQ(CoreHours().value, Truth::kFalse);
  Visit("first-hour", {2026, 5, 20}, 8);
  Visit("last-hour", {2026, 5, 20}, 17);
  EXPECT_THAT(Ids(CoreHours()), ElementsAre("first-hour", "last-hour"));
}

// S4 3.30
TEST_F(CouncilMeasures, AFocusedVisitIsAgreedByTheRoleThatMay) {
  const auto ask = [this] {
    return Ask("focused_visit_agreed_by_others", {"HEAD_OF_SERVICE"}, {{"days", 90}});
  };
  Fact("agreed", {2026, 5, 1})
      ->mutable_focused_visit_authorised()
      ->set_authorised_by_role("HEAD_OF_SERVICE");
  EXPECT_EQ(ask().value, Truth::kFalse);
  Fact("officer", {2026, 5, 2})
      ->mutable_focused_visit_authorised()
      ->set_authorised_by_role("QA_OFFICER");
  EXPECT_THAT(Ids(ask()), ElementsAre("officer"));
}

// S4 3.69-3.70; AU-20
TEST_F(CouncilMeasures, ASuspensionNeedsAnApprovalOfItsOwnBeforeIt) {
  const auto ask = [this] { return Ask("suspended_without_approval", {kHalton}); };
  Suspend("imposed", {2026, 5, 10});
  EXPECT_THAT(Ids(ask()), ElementsAre("imposed"));
  Fact("refused", {2026, 5, 1})->mutable_suspension_approval_decided()->set_granted(false);
  EXPECT_EQ(ask().value, Truth::kTrue);
  Fact("late", {2026, 5, 11})->mutable_suspension_approval_decided()->set_granted(true);
  EXPECT_EQ(ask().value, Truth::kTrue) << "an approval afterwards does not precede it";
  Fact("in-time", {2026, 5, 9})->mutable_suspension_approval_decided()->set_granted(true);
  EXPECT_EQ(ask().value, Truth::kFalse);
  EXPECT_EQ(Ask("suspended_without_approval", {kOther}).value, Truth::kFalse);
}

TEST_F(CouncilMeasures, OneApprovalIsGoodForOneSuspensionAndNoneIsNeededOnceLifted) {
  Fact("approved", {2026, 4, 1})->mutable_suspension_approval_decided()->set_granted(true);
  Suspend("first", {2026, 4, 2});
  Suspend("second", {2026, 5, 2});
  EXPECT_THAT(Ids(Ask("suspended_without_approval", {kHalton})), ElementsAre("second"));
  auto* lifted = Fact("lifted", {2026, 5, 20})->mutable_suspension_lifted();
  lifted->mutable_suspension()->set_id("second");
  EXPECT_EQ(Ask("suspended_without_approval", {kHalton}).value, Truth::kFalse);
}

// S4 3.17-3.20
TEST_F(CouncilMeasures, TheLastAssessmentGivesThePammsRating) {
  using Grade = v1::PammsAssessmentFinalised;
  const auto ask = [this] { return Ask("pamms_overall_in", {"GRADE_POOR"}).value; };
  EXPECT_EQ(ask(), Truth::kUnknown);
  EXPECT_EQ(Ask("pamms_assessed").value, Truth::kFalse);
  Pamms("poor", {2026, 2, 1}, Grade::GRADE_POOR);
  Pamms("good", {2025, 2, 1}, Grade::GRADE_GOOD);
  EXPECT_EQ(ask(), Truth::kTrue);
  EXPECT_EQ(Ask("pamms_assessed").value, Truth::kTrue);
  Pamms("focused", {2026, 3, 1}, Grade::GRADE_UNSPECIFIED);
  EXPECT_EQ(ask(), Truth::kTrue) << "an assessment without an overall rating changes none";
  Pamms("ahead", {2026, 6, 2}, Grade::GRADE_GOOD);
  EXPECT_EQ(ask(), Truth::kTrue);
  Pamms("follow-up", {2026, 5, 1}, Grade::GRADE_GOOD)->set_scope(Grade::SCOPE_FOLLOW_UP);
  EXPECT_EQ(ask(), Truth::kFalse);
}

// S4 3.22
TEST_F(CouncilMeasures, AFollowUpGradesOnlyWhatRequiredImprovementOrWasPoor) {
  using Grade = v1::PammsAssessmentFinalised;
  const auto grade = [](v1::PammsAssessmentFinalised* assessment, uint32_t standard,
                        v1::PammsAssessmentFinalised::Grade to) {
    auto* graded = assessment->add_standards();
    graded->set_standard(standard);
    graded->set_grade(to);
  };
  auto* first = Pamms("first", {2026, 1, 1}, Grade::GRADE_REQUIRES_IMPROVEMENT);
  grade(first, 8, Grade::GRADE_POOR);
  grade(first, 9, Grade::GRADE_GOOD);
  auto* follow_up = Pamms("follow-up", {2026, 5, 1}, Grade::GRADE_GOOD);
  follow_up->set_scope(Grade::SCOPE_FOLLOW_UP);
  follow_up->mutable_follows()->set_id("first");
  grade(follow_up, 8, Grade::GRADE_GOOD);
  EXPECT_EQ(Ask("pamms_follow_up_beyond_scope").value, Truth::kFalse);
  grade(follow_up, 9, Grade::GRADE_EXCELLENT);
  EXPECT_THAT(Ids(Ask("pamms_follow_up_beyond_scope")), ElementsAre("follow-up"));
  follow_up->mutable_follows()->set_id("unknown");
  EXPECT_EQ(Ask("pamms_follow_up_beyond_scope").value, Truth::kFalse);
}

// S4 3.67-3.68; risk_matrix
TEST_F(CouncilMeasures, TheLatestRiskProfileCounts) {
  const auto ask = [this] { return Ask("risk_profile_at_least", {}, {{"score", 8}}).value; };
  EXPECT_EQ(ask(), Truth::kFalse);
  const auto score = [this](const char* id, CivilDate on, uint32_t likelihood, uint32_t impact) {
    auto* scored = Fact(id, on)->mutable_risk_profile_scored()->mutable_score();
    scored->set_likelihood(likelihood);
    scored->set_consequence(impact);
  };
  score("high", {2026, 4, 1}, 2, 4);
  EXPECT_EQ(ask(), Truth::kTrue);
  score("later", {2026, 5, 1}, 2, 3);
  EXPECT_EQ(ask(), Truth::kFalse);
}

// S2 5.4
TEST_F(CouncilMeasures, OnlyALikelyEndOfTheServiceThreatensItsViability) {
  const auto ask = [this] { return Ask("viability_threatened", {}, {{"days", 180}}).value; };
  auto* concern = Fact("money", {2026, 4, 1})->mutable_financial_concern_raised();
  auto* notice = Fact("oversight", {2026, 4, 1})->mutable_market_oversight_notice_received();
  EXPECT_EQ(ask(), Truth::kFalse);
  concern->set_likely_cessation(true);
  EXPECT_EQ(ask(), Truth::kTrue);
  concern->set_likely_cessation(false);
  notice->set_likely_cessation(true);
  EXPECT_EQ(ask(), Truth::kTrue);
  notice->set_likely_cessation(false);
  Fact("failed", {2025, 11, 1})->mutable_provider_failure_declared();
  EXPECT_EQ(ask(), Truth::kFalse);
  Fact("failed-now", {2026, 5, 1})->mutable_provider_failure_declared();
  EXPECT_EQ(ask(), Truth::kTrue);
}

// S4 3.91-3.92
TEST_F(CouncilMeasures, ANotificationOfAnotherAuthorityCountsWithinItsWindow) {
  const auto ask = [this] { return Ask("isp_received", {}, {{"days", 30}}).value; };
  Fact("old", {2026, 4, 1})->mutable_isp_notification_received();
  EXPECT_EQ(ask(), Truth::kFalse);
  Fact("new", {2026, 5, 15})->mutable_isp_notification_received();
  EXPECT_EQ(ask(), Truth::kTrue);
}

// S4 3.91, each reason; CL-09
TEST_F(CouncilMeasures, EachReasonToTellOtherAuthoritiesIsNamedUntilItIsTold) {
  EXPECT_EQ(Untold().value, Truth::kFalse);
  auto* rating = Fact("rating", {2026, 5, 1})->mutable_cqc_rating_published();
  rating->set_overall(v1::RATING_INADEQUATE);
  Set({2026, 5, 1}, rating->mutable_report_date());
  Fact("default", {2026, 5, 2})
      ->mutable_contract_notice_served()
      ->set_notice(v1::ContractNoticeServed::NOTICE_DEFAULT);
  Fact("query", {2026, 5, 2})
      ->mutable_contract_notice_served()
      ->set_notice(v1::ContractNoticeServed::NOTICE_INFORMAL_QUERY);
  Fact("sold", {2026, 5, 3})
      ->mutable_service_linked()
      ->set_reason(v1::ServiceLinked::REASON_CHANGE_OF_OWNERSHIP);
  Fact("moved", {2026, 5, 3})
      ->mutable_service_linked()
      ->set_reason(v1::ServiceLinked::REASON_LOCATION_MOVE);
  Fact("closure", {2026, 5, 4})
      ->mutable_outbreak_or_closure_declared()
      ->set_what(v1::OutbreakOrClosureDeclared::WHAT_SERVICE_CLOSURE);
  EXPECT_THAT(Ids(Untold()), testing::UnorderedElementsAre("rating", "default", "sold", "closure"));
  EXPECT_THAT(Untold().note, HasSubstr("CQC_INADEQUATE"));
  Tell("told-too-early", {2026, 4, 30}, v1::ISP_REASON_CQC_INADEQUATE);
  EXPECT_THAT(Untold().note, HasSubstr("CQC_INADEQUATE"));
  Tell("told-1", {2026, 5, 1}, v1::ISP_REASON_CQC_INADEQUATE);
  Tell("told-2", {2026, 5, 2}, v1::ISP_REASON_CONTRACT_DEFAULT_NOTICE_QUALITY);
  Tell("told-3", {2026, 5, 3}, v1::ISP_REASON_SALE_OR_OWNERSHIP_CHANGE);
  EXPECT_THAT(Ids(Untold()), ElementsAre("closure"));
  Tell("told-4", {2026, 5, 5}, v1::ISP_REASON_CLOSURE_OR_CEASED_TRADING);
  EXPECT_EQ(Untold().value, Truth::kFalse);
}

// A09
TEST_F(CouncilMeasures, AProposalToCancelIsToldAndSoIsItsWithdrawal) {
  Fact("proposal", {2026, 3, 3})
      ->mutable_cqc_enforcement_action_recorded()
      ->set_action(v1::ENFORCEMENT_KIND_NOTICE_OF_PROPOSAL_CANCEL);
  Fact("warning", {2026, 3, 3})
      ->mutable_cqc_enforcement_action_recorded()
      ->set_action(v1::ENFORCEMENT_KIND_WARNING_NOTICE);
  EXPECT_THAT(Untold().note, testing::EndsWith("CQC_NOP_CANCEL"));
  const auto close = [this](const char* id, const char* action) {
    auto* closed = Fact(id, {2026, 4, 10})->mutable_cqc_enforcement_action_closed();
    closed->mutable_action()->set_id(action);
    closed->set_outcome(v1::CqcEnforcementActionClosed::OUTCOME_WITHDRAWN);
  };
  close("warning-over", "warning");
  EXPECT_THAT(Ids(Untold()), ElementsAre("proposal"));
  close("withdrawn", "proposal");
  EXPECT_THAT(Untold().note, testing::EndsWith("CQC_NOP_CANCEL_WITHDRAWN"));
}

TEST_F(CouncilMeasures, ASuspensionIsToldAsItStands) {
  Suspend("suspension", {2026, 5, 1});
  EXPECT_THAT(Untold().note, HasSubstr("SUSPENSION_TEMPORARY"));
  auto* varied = Fact("varied", {2026, 5, 5})->mutable_suspension_varied();
  varied->mutable_suspension()->set_id("suspension");
  varied->set_scope(v1::SuspensionImposed::SCOPE_WHOLE);
  EXPECT_THAT(Untold().note, testing::EndsWith("SUSPENSION_WHOLE"));
  auto* lifted = Fact("lifted", {2026, 5, 9})->mutable_suspension_lifted();
  lifted->mutable_suspension()->set_id("suspension");
  EXPECT_THAT(Untold().note, testing::EndsWith("SUSPENSION_REMOVED"));
}

TEST_F(CouncilMeasures, WhoEndsAContractIsTold) {
  state_.mutable_service()->add_commissioners(kHalton);
  auto* ended = Fact("ended", {2026, 5, 1})->mutable_closure_or_termination_notified();
  ended->set_what(v1::ClosureOrTerminationNotified::WHAT_CONTRACT_TERMINATION);
  EXPECT_THAT(Untold().note, HasSubstr("VOLUNTARY_WITHDRAWAL"));
  ended->set_notified_by(kHalton);
  EXPECT_THAT(Untold().note, HasSubstr("CONTRACT_ENDED_BY_COMMISSIONER"));
  ended->set_what(v1::ClosureOrTerminationNotified::WHAT_SERVICE_CLOSURE);
  EXPECT_THAT(Untold().note, HasSubstr("CLOSURE_OR_CEASED_TRADING"));
}

TEST_F(CouncilMeasures, APlacementThatEndsLaterIsLookedAtThen) {
  Place("placed", {2026, 1, 1}, kHalton);
  Set({2026, 6, 10}, Leave("placed", {2026, 5, 30})->mutable_ended_on());
  EXPECT_EQ(NextInstant(state_, record_, {}, kNow), LondonMidnight({2026, 6, 10}));
}

}  // namespace
}  // namespace trigpoint
