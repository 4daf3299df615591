// Measures that ask for a visit, or stand against one (S0 6.1-6.3, App C).
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "trigpoint/base/time.h"
#include "trigpoint/domain/concern.h"
#include "trigpoint/events/times.h"
#include "trigpoint/policy/measure.h"

namespace trigpoint {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

int64_t On(unsigned month, unsigned day) {
  return LondonMidnight({2026, month, day}) + 9 * kMicrosPerHour;
}

class VisitMeasuresTest : public testing::Test {
 protected:
  void Fact(const std::string& id, int64_t at_us, const std::string& payload) {
    v1::Event& fact = *state_.add_facts();
    EXPECT_TRUE(google::protobuf::TextFormat::MergeFromString(payload, &fact)) << payload;
    fact.set_source("src");
    fact.set_id(id);
    SetMicros(at_us, fact.mutable_occurred_at());
    SetMicros(at_us, fact.mutable_received_at());
  }
  void Report(const std::string& id, int64_t at_us, v1::SourceFamily family, v1::Theme theme,
              const std::string& incident = "") {
    v1::Concern& concern = *state_.add_concerns();
    concern.set_source("src-" + std::to_string(family));
    concern.set_id(id);
    concern.set_occurred_us(at_us);
    concern.set_known_us(at_us);
    concern.set_family(family);
    concern.add_themes(theme);
    concern.set_incident_key(incident);
    concern.set_flags(kConcernNegative);
  }
  void HearAll() {
    for (int family = 1; family <= v1::SourceFamily_MAX; ++family)
      state_.add_families_heard(family);
  }
  MeasureResult Ask(const std::string& name, const MeasureArguments& arguments,
                    int64_t as_of_us) const {
    return FindMeasure(name)->evaluate(arguments, {.state = state_,
                                                   .record = record_,
                                                   .baselines = {},
                                                   .policy_id = "p",
                                                   .decided_state = {},
                                                   .as_of_us = as_of_us});
  }
  static std::vector<std::string> Ids(const MeasureResult& result) {
    std::vector<std::string> ids;
    for (const auto& ref : result.evidence) ids.push_back(ref.id());
    return ids;
  }

  v1::ProviderState state_;
  v1::ProviderRecord record_;
};

MeasureArguments Themes() {
  return {.values = {},
          .families = {v1::SOURCE_FAMILY_SAFEGUARDING, v1::SOURCE_FAMILY_INCIDENT,
                       v1::SOURCE_FAMILY_COMPLAINT_EXPERIENCE},
          .numbers = {{"count", 2}, {"days", 60}}};
}

// V-ENH
TEST_F(VisitMeasuresTest, TwoFamiliesShareATheme) {
  Report("s1", On(3, 1), v1::SOURCE_FAMILY_SAFEGUARDING, v1::THEME_FALLS);
  Report("c1", On(3, 8), v1::SOURCE_FAMILY_COMPLAINT_EXPERIENCE, v1::THEME_FALLS);
  Report("i1", On(3, 9), v1::SOURCE_FAMILY_INCIDENT, v1::THEME_MEDICINES);
  const auto result = Ask("theme_shared_by_families", Themes(), On(3, 10));
  EXPECT_EQ(result.value, Truth::kTrue);
  EXPECT_THAT(Ids(result), ElementsAre("s1", "c1"));
}

// 3.8 (4): one cluster fills at most one family.
TEST_F(VisitMeasuresTest, OneIncidentToldByTwoPartnersIsNoSharedTheme) {
  HearAll();
  Report("s1", On(3, 1), v1::SOURCE_FAMILY_SAFEGUARDING, v1::THEME_FALLS, "case");
  Report("i1", On(3, 1), v1::SOURCE_FAMILY_INCIDENT, v1::THEME_FALLS, "case");
  EXPECT_EQ(Ask("theme_shared_by_families", Themes(), On(3, 10)).value, Truth::kFalse);
  // It fills either; a further report of one of them leaves it the other.
  Report("s2", On(3, 20), v1::SOURCE_FAMILY_SAFEGUARDING, v1::THEME_FALLS);
  EXPECT_EQ(Ask("theme_shared_by_families", Themes(), On(3, 20)).value, Truth::kTrue);
}

TEST_F(VisitMeasuresTest, ThemesOfOtherDaysAreNotShared) {
  HearAll();
  Report("s1", On(1, 1), v1::SOURCE_FAMILY_SAFEGUARDING, v1::THEME_FALLS);
  Report("c1", On(3, 8), v1::SOURCE_FAMILY_COMPLAINT_EXPERIENCE, v1::THEME_FALLS);
  EXPECT_EQ(Ask("theme_shared_by_families", Themes(), On(3, 10)).value, Truth::kFalse);
}

TEST_F(VisitMeasuresTest, WhetherAThemeIsSharedIsUnknownWhereAFamilyWasNeverHeard) {
  const auto result = Ask("theme_shared_by_families", Themes(), On(3, 10));
  EXPECT_EQ(result.value, Truth::kUnknown);
  EXPECT_THAT(result.note, HasSubstr("nothing was ever received from: safeguarding"));
}

TEST_F(VisitMeasuresTest, ConcernsOfAFamilyAreCountedByIncident) {
  const MeasureArguments two{.values = {},
                             .families = {v1::SOURCE_FAMILY_REGULATOR},
                             .numbers = {{"count", 2}, {"days", 60}}};
  Report("r1", On(3, 1), v1::SOURCE_FAMILY_REGULATOR, v1::THEME_FALLS);
  Report("s1", On(3, 1), v1::SOURCE_FAMILY_SAFEGUARDING, v1::THEME_MEDICINES);
  const auto one = Ask("concerns_of_families", two, On(3, 10));
  EXPECT_EQ(one.value, Truth::kFalse);
  EXPECT_THAT(Ids(one), IsEmpty());
  Report("r2", On(3, 9), v1::SOURCE_FAMILY_REGULATOR, v1::THEME_MEDICINES);
  EXPECT_THAT(Ids(Ask("concerns_of_families", two, On(3, 10))), ElementsAre("r1", "r2"));
  EXPECT_EQ(Ask("concerns_of_families", two, On(5, 5)).value, Truth::kFalse);
}

TEST_F(VisitMeasuresTest, AReturnOrReportThatGivesRiseToConcern) {
  const MeasureArguments days{.values = {}, .families = {}, .numbers = {{"days", 30}}};
  Fact("fine", On(3, 1), "monitoring_return_received {}");
  EXPECT_EQ(Ask("return_concern", days, On(3, 2)).value, Truth::kFalse);
  Fact("return", On(3, 3), "monitoring_return_received { concern: true }");
  Fact("report", On(3, 4), "provider_performance_report_received { concern: true }");
  EXPECT_THAT(Ids(Ask("return_concern", days, On(3, 5))), ElementsAre("return", "report"));
  EXPECT_EQ(Ask("return_concern", days, On(5, 5)).value, Truth::kFalse);
}

TEST_F(VisitMeasuresTest, TheLatestFigureOfAnIndicatorCounts) {
  const MeasureArguments above{
      .values = {"agency"}, .families = {}, .numbers = {{"days", 60}, {"limit", 5}}};
  const auto unknown = Ask("indicator_above", above, On(3, 1));
  EXPECT_EQ(unknown.value, Truth::kUnknown);
  EXPECT_EQ(unknown.note, "no return says it");
  Fact("feb", On(3, 1), "monitoring_return_received { kpis { name: 'agency' value: 8 } }");
  EXPECT_THAT(Ids(Ask("indicator_above", above, On(3, 2))), ElementsAre("feb"));
  Fact("mar", On(4, 1),
       "provider_performance_report_received { kpis { name: 'agency' value: 5 } "
       "kpis { name: 'other' value: 99 } }");
  EXPECT_EQ(Ask("indicator_above", above, On(4, 2)).value, Truth::kFalse);
}

TEST_F(VisitMeasuresTest, ARiskThatSomebodyInTheRoleAsserts) {
  const MeasureArguments provider{
      .values = {"PROVIDER"}, .families = {}, .numbers = {{"days", 30}}};
  Fact("icb", On(3, 1), "immediate_risk_asserted { asserted_by_role: 'ICB_LEAD' }");
  EXPECT_EQ(Ask("risk_asserted_by", provider, On(3, 2)).value, Truth::kFalse);
  Fact("own", On(3, 2), "immediate_risk_asserted { asserted_by_role: 'PROVIDER' }");
  EXPECT_THAT(Ids(Ask("risk_asserted_by", provider, On(3, 3))), ElementsAre("own"));
  EXPECT_EQ(Ask("risk_asserted_by", provider, On(4, 3)).value, Truth::kFalse);
}

// 3.1 risk_matrix: 1-3 low, 4-6 moderate, 8-12 high, 15-25 extreme.
TEST_F(VisitMeasuresTest, TheRiskProfileScoredLastHasTheBand) {
  const MeasureArguments high{
      .values = {"RISK_BAND_HIGH", "RISK_BAND_EXTREME"}, .families = {}, .numbers = {}};
  EXPECT_EQ(Ask("risk_rating_in", high, On(3, 1)).value, Truth::kUnknown);
  const auto scored = [](int likelihood, int consequence) {
    return "risk_profile_scored { score { likelihood: " + std::to_string(likelihood) +
           " consequence: " + std::to_string(consequence) + " } }";
  };
  Fact("p1", On(3, 1), scored(2, 3));
  EXPECT_EQ(Ask("risk_rating_in", high, On(3, 1)).value, Truth::kFalse);
  Fact("p2", On(3, 2), scored(2, 4));
  EXPECT_THAT(Ids(Ask("risk_rating_in", high, On(3, 2))), ElementsAre("p2"));
  Fact("p3", On(3, 3), "risk_profile_scored { rating: RISK_BAND_LOW }");
  EXPECT_EQ(Ask("risk_rating_in", high, On(3, 3)).value, Truth::kFalse);
  Fact("p4", On(3, 4), scored(3, 5));
  EXPECT_EQ(Ask("risk_rating_in", high, On(3, 4)).value, Truth::kTrue);
}

TEST_F(VisitMeasuresTest, ALevelUnderAnotherPolicy) {
  const MeasureArguments enhanced{.values = {"ENHANCED"}, .families = {}, .numbers = {}};
  auto* own = record_.add_policies();
  own->set_policy_id("p");
  own->set_decided_state("ENHANCED");
  EXPECT_EQ(Ask("decided_elsewhere_in", enhanced, On(3, 1)).value, Truth::kFalse);
  auto* other = record_.add_policies();
  other->set_policy_id("q");
  other->set_decided_state("ENHANCED");
  EXPECT_EQ(Ask("decided_elsewhere_in", enhanced, On(3, 1)).value, Truth::kTrue);
}

std::string Planned(int month, int day) {
  return "visit_scheduled { planned_for { year: 2026 month: " + std::to_string(month) +
         " day: " + std::to_string(day) + " } }";
}

constexpr char kInspection[] =
    "cqc_inspection_notified { stage: STAGE_NOTIFIED on_site_from { year: 2026 month: 6 day: 10 } "
    "on_site_to { year: 2026 month: 6 day: 12 } }";

// A48, S0 App C Cancellations
TEST_F(VisitMeasuresTest, AVisitPlannedForADayOfTheInspectionClashes) {
  Fact("before", On(6, 1), Planned(6, 9));
  Fact("first", On(6, 1), Planned(6, 10));
  Fact("last", On(6, 1), Planned(6, 12));
  Fact("after", On(6, 1), Planned(6, 13));
  EXPECT_EQ(Ask("visit_clashes_with_inspection", {}, On(6, 2)).value, Truth::kFalse);
  Fact("cqc", On(6, 3), kInspection);
  EXPECT_THAT(Ids(Ask("visit_clashes_with_inspection", {}, On(6, 3))),
              ElementsAre("first", "cqc", "last"));
  EXPECT_THAT(Ids(Ask("visit_clashes_with_inspection", {}, On(6, 11))), ElementsAre("last", "cqc"));
}

TEST_F(VisitMeasuresTest, AVisitThatWasMovedOrCalledOffClashesNoMore) {
  Fact("plan", On(6, 1), Planned(6, 10));
  Fact("cqc", On(6, 3), kInspection);
  Fact("off", On(6, 4), "visit_cancelled { visit { id: 'plan' } }");
  EXPECT_EQ(Ask("visit_clashes_with_inspection", {}, On(6, 4)).value, Truth::kFalse);
  const std::string moved =
      "visit_rescheduled { visit { id: 'plan' } planned_for { year: 2026 month: 6 day: ";
  Fact("on", On(6, 5), moved + "11 } }");
  EXPECT_THAT(Ids(Ask("visit_clashes_with_inspection", {}, On(6, 5))), ElementsAre("on", "cqc"));
  Fact("on-again", On(6, 6), moved + "30 } }");
  EXPECT_EQ(Ask("visit_clashes_with_inspection", {}, On(6, 6)).value, Truth::kFalse);
}

// AU-16, S0 App C Unforeseen
TEST_F(VisitMeasuresTest, ACancellationNeedsTheAgreementOfEveryRole) {
  const MeasureArguments both{.values = {"A", "B"}, .families = {}, .numbers = {{"days", 30}}};
  EXPECT_EQ(Ask("cancellation_lacks_agreement", both, On(6, 1)).value, Truth::kFalse);
  Fact("agreed", On(6, 1), "visit_cancelled { agreed_by_roles: 'B' agreed_by_roles: 'A' }");
  EXPECT_EQ(Ask("cancellation_lacks_agreement", both, On(6, 1)).value, Truth::kFalse);
  Fact("one", On(6, 2), "visit_cancelled { agreed_by_roles: 'A' }");
  EXPECT_THAT(Ids(Ask("cancellation_lacks_agreement", both, On(6, 2))), ElementsAre("one"));
  EXPECT_EQ(Ask("cancellation_lacks_agreement", both, On(7, 3)).value, Truth::kFalse);
}

}  // namespace
}  // namespace trigpoint
