#include "explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "arguments.h"

namespace trigpoint {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

void AddFigure(v1::CriterionResult* criterion, const std::string& name, double value) {
  auto* figure = criterion->add_figures();
  figure->set_name(name);
  figure->set_value(value);
}

v1::Assessment LevelTwo() {
  v1::Assessment assessment;
  assessment.set_policy_id("herefordshire");
  assessment.set_policy_version(1);
  assessment.set_applies(v1::TRUTH_VALUE_TRUE);
  *assessment.mutable_as_of() = ToTimestamp(*ParseAsOf("2026-03-01"));
  assessment.set_target_state("LEVEL_2");
  assessment.set_level("LEVEL_2");
  assessment.set_decided_state("LEVEL_1");
  assessment.set_floor("LEVEL_2");
  assessment.set_ceiling("LEVEL_3");
  assessment.set_recorded(true);
  assessment.set_source_document("S2");
  auto* met = assessment.add_criteria();
  met->set_id("H-L2-3");
  met->set_value(v1::TRUTH_VALUE_TRUE);
  met->set_clause("S2 App 2 Level 2 (3)");
  met->set_note("More safeguarding concerns than expected.");
  AddFigure(met, "observed", 7);
  AddFigure(met, "expected", 1.9);
  AddFigure(met, "p", 0.004);
  auto* event = met->add_evidence();
  event->set_source("halton-council/safeguarding");
  event->set_id("SG-104");
  auto* unmet = assessment.add_criteria();
  unmet->set_id("H-L3-1");
  unmet->set_value(v1::TRUTH_VALUE_FALSE);
  auto* unknown = assessment.add_criteria();
  unknown->set_id("H-L3-2");
  unknown->set_value(v1::TRUTH_VALUE_UNKNOWN);
  assessment.add_near_misses("One more default notice would meet H-L3-4.");
  assessment.add_gaps("No monitoring return is known.");
  assessment.add_caveats("Peer group of 6 services.");
  assessment.add_measures("Visit within 10 working days.");
  return assessment;
}

// 4.1: shown, with what it is not, and never as a level.
TEST(BesideNqb, SaysWhereAStateStandsAndWhatItIsNot) {
  v1::CrossWalk entry;
  EXPECT_EQ(BesideNqb("Level 3", entry), "") << "the policy says nothing of the state";
  entry.set_state("LEVEL_3");
  entry.set_nqb_state("INTENSIVE");
  entry.set_note("Level 3 does not imply intensive.");
  entry.set_clause("S1 L170");
  EXPECT_EQ(BesideNqb("Level 3", entry),
            "Level 3 beside the NQB ladder (for display only): Intensive. Level 3 does not imply "
            "intensive. [S1\nL170]\n");
  entry.clear_nqb_state();
  EXPECT_THAT(BesideNqb("Level 3", entry), HasSubstr("nowhere on it"));
}

std::string Told(const v1::Assessment& assessment, Detail detail = Detail::kWhatCounts) {
  return Explain({"1-545611283", "Oak House", "Halton"}, assessment, detail, Ink(false));
}

TEST(Explain, TellsWhatIsRecommendedAndWhy) {
  const std::string text = Told(LevelTwo());
  EXPECT_THAT(text, HasSubstr("Oak House (1-545611283), Halton\n"));
  EXPECT_THAT(text, HasSubstr("as known on 2026-03-01 23:59"));
  EXPECT_THAT(text, HasSubstr("Recommended: Level 2 (decided today: Level 1)"));
  EXPECT_THAT(text, HasSubstr("Not below Level 2, whatever the missing information says."));
  EXPECT_THAT(text, HasSubstr("H-L2-3  [S2 App 2 Level 2 (3)]"));
  EXPECT_THAT(text, HasSubstr("7 seen where 1.9 would be expected"));
  EXPECT_THAT(text, HasSubstr("Evidence: halton-council/safeguarding/SG-104"));
  EXPECT_THAT(text, HasSubstr("1 more not met, 1 cannot be told"));
}

TEST(Explain, TellsNearMissesGapsCaveatsMeasuresAndWhatToDoNext) {
  const std::string text = Told(LevelTwo());
  EXPECT_THAT(text, HasSubstr("Nearly met\n  - One more default notice"));
  EXPECT_THAT(text, HasSubstr("Not known\n  - No monitoring return"));
  EXPECT_THAT(text, HasSubstr("Read with care\n  - Peer group"));
  EXPECT_THAT(text, HasSubstr("What the policy says happens at Level 2\n  - Visit within"));
  EXPECT_THAT(text, HasSubstr("trigpoint decide 1-545611283 --policy herefordshire --to LEVEL_2"));
}

TEST(Explain, StaysWithinAHundredColumns) {
  auto assessment = LevelTwo();
  for (int i = 0; i < 40; ++i) {
    auto* event = assessment.mutable_criteria(0)->add_evidence();
    event->set_source("halton-council/safeguarding");
    event->set_id("SG-" + std::to_string(i));
  }
  std::istringstream lines(Told(assessment, Detail::kEveryCriterion));
  for (std::string line; std::getline(lines, line);) {
    EXPECT_LE(Columns(line), kTextColumns) << line;
  }
}

TEST(Explain, ListsEveryCriterionWhenAsked) {
  const std::string text = Told(LevelTwo(), Detail::kEveryCriterion);
  EXPECT_THAT(text, HasSubstr("H-L3-1 FALSE"));
  EXPECT_THAT(text, HasSubstr("H-L3-2 UNKNOWN"));
}

TEST(Explain, PutsUrgencyFirst) {
  auto assessment = LevelTwo();
  assessment.set_urgent(true);
  assessment.set_target_state("RAPID_REVIEW");
  const std::string text = Told(assessment);
  EXPECT_THAT(text, HasSubstr("URGENT: Rapid review recommended; level Level 2"));
  EXPECT_THAT(text, HasSubstr("trigpoint alerts"));
  EXPECT_THAT(text, HasSubstr("--to LEVEL_2"));
}

TEST(Explain, AsksForNoDecisionWhenNothingMoves) {
  auto assessment = LevelTwo();
  assessment.set_decided_state("LEVEL_2");
  const std::string text = Told(assessment);
  EXPECT_THAT(text, HasSubstr("No move recommended; the decided level is Level 2"));
  EXPECT_THAT(text, Not(HasSubstr("trigpoint decide")));
}

TEST(Explain, ProposesTheNextMoveWhereThePolicyWantsTwo) {
  auto assessment = LevelTwo();
  assessment.set_target_state("LEVEL_3");
  assessment.set_level("LEVEL_3");
  auto* first = assessment.add_moves();
  first->set_from_state("LEVEL_1");
  first->set_to_state("LEVEL_2");
  first->add_roles("TEAM_MANAGER");
  first->set_joint(true);
  first->set_clause("S2 3.4.3");
  auto* second = assessment.add_moves();
  second->set_to_state("LEVEL_3");
  second->add_roles("MULTI_AGENCY_PANEL");
  second->add_needs("meeting_id");
  second->set_clause("S2 3.4.4");
  std::string text = Told(assessment);
  EXPECT_THAT(text, HasSubstr("--to LEVEL_2 --rationale"));
  EXPECT_THAT(text, Not(HasSubstr("--to LEVEL_3")));
  EXPECT_THAT(text, HasSubstr("no move from Level 1 to Level 3 in one decision"));
  EXPECT_THAT(text,
              HasSubstr("to Level 2: TEAM_MANAGER; every commissioner must concur [S2 3.4.3]"));
  EXPECT_THAT(text, HasSubstr("to Level 3: MULTI_AGENCY_PANEL [S2 3.4.4]"));
  assessment.set_decided_state("LEVEL_2");
  assessment.mutable_moves()->DeleteSubrange(0, 1);
  text = Told(assessment);
  EXPECT_THAT(text, HasSubstr("--to LEVEL_3 --meeting MEETING --rationale"));
}

TEST(Explain, SaysThatPeopleDeclined) {
  auto assessment = LevelTwo();
  assessment.set_declined(true);
  const std::string text = Told(assessment);
  EXPECT_THAT(text, HasSubstr("(decided today: Level 1); people declined it"));
  EXPECT_THAT(text, HasSubstr("--to LEVEL_2 --rationale \"...\" --override"));
  EXPECT_THAT(text, Not(HasSubstr("--decline")));
}

TEST(Explain, SaysWhenThePolicyDoesNotApply) {
  auto assessment = LevelTwo();
  assessment.set_applies(v1::TRUTH_VALUE_FALSE);
  EXPECT_THAT(Told(assessment), HasSubstr("This policy does not apply to the service"));
}

TEST(Explain, NeverShowsWhoAProtectedSourceIs) {
  auto assessment = LevelTwo();
  assessment.mutable_criteria(0)->clear_evidence();
  assessment.mutable_criteria(0)->set_protected_source(true);
  EXPECT_THAT(Told(assessment), HasSubstr("Evidence of a protected source"));
}

TEST(FiguresInWords, PutsChanceAsOdds) {
  v1::CriterionResult criterion;
  EXPECT_EQ(FiguresInWords(criterion), "");
  AddFigure(&criterion, "p", 0.004);
  EXPECT_EQ(FiguresInWords(criterion), "chance alone gives this about 1 time in 250 (p = 0.004)");
  criterion.mutable_figures(0)->set_value(0.00001234);
  EXPECT_THAT(FiguresInWords(criterion), HasSubstr("about 1 time in 81000"));
  criterion.mutable_figures(0)->set_value(1e-9);
  EXPECT_THAT(FiguresInWords(criterion), HasSubstr("less than 1 time in a million"));
  criterion.mutable_figures(0)->set_value(0.7);
  EXPECT_THAT(FiguresInWords(criterion), HasSubstr("no more than chance"));
}

TEST(FiguresInWords, KeepsFiguresThatItHasNoWordsFor) {
  v1::CriterionResult criterion;
  AddFigure(&criterion, "months_suspended", 4);
  EXPECT_EQ(FiguresInWords(criterion), "months suspended 4");
}

TEST(EventName, IsSourceAndId) {
  v1::EventRef event;
  event.set_id("SG-1");
  EXPECT_EQ(EventName(event), "SG-1");
  event.set_source("halton-council/safeguarding");
  EXPECT_EQ(EventName(event), "halton-council/safeguarding/SG-1");
}

TEST(AssessmentJson, HasTheDocumentedShape) {
  const auto json = AssessmentJson("cqc-location/1-545611283", LevelTwo());
  EXPECT_EQ(json["provider"], "cqc-location/1-545611283");
  EXPECT_EQ(json["policy"], "herefordshire");
  EXPECT_EQ(json["policy_version"], 1);
  EXPECT_EQ(json["as_of"], "2026-03-01T23:59:59.999999Z");
  EXPECT_EQ(json["recommendation"]["target_state"], "LEVEL_2");
  EXPECT_EQ(json["recommendation"]["urgent"], false);
  EXPECT_EQ(json["criteria"][0]["id"], "H-L2-3");
  EXPECT_EQ(json["criteria"][0]["value"], "TRUE");
  EXPECT_EQ(json["criteria"][0]["evidence"][0], "halton-council/safeguarding/SG-104");
  EXPECT_EQ(json["criteria"][0]["figures"]["observed"], 7);
  EXPECT_EQ(json["criteria"][1]["value"], "FALSE");
  EXPECT_EQ(json["near_misses"].size(), 1U);
  EXPECT_EQ(json["gaps"].size(), 1U);
  EXPECT_EQ(json["measures"].size(), 1U);
}

}  // namespace
}  // namespace trigpoint
