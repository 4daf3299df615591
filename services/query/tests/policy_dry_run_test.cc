#include "services/query/policy_dry_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace trigpoint {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

v1::Assessment Assessed(const std::string& target, v1::TruthValue applies = v1::TRUTH_VALUE_TRUE) {
  v1::Assessment assessment;
  assessment.set_applies(applies);
  assessment.set_target_state(target);
  return assessment;
}

void Add(const std::string& id, v1::TruthValue value, const std::string& report,
         v1::Assessment* assessment) {
  auto* criterion = assessment->add_criteria();
  criterion->set_id(id);
  criterion->set_clause("S2 App 2");
  criterion->set_value(value);
  if (!report.empty()) criterion->add_evidence()->set_id(report);
}

TEST(Difference, IsNothingWhereTargetUrgencyAndCriteriaAreTheSame) {
  v1::Assessment before = Assessed("LEVEL_2");
  Add("A", v1::TRUTH_VALUE_TRUE, "one", &before);
  v1::Assessment after = before;
  after.mutable_criteria(0)->add_evidence()->set_id("two");
  EXPECT_FALSE(Difference(&before, after).has_value());
}

TEST(Difference, NamesTheCriteriaThatChangedWithClauseAndWhatTheyRestOn) {
  v1::Assessment before = Assessed("LEVEL_2");
  Add("A", v1::TRUTH_VALUE_TRUE, "one", &before);
  Add("B", v1::TRUTH_VALUE_FALSE, "", &before);
  Add("C", v1::TRUTH_VALUE_UNKNOWN, "", &before);
  v1::Assessment after = Assessed("LEVEL_1");
  Add("A", v1::TRUTH_VALUE_FALSE, "", &after);
  Add("B", v1::TRUTH_VALUE_TRUE, "two", &after);
  Add("C", v1::TRUTH_VALUE_UNKNOWN, "", &after);
  const auto change = Difference(&before, after);
  ASSERT_TRUE(change.has_value());
  EXPECT_EQ(change->target_before(), "LEVEL_2");
  EXPECT_EQ(change->target_after(), "LEVEL_1");
  ASSERT_EQ(change->criteria_size(), 2);
  EXPECT_EQ(change->criteria(0).id(), "A");
  EXPECT_EQ(change->criteria(0).clause(), "S2 App 2");
  EXPECT_EQ(change->criteria(0).before(), v1::TRUTH_VALUE_TRUE);
  EXPECT_EQ(change->criteria(0).after(), v1::TRUTH_VALUE_FALSE);
  EXPECT_EQ(change->criteria(0).evidence(0).id(), "one") << "what it rested on";
  EXPECT_EQ(change->criteria(1).evidence(0).id(), "two") << "what it rests on";
}

// A criterion of one version alone counts where it holds: that it is there changes nothing.
TEST(Difference, CountsACriterionOfOneVersionAloneWhereItHolds) {
  v1::Assessment before = Assessed("LEVEL_1");
  Add("OLD-HELD", v1::TRUTH_VALUE_TRUE, "one", &before);
  Add("OLD", v1::TRUTH_VALUE_FALSE, "", &before);
  v1::Assessment after = Assessed("LEVEL_1");
  Add("NEW", v1::TRUTH_VALUE_UNKNOWN, "", &after);
  Add("NEW-HELD", v1::TRUTH_VALUE_TRUE, "two", &after);
  const auto change = Difference(&before, after);
  ASSERT_TRUE(change.has_value());
  ASSERT_EQ(change->criteria_size(), 2);
  EXPECT_EQ(change->criteria(0).id(), "NEW-HELD");
  EXPECT_EQ(change->criteria(0).before(), v1::TRUTH_VALUE_UNSPECIFIED);
  EXPECT_EQ(change->criteria(1).id(), "OLD-HELD");
  EXPECT_EQ(change->criteria(1).after(), v1::TRUTH_VALUE_UNSPECIFIED);
}

TEST(Difference, OfAServiceThatNeitherVersionCoversIsTheUrgentPathAlone) {
  v1::Assessment before = Assessed("LEVEL_1", v1::TRUTH_VALUE_FALSE);
  Add("A", v1::TRUTH_VALUE_TRUE, "one", &before);
  v1::Assessment after = Assessed("LEVEL_2", v1::TRUTH_VALUE_FALSE);
  Add("A", v1::TRUTH_VALUE_FALSE, "", &after);
  EXPECT_FALSE(Difference(&before, after).has_value());
  after.set_urgent(true);
  after.set_target_state("RAPID_REVIEW");
  const auto change = Difference(&before, after);
  ASSERT_TRUE(change.has_value());
  EXPECT_EQ(change->target_before(), "");
  EXPECT_EQ(change->target_after(), "RAPID_REVIEW");
}

TEST(Difference, OfAPolicyThatIsNewIsEveryServiceThatItCovers) {
  EXPECT_FALSE(Difference(nullptr, Assessed("LOW", v1::TRUTH_VALUE_FALSE)).has_value());
  const auto change = Difference(nullptr, Assessed("LOW"));
  ASSERT_TRUE(change.has_value());
  EXPECT_EQ(change->applied_before(), v1::TRUTH_VALUE_UNSPECIFIED);
  EXPECT_EQ(change->target_after(), "LOW");
}

void Parameter(const std::string& name, double value, v1::PolicyPack* pack) {
  auto* parameter = pack->add_parameters();
  parameter->set_name(name);
  parameter->set_value(value);
}

TEST(ChangedParameters, SaysWhatBecameOfEach) {
  v1::PolicyPack before;
  Parameter("same", 3, &before);
  Parameter("alpha", 0.025, &before);
  Parameter("left_out", 7, &before);
  v1::PolicyPack after;
  Parameter("alpha", 0.01, &after);
  Parameter("same", 3, &after);
  Parameter("added", 14, &after);
  EXPECT_THAT(ChangedParameters(before, after),
              ElementsAre("alpha 0.025 -> 0.01", "added 14 (new)", "left_out 7 (gone)"));
  EXPECT_THAT(ChangedParameters(before, before), IsEmpty());
}

}  // namespace
}  // namespace trigpoint
