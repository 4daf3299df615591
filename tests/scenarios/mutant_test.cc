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
      std::string what = where + " without part " + std::to_string(i + 1);
      what += " of " + kind;
      emit(what);
      *parts = kept;
    }
  };
  leave_out(node->mutable_any(), "any");
  leave_out(node->mutable_all(), "all");
  if (node->has_at_least()) leave_out(node->mutable_at_least()->mutable_of(), "at_least");
  if (node->has_combination()) {
    leave_out(node->mutable_combination()->mutable_of(), "combination");
  }
  int n = 0;
  for (auto& child : *node->mutable_any())
    EachPartLeftOut(&child, where + "/any" + std::to_string(++n), emit);
  n = 0;
  for (auto& child : *node->mutable_all())
    EachPartLeftOut(&child, where + "/all" + std::to_string(++n), emit);
  if (node->has_not_()) EachPartLeftOut(node->mutable_not_(), where + "/not", emit);
}

/// Calls `emit` once for every trigger that fills no family, and for every soft one made a full
/// one.
void EachTriggerChanged(v1::PolicyPack* pack, const std::function<void(const std::string&)>& emit) {
  for (auto& criterion : *pack->mutable_criteria()) {
    const v1::Criterion kept = criterion;
    if (!kept.weight().empty()) {
      criterion.clear_weight();
      emit(kept.id() + " has full weight");
    } else if (kept.fills_size() > 0) {
      criterion.clear_fills();
      emit(kept.id() + " fills no family");
    }
    criterion = kept;
  }
}

/// Drops what is asked of a field that none of the kinds has any more.
void DropMatchesOfNoKind(v1::ObligationRule* rule) {
  auto* matches = rule->mutable_discharged_where();
  matches->erase(
      std::remove_if(matches->begin(), matches->end(),
                     [rule](const v1::FieldMatch& match) {
                       return std::none_of(
                           rule->discharged_by().begin(), rule->discharged_by().end(),
                           [&match](const std::string& kind) {
                             const auto* payload = v1::Event::descriptor()->FindFieldByName(kind);
                             return payload->message_type()->FindFieldByName(match.field()) !=
                                    nullptr;
                           });
                     }),
      matches->end());
}

/// The pack without one of its obligations, and with parts of it left out.
void AddMutantsOf(int obligation, const v1::PolicyPack& pack, std::vector<Mutant>* mutants) {
  const v1::ObligationRule& rule = pack.obligations(obligation);
  const auto mutant = [&](const std::string& what) -> v1::ObligationRule& {
    mutants->push_back({.what = rule.id() + what, .pack = pack});
    return *mutants->back().pack.mutable_obligations(obligation);
  };
  mutant(" is not owed");
  mutants->back().pack.mutable_obligations()->DeleteSubrange(obligation, 1);
  v1::ObligationRule& later = mutant(" is due on another day");
  later.clear_due_field();
  later.set_due("CD(999)");
  for (int i = 0; i < rule.discharged_by_size() && rule.discharged_by_size() > 1; ++i) {
    v1::ObligationRule& fewer = mutant(" is not discharged by " + rule.discharged_by(i));
    fewer.mutable_discharged_by()->DeleteSubrange(i, 1);
    DropMatchesOfNoKind(&fewer);
  }
  if (rule.lapsed_by_size() > 0) mutant(" never lapses").clear_lapsed_by();
  if (rule.start().where_size() > 0) mutant(" starts anyhow").mutable_start()->clear_where();
  if (rule.discharged_where_size() > 0) mutant(" is discharged anyhow").clear_discharged_where();
  if (rule.has_applies_to()) mutant(" is owed everywhere").clear_applies_to();
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
  EachTriggerChanged(
      &pack, [&](const std::string& what) { mutants.push_back({.what = what, .pack = pack}); });
  for (auto& rule : *pack.mutable_urgent()) change(rule.mutable_when(), rule.id());
  for (auto& rule : *pack.mutable_states()) change(rule.mutable_when(), rule.state());
  for (int i = 0; i < pack.obligations_size(); ++i) AddMutantsOf(i, pack, &mutants);
  return mutants;
}

/// A story with the packs that are in force beside the one it is about.
struct Story {
  Scenario scenario;
  std::vector<v1::PolicyPack> beside;
};

/// Whether a story fails, or cannot be told any more.
bool Noticed(const std::vector<Story>& stories, const v1::PolicyPack& pack) {
  return std::any_of(stories.begin(), stories.end(), [&pack](const Story& story) {
    const auto outcome = RunScenario(story.scenario, pack, story.beside);
    return !outcome.ok() || !outcome->passed;
  });
}

class MutantTest : public testing::TestWithParam<std::string> {};

TEST_P(MutantTest, EveryPartOfARuleIsGuardedByAStory) {
  const auto pack = FindPack(GetParam(), kSource + "/deploy/policies");
  ASSERT_TRUE(pack.ok()) << pack.status().message();
  std::vector<Story> stories;
  for (const auto& file : ScenarioFiles(kSource + "/tests/scenarios")) {
    auto scenario = ReadScenarioFile(file);
    ASSERT_TRUE(scenario.ok()) << scenario.status().message();
    const auto& policies = scenario->policies;
    if (std::find(policies.begin(), policies.end(), GetParam()) == policies.end()) continue;
    Story& story = stories.emplace_back();
    for (const auto& other : scenario->beside) {
      auto beside = FindPack(other, kSource + "/deploy/policies");
      ASSERT_TRUE(beside.ok()) << beside.status().message();
      story.beside.push_back(*std::move(beside));
    }
    story.scenario = *std::move(scenario);
  }
  // Short stories first: most mutants are found early.
  std::stable_sort(stories.begin(), stories.end(), [](const Story& a, const Story& b) {
    return a.scenario.given.size() < b.scenario.given.size();
  });
  ASSERT_FALSE(Noticed(stories, *pack)) << "a story fails without any change";
  for (const Mutant& mutant : MutantsOf(*pack)) {
    ASSERT_TRUE(CompiledPack::Compile(mutant.pack).ok()) << mutant.what;
    EXPECT_TRUE(Noticed(stories, mutant.pack)) << "no story fails when " << mutant.what;
  }
}

INSTANTIATE_TEST_SUITE_P(Pack, MutantTest,
                         testing::Values("herefordshire", "nqb", "halton-warrington", "mse-visits",
                                         "halton-qaf"),
                         [](const auto& pack) {
                           std::string name = pack.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace trigpoint
