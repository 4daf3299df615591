#include "trigpoint/domain/themes.h"

#include <gtest/gtest.h>

#include <string>

#include "trigpoint/domain/concern.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

constexpr int64_t kHour = 3'600'000'000;

/// Reports of a service in the order of time.
class Reports {
 public:
  Reports& Add(v1::SourceFamily family, v1::Theme theme, const std::string& incident = "") {
    auto* concern = state_.add_concerns();
    const int n = state_.concerns_size();
    concern->set_source("source-" + std::to_string(n));
    concern->set_id("r");
    concern->set_occurred_us(n * 100 * kHour);
    concern->set_family(family);
    concern->add_themes(theme);
    concern->set_flags(kConcernNegative);
    concern->set_incident_key(incident);
    return *this;
  }
  /// What the regulator did, at the time of the next report.
  Reports& AddAct(v1::Theme theme) {
    auto* fact = state_.add_facts();
    fact->set_source("cqc");
    fact->set_id("notice");
    fact->add_themes(theme);
    fact->mutable_cqc_enforcement_action_recorded()->set_action(
        v1::ENFORCEMENT_KIND_WARNING_NOTICE);
    SetMicros((state_.concerns_size() + 1) * 100 * kHour, fact->mutable_occurred_at());
    return *this;
  }
  std::vector<ThemeConfidence> Cited(const CitedReports& cited) const {
    return ThemesOfCited(state_, ClusterView(state_), cited);
  }
  const v1::ProviderState& state() const { return state_; }
  std::vector<ThemeConfidence> Themes() const { return ThemesOf(state_, 0, 10'000 * kHour); }

 private:
  v1::ProviderState state_;
};

// 3.8 (6)
TEST(ThemesOf, GradesByIndependentFamilies) {
  Reports reports;
  reports.Add(v1::SOURCE_FAMILY_INCIDENT, v1::THEME_FALLS);
  ASSERT_EQ(reports.Themes().size(), 1U);
  EXPECT_EQ(reports.Themes()[0].grade, v1::ThemeConfidence::GRADE_C);
  reports.Add(v1::SOURCE_FAMILY_INCIDENT, v1::THEME_FALLS);
  EXPECT_EQ(reports.Themes()[0].grade, v1::ThemeConfidence::GRADE_C)
      << "more of one family is no second family";
  reports.Add(v1::SOURCE_FAMILY_SAFEGUARDING, v1::THEME_FALLS);
  EXPECT_EQ(reports.Themes()[0].grade, v1::ThemeConfidence::GRADE_B);
  reports.Add(v1::SOURCE_FAMILY_COMPLAINT_EXPERIENCE, v1::THEME_FALLS);
  const auto themes = reports.Themes();
  EXPECT_EQ(themes[0].grade, v1::ThemeConfidence::GRADE_A);
  EXPECT_EQ(themes[0].families, 3);
  EXPECT_EQ(themes[0].incidents, 4);
  EXPECT_EQ(themes[0].evidence.size(), 4U);
}

// 3.8 (6)
TEST(ThemesOf, IsOneGradeBetterWithTheRegulator) {
  Reports one;
  one.Add(v1::SOURCE_FAMILY_REGULATOR, v1::THEME_STAFFING);
  EXPECT_EQ(one.Themes()[0].grade, v1::ThemeConfidence::GRADE_B);
  EXPECT_TRUE(one.Themes()[0].regulator);
  one.Add(v1::SOURCE_FAMILY_INCIDENT, v1::THEME_STAFFING);
  EXPECT_EQ(one.Themes()[0].grade, v1::ThemeConfidence::GRADE_A);
}

// 3.8 (4): double reporting must not fake triangulation.
TEST(ThemesOf, OneIncidentIsOneFamilyWhoeverReportedIt) {
  Reports same;
  same.Add(v1::SOURCE_FAMILY_INCIDENT, v1::THEME_NEGLECT, "case-1")
      .Add(v1::SOURCE_FAMILY_SAFEGUARDING, v1::THEME_NEGLECT, "case-1")
      .Add(v1::SOURCE_FAMILY_COMPLAINT_EXPERIENCE, v1::THEME_NEGLECT, "case-1");
  ASSERT_EQ(same.Themes().size(), 1U);
  EXPECT_EQ(same.Themes()[0].incidents, 1);
  EXPECT_EQ(same.Themes()[0].families, 1);
  EXPECT_EQ(same.Themes()[0].grade, v1::ThemeConfidence::GRADE_C);
  // A second incident, of a family that the first has as well: the first gives way.
  same.Add(v1::SOURCE_FAMILY_INCIDENT, v1::THEME_NEGLECT, "case-2");
  EXPECT_EQ(same.Themes()[0].families, 2);
  EXPECT_EQ(same.Themes()[0].grade, v1::ThemeConfidence::GRADE_B);
}

TEST(ThemesOf, LooksAtTheWindowAndPutsTheBestGradeFirst) {
  Reports reports;
  reports.Add(v1::SOURCE_FAMILY_INCIDENT, v1::THEME_FALLS)
      .Add(v1::SOURCE_FAMILY_INCIDENT, v1::THEME_STAFFING)
      .Add(v1::SOURCE_FAMILY_SAFEGUARDING, v1::THEME_STAFFING);
  const auto themes = reports.Themes();
  ASSERT_EQ(themes.size(), 2U);
  EXPECT_EQ(themes[0].theme, v1::THEME_STAFFING);
  EXPECT_EQ(themes[1].theme, v1::THEME_FALLS);
  EXPECT_TRUE(ThemesOf(v1::ProviderState(), 0, kHour).empty());
}

// 3.8 (6): "regulator/enforcement".
TEST(ThemesOf, ANoticeOfTheRegulatorIsOneOfTheFamilies) {
  Reports reports;
  reports.Add(v1::SOURCE_FAMILY_INCIDENT, v1::THEME_STAFFING).AddAct(v1::THEME_STAFFING);
  const auto themes = reports.Themes();
  ASSERT_EQ(themes.size(), 1U);
  EXPECT_EQ(themes[0].families, 2);
  EXPECT_TRUE(themes[0].regulator);
  EXPECT_EQ(themes[0].grade, v1::ThemeConfidence::GRADE_A);
  EXPECT_TRUE(reports.AddAct(v1::THEME_FALLS).Themes()[0].regulator);
}

// 3.8 (6)
// 3.8 (6): what bears a concern out.
TEST(ThemesOf, WhatTheRegulatorTookBackOrFoundGoodBearsNothingOut) {
  v1::ProviderState state = Reports().Add(v1::SOURCE_FAMILY_INCIDENT, v1::THEME_STAFFING).state();
  const auto add = [&state](const std::string& id) -> v1::Event& {
    v1::Event& fact = *state.add_facts();
    fact.set_source("cqc");
    fact.set_id(id);
    fact.add_themes(v1::THEME_STAFFING);
    SetMicros(kHour, fact.mutable_occurred_at());
    return fact;
  };
  add("closed").mutable_cqc_enforcement_action_closed();
  add("withdrawn").mutable_cqc_report_withdrawn();
  add("good").mutable_cqc_rating_published()->set_overall(v1::RATING_OUTSTANDING);
  ASSERT_EQ(ThemesOf(state, 0, 10'000 * kHour).size(), 1U);
  EXPECT_EQ(ThemesOf(state, 0, 10'000 * kHour)[0].grade, v1::ThemeConfidence::GRADE_C);
  add("poor").mutable_cqc_rating_published()->set_overall(v1::RATING_INADEQUATE);
  EXPECT_TRUE(ThemesOf(state, 0, 10'000 * kHour)[0].regulator);
}

TEST(ThemesOfCited, GradesOnlyWhatIsCited) {
  Reports reports;
  reports.Add(v1::SOURCE_FAMILY_INCIDENT, v1::THEME_FALLS)
      .Add(v1::SOURCE_FAMILY_SAFEGUARDING, v1::THEME_FALLS)
      .Add(v1::SOURCE_FAMILY_COMPLAINT_EXPERIENCE, v1::THEME_FALLS);
  const auto two = reports.Cited({{"source-1", "r"}, {"source-3", "r"}, {"elsewhere", "r"}});
  ASSERT_EQ(two.size(), 1U);
  EXPECT_EQ(two[0].grade, v1::ThemeConfidence::GRADE_B);
  EXPECT_EQ(two[0].families, 2);
  EXPECT_TRUE(two[0].evidence.empty());
  EXPECT_TRUE(reports.Cited({}).empty());
}

TEST(ThemesOfCited, IsShownWithoutTheNumberOfIncidents) {
  Reports reports;
  reports.Add(v1::SOURCE_FAMILY_REGULATOR, v1::THEME_STAFFING);
  const v1::ThemeConfidence shown = ToProto(reports.Cited({{"source-1", "r"}})[0]);
  EXPECT_EQ(shown.ShortDebugString(),
            "theme: THEME_STAFFING grade: GRADE_B families: 1 regulator: true");
  EXPECT_EQ(GradeLetter(shown.grade()), 'B');
}

}  // namespace
}  // namespace trigpoint
