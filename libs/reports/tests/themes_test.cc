#include "trigpoint/reports/themes.h"

#include <gtest/gtest.h>

#include <string>

#include "trigpoint/domain/concern.h"

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
  std::vector<ThemeConfidence> Themes() const { return ThemesOf(state_, 0, 10'000 * kHour); }

 private:
  v1::ProviderState state_;
};

// 3.8 (6)
TEST(ThemesOf, GradesByIndependentFamilies) {
  Reports reports;
  reports.Add(v1::SOURCE_FAMILY_INCIDENT, v1::THEME_FALLS);
  ASSERT_EQ(reports.Themes().size(), 1U);
  EXPECT_EQ(reports.Themes()[0].grade, 'C');
  reports.Add(v1::SOURCE_FAMILY_INCIDENT, v1::THEME_FALLS);
  EXPECT_EQ(reports.Themes()[0].grade, 'C') << "more of one family is no second family";
  reports.Add(v1::SOURCE_FAMILY_SAFEGUARDING, v1::THEME_FALLS);
  EXPECT_EQ(reports.Themes()[0].grade, 'B');
  reports.Add(v1::SOURCE_FAMILY_COMPLAINT_EXPERIENCE, v1::THEME_FALLS);
  const auto themes = reports.Themes();
  EXPECT_EQ(themes[0].grade, 'A');
  EXPECT_EQ(themes[0].families, 3);
  EXPECT_EQ(themes[0].incidents, 4);
  EXPECT_EQ(themes[0].evidence.size(), 4U);
}

// 3.8 (6)
TEST(ThemesOf, IsOneGradeBetterWithTheRegulator) {
  Reports one;
  one.Add(v1::SOURCE_FAMILY_REGULATOR, v1::THEME_STAFFING);
  EXPECT_EQ(one.Themes()[0].grade, 'B');
  EXPECT_TRUE(one.Themes()[0].regulator);
  one.Add(v1::SOURCE_FAMILY_INCIDENT, v1::THEME_STAFFING);
  EXPECT_EQ(one.Themes()[0].grade, 'A');
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
  EXPECT_EQ(same.Themes()[0].grade, 'C');
  // A second incident, of a family that the first has as well: the first gives way.
  same.Add(v1::SOURCE_FAMILY_INCIDENT, v1::THEME_NEGLECT, "case-2");
  EXPECT_EQ(same.Themes()[0].families, 2);
  EXPECT_EQ(same.Themes()[0].grade, 'B');
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

}  // namespace
}  // namespace trigpoint
