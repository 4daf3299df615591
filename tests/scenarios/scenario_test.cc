// Every story under tests/scenarios, one test each, named by its id.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "trigpoint/engine/pack_file.h"
#include "trigpoint/testkit/scenario.h"

namespace trigpoint {
namespace {

const std::string kSource = TRIGPOINT_SOURCE_DIR;  // NOLINT: a path that the build gives.

class ScenarioTest : public testing::TestWithParam<std::string> {};

TEST_P(ScenarioTest, Holds) {
  const auto scenario = ReadScenarioFile(GetParam());
  ASSERT_TRUE(scenario.ok()) << scenario.status().message();
  std::vector<v1::PolicyPack> beside;
  for (const auto& policy : scenario->beside) {
    auto pack = FindPack(policy, kSource + "/deploy/policies");
    ASSERT_TRUE(pack.ok()) << pack.status().message();
    beside.push_back(*std::move(pack));
  }
  for (const auto& policy : scenario->policies) {
    const auto pack = FindPack(policy, kSource + "/deploy/policies");
    ASSERT_TRUE(pack.ok()) << pack.status().message();
    const auto outcome = RunScenario(*scenario, *pack, beside);
    ASSERT_TRUE(outcome.ok()) << outcome.status().message();
    EXPECT_TRUE(outcome->passed) << outcome->report;
  }
}

std::string NameOf(const testing::TestParamInfo<std::string>& file) {
  std::string name = std::filesystem::path(file.param).stem().string();
  for (char& c : name) c = c == '-' ? '_' : c;
  return name;
}

INSTANTIATE_TEST_SUITE_P(Story, ScenarioTest,
                         testing::ValuesIn(ScenarioFiles(kSource + "/tests/scenarios")), NameOf);

TEST(Scenarios, AreThere) { EXPECT_GT(ScenarioFiles(kSource + "/tests/scenarios").size(), 40U); }

}  // namespace
}  // namespace trigpoint
