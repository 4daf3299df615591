// What a pack asks for: states, moves, conditions.
#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string_view>

#include "condition_space.h"
#include "google/protobuf/message.h"
#include "lint_checks.h"

namespace trigpoint {
namespace {

using Answer = ConditionSpace::Answer;

bool HasState(const v1::PolicyPack& pack, const std::string& state) {
  const auto& states = pack.authority().states();
  return std::find(states.begin(), states.end(), state) != states.end();
}

bool Leaves(const v1::AuthorityMatrix::Transition& move, const std::string& state) {
  return (move.from_state() == state || move.from_state() == "*") && move.to_state() != state;
}

/// States that moves lead to from the lowest one.
std::set<std::string> Reachable(const v1::AuthorityMatrix& authority) {
  std::set<std::string> reached = {authority.states(0)};
  for (bool more = true; more;) {
    more = false;
    for (const auto& move : authority.transitions()) {
      const bool starts = std::any_of(reached.begin(), reached.end(),
                                      [&](const auto& state) { return Leaves(move, state); });
      if (starts) more = reached.insert(move.to_state()).second || more;
    }
  }
  return reached;
}

void LintMoves(const v1::PolicyPack& pack, Findings* out) {
  const auto& authority = pack.authority();
  if (authority.states_size() == 0) return;  // It does not compile.
  for (const auto& move : authority.transitions()) {
    if (move.from_state() != "*" && !HasState(pack, move.from_state()))
      out->Error("move " + move.from_state() + " -> " + move.to_state(),
                 "begins at no state of the pack", "name one of authority.states, or \"*\"");
  }
  const std::set<std::string> reached = Reachable(authority);
  const auto& rules = pack.states();
  for (int i = 1; i < authority.states_size(); ++i) {
    const std::string& state = authority.states(i);
    if (reached.count(state) == 0) {
      out->Error(state, "cannot be reached: nobody may decide a move to it",
                 "add a transition with its roles and clause");
    } else if (std::none_of(authority.transitions().begin(), authority.transitions().end(),
                            [&](const auto& move) { return Leaves(move, state); })) {
      out->Error(state, "cannot be left: nobody may decide a move from it",
                 "add a transition with its roles and clause");
    }
    const auto of_state = [&](const auto& rule) { return rule.state() == state; };
    if (std::none_of(rules.begin(), rules.end(), of_state))
      out->Note(state, "has no rule: people may decide it, and it is never recommended",
                "add an entry under `states` if the document says when it is reached");
  }
  if (authority.states_size() > 1 && authority.decline_roles().empty())
    out->Warning("decline", "nobody may decline a recommendation", "name decline_roles");
}

bool KnowsState(const v1::PolicyPack& pack, const std::string& state) {
  return HasState(pack, state) || (!state.empty() && state == pack.urgent_target());
}

/// Criteria that are named anywhere but in another criterion: in a state, an urgent rule, an
/// obligation.
void AddNamed(const google::protobuf::Message& message, const std::set<std::string>& ids,
              std::set<std::string>* named) {
  EachText(
      message, [](const auto& /*below*/) { return true; },
      [&](const std::string& /*field*/, const std::string& text) {
        if (ids.count(text) > 0) named->insert(text);
      });
}

void LintPart(const v1::PolicyPack& pack, Findings* out) {
  std::set<std::string> ids;
  for (const auto& criterion : pack.criteria()) ids.insert(criterion.id());
  v1::PolicyPack rest = pack;
  rest.clear_criteria();
  std::set<std::string> counts;
  AddNamed(rest, ids, &counts);
  for (bool more = true; more;) {
    more = false;
    for (const auto& criterion : pack.criteria()) {
      if (counts.count(criterion.id()) == 0) continue;
      std::set<std::string> named;
      AddNamed(criterion.when(), ids, &named);
      AddNamed(criterion.decisive_when(), ids, &named);
      for (const auto& id : named) more = counts.insert(id).second || more;
    }
  }
  std::string shown;
  for (const auto& criterion : pack.criteria()) {
    if (counts.count(criterion.id()) == 0) shown += (shown.empty() ? "" : ", ") + criterion.id();
  }
  if (!shown.empty())
    out->Note("policy",
              "criteria that are only shown, in no state, urgent rule or obligation: " + shown,
              "nothing, where the document asks for no more; else name them in a rule");
}

/// A condition with its place in the space.
struct Placed {
  std::string rule;
  ConditionSpace::Condition condition = 0;
  bool must_not_always_hold = false;  ///< A level or an urgent path for every service is wrong.
};

void LintPlaced(const Placed& placed, ConditionSpace& space, Findings* out) {
  const Answer may_hold = space.CanBe({{.condition = placed.condition, .holds = true}});
  const Answer may_fail = space.CanBe({{.condition = placed.condition, .holds = false}});
  if (may_hold == Answer::kNo) {
    out->Error(placed.rule, "can never hold, whatever its measures say",
               "look for parts that contradict each other");
  } else if (may_fail == Answer::kNo && placed.must_not_always_hold) {
    out->Error(placed.rule, "always holds, for every service",
               "look for parts that exclude nothing together");
  } else if (may_fail == Answer::kNo) {
    out->Warning(placed.rule, "always holds, whatever its measures say",
                 "look for parts that exclude nothing together");
  }
  if (may_hold == Answer::kUndecided || may_fail == Answer::kUndecided)
    out->Note(placed.rule, "is too long to try all values of its measures",
              "nothing; read it with care");
}

/// A state whose condition never holds without that of a higher one is never recommended.
void LintLadder(const v1::PolicyPack& pack,
                const std::map<std::string, ConditionSpace::Condition>& conditions,
                ConditionSpace& space, Findings* out) {
  const auto& states = pack.authority().states();
  for (int i = 1; i < states.size(); ++i) {
    const auto own = conditions.find(states[i]);
    if (own == conditions.end()) continue;
    std::vector<ConditionSpace::Wish> wishes = {{.condition = own->second, .holds = true}};
    for (int higher = i + 1; higher < states.size(); ++higher) {
      const auto above = conditions.find(states[higher]);
      if (above != conditions.end()) wishes.push_back({.condition = above->second, .holds = false});
    }
    if (wishes.size() > 1 && space.CanBe({wishes.front()}) == Answer::kYes &&
        space.CanBe(wishes) == Answer::kNo)
      out->Error(states[i], "is never recommended: a higher state holds whenever it does",
                 "the higher state must ask for more");
  }
}

void LintOverlap(const v1::PolicyPack& pack,
                 const std::vector<ConditionSpace::Condition>& conditions,
                 const ConditionSpace& space, Findings* out) {
  std::map<std::string, std::string> first;
  for (int i = 0; i < pack.criteria_size(); ++i) {
    const std::string& id = pack.criteria(i).id();
    const auto [known, added] =
        first.emplace(space.Written(conditions[static_cast<size_t>(i)]), id);
    if (!added)
      out->Warning(id, "has the same condition as " + known->second,
                   "one fact would count twice: change one, or name the other one instead");
  }
}

}  // namespace

void LintStates(const v1::PolicyPack& pack, Findings* out) {
  LintMoves(pack, out);
  for (const auto& bundle : pack.measures()) {
    if (!KnowsState(pack, bundle.state()))
      out->Error("measures " + bundle.state(), "are for no state of the pack",
                 "name one of authority.states, or urgent_target");
  }
  if (!pack.urgent().empty() && pack.urgent_target().empty())
    out->Error("urgent_target", "is missing", "say what an urgent rule recommends");
}

void LintConditions(const v1::PolicyPack& pack, Findings* out) {
  LintPart(pack, out);
  ConditionSpace space(pack);
  std::vector<ConditionSpace::Condition> criteria;
  for (const auto& criterion : pack.criteria()) {
    criteria.push_back(space.Add(criterion.when()));
    LintPlaced({.rule = criterion.id(), .condition = criteria.back()}, space, out);
    if (!criterion.has_decisive_when()) continue;
    LintPlaced(
        {.rule = criterion.id() + " (decisive)", .condition = space.Add(criterion.decisive_when())},
        space, out);
  }
  for (const auto& rule : pack.urgent()) {
    LintPlaced(
        {.rule = rule.id(), .condition = space.Add(rule.when()), .must_not_always_hold = true},
        space, out);
  }
  std::map<std::string, ConditionSpace::Condition> states;
  for (const auto& rule : pack.states()) {
    const auto condition = space.Add(rule.when());
    states.emplace(rule.state(), condition);
    LintPlaced({.rule = rule.state(), .condition = condition, .must_not_always_hold = true}, space,
               out);
  }
  LintLadder(pack, states, space, out);
  LintOverlap(pack, criteria, space, out);
  const auto never = [&](const std::string& rule, const v1::Expression& applies) {
    const auto condition = space.Add(applies);
    if (space.CanBe({{.condition = condition, .holds = true}}) == Answer::kNo)
      out->Error(rule, "applies to no service", "look for parts that contradict each other");
  };
  if (pack.has_applies_to()) never("applies_to", pack.applies_to());
  for (const auto& feed : pack.expected()) {
    if (feed.has_applies_to()) never("expected " + feed.id(), feed.applies_to());
  }
  for (const auto& rule : pack.obligations()) {
    if (rule.has_applies_to()) never(rule.id(), rule.applies_to());
  }
}

}  // namespace trigpoint
