// A rule that could be removed or turned round without any story failing is a rule that nothing
// guards.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "trigpoint/engine/pack_file.h"
#include "trigpoint/policy/pack.h"
#include "trigpoint/testkit/scenario.h"

namespace trigpoint {
namespace {

const std::string kSource = TRIGPOINT_SOURCE_DIR;  // NOLINT: a path that the build gives.

struct Mutant {
  std::string what;
  v1::PolicyPack pack;
};

v1::Expression Never() {
  v1::Expression never;
  never.set_measure("decided_state_in");
  never.add_values("NO_SUCH_STATE");
  return never;
}

v1::Expression Always() {
  v1::Expression always;
  *always.mutable_not_() = Never();
  return always;
}

/// Calls `change` once for every part of an "any", "all" or "at least", with that part left out of
/// `root`.
// NOLINTNEXTLINE(misc-no-recursion): as deep as the condition is written.
void EachPartLeftOut(v1::Expression* node, const std::string& where,
                     const std::function<void(const std::string&)>& emit) {
  const auto leave_out = [&](auto* parts, const std::string& kind) {
    for (int i = 0; i < parts->size() && parts->size() > 1; ++i) {
      const auto kept = *parts;
      parts->DeleteSubrange(i, 1);
      emit(where + " without part " + std::to_string(i + 1) + " of " + kind);
      *parts = kept;
    }
  };
  leave_out(node->mutable_any(), "any");
  leave_out(node->mutable_all(), "all");
  if (node->has_at_least()) leave_out(node->mutable_at_least()->mutable_of(), "at_least");
  int n = 0;
  for (auto& child : *node->mutable_any())
    EachPartLeftOut(&child, where + "/any" + std::to_string(++n), emit);
  n = 0;
  for (auto& child : *node->mutable_all())
    EachPartLeftOut(&child, where + "/all" + std::to_string(++n), emit);
  if (node->has_not_()) EachPartLeftOut(node->mutable_not_(), where + "/not", emit);
}

std::vector<Mutant> MutantsOf(v1::PolicyPack pack) {
  std::vector<Mutant> mutants;
  const auto change = [&](v1::Expression* when, const std::string& id) {
    const v1::Expression kept = *when;
    const auto emit = [&](const std::string& what) {
      mutants.push_back({.what = what, .pack = pack});
    };
    *when = Never();
    emit(id + " never holds");
    *when = Always();
    emit(id + " always holds");
    *when = kept;
    EachPartLeftOut(when, id, emit);
  };
  for (auto& criterion : *pack.mutable_criteria()) {
    change(criterion.mutable_when(), criterion.id());
    if (criterion.has_decisive_when())
      change(criterion.mutable_decisive_when(), criterion.id() + " (decisive)");
  }
  for (auto& rule : *pack.mutable_urgent()) change(rule.mutable_when(), rule.id());
  for (auto& rule : *pack.mutable_states()) change(rule.mutable_when(), rule.state());
  return mutants;
}

/// Whether a story fails, or cannot be told any more.
bool Noticed(const std::vector<Scenario>& scenarios, const v1::PolicyPack& pack) {
  return std::any_of(scenarios.begin(), scenarios.end(), [&pack](const Scenario& scenario) {
    const auto outcome = RunScenario(scenario, pack);
    return !outcome.ok() || !outcome->passed;
  });
}

class MutantTest : public testing::TestWithParam<std::string> {};

TEST_P(MutantTest, EveryPartOfARuleIsGuardedByAStory) {
  const auto pack = FindPack(GetParam(), kSource + "/deploy/policies");
  ASSERT_TRUE(pack.ok()) << pack.status().message();
  std::vector<Scenario> scenarios;
  for (const auto& file : ScenarioFiles(kSource + "/tests/scenarios")) {
    auto scenario = ReadScenarioFile(file);
    ASSERT_TRUE(scenario.ok()) << scenario.status().message();
    const auto& policies = scenario->policies;
    if (std::find(policies.begin(), policies.end(), GetParam()) == policies.end()) continue;
    scenarios.push_back(*std::move(scenario));
  }
  // Short stories first: most mutants are found early.
  std::stable_sort(scenarios.begin(), scenarios.end(), [](const Scenario& a, const Scenario& b) {
    return a.given.size() < b.given.size();
  });
  ASSERT_FALSE(Noticed(scenarios, *pack)) << "a story fails without any change";
  for (const Mutant& mutant : MutantsOf(*pack)) {
    ASSERT_TRUE(CompiledPack::Compile(mutant.pack).ok()) << mutant.what;
    EXPECT_TRUE(Noticed(scenarios, mutant.pack)) << "no story fails when " << mutant.what;
  }
}

INSTANTIATE_TEST_SUITE_P(Pack, MutantTest, testing::Values("herefordshire", "nqb", "halton-qaf"));

}  // namespace
}  // namespace trigpoint
