#include "condition_space.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "trigpoint/events/digest.h"

namespace trigpoint {
namespace {

/// Values tried for one question. What takes more is told as undecided.
constexpr size_t kStepsMax = 20'000;

/// Measures that ask which one value something has: two with different values cannot both hold.
constexpr std::array<std::string_view, 3> kOneValue = {"decided_state_in", "overall_rating_in",
                                                       "service_type_in"};

}  // namespace

ConditionSpace::ConditionSpace(const v1::PolicyPack& pack) : pack_(pack) {
  for (const auto& parameter : pack.parameters())
    parameters_.emplace(parameter.name(), std::to_string(parameter.value()));
}

int ConditionSpace::AddPart(Part part) {
  parts_.push_back(std::move(part));
  return static_cast<int>(parts_.size()) - 1;
}

int ConditionSpace::AddVariable(const v1::Expression& expression) {
  v1::Expression resolved = expression;
  for (auto& [name, text] : *resolved.mutable_with()) {
    const auto known = parameters_.find(text);
    if (known != parameters_.end()) text = known->second;
  }
  std::sort(resolved.mutable_values()->begin(), resolved.mutable_values()->end());
  std::sort(resolved.mutable_families()->begin(), resolved.mutable_families()->end());
  std::string written = CanonicalBytes(resolved);
  const auto [known, added] = known_variables_.emplace(written, variables_.size());
  if (added) {
    Variable variable{.written = std::move(written),
                      .one_value_of = {},
                      .values = {resolved.values().begin(), resolved.values().end()}};
    if (std::find(kOneValue.begin(), kOneValue.end(), expression.measure()) != kOneValue.end())
      variable.one_value_of = expression.measure();
    variables_.push_back(std::move(variable));
  }
  return AddPart({.kind = Part::Kind::kVariable, .children = {}, .variable = known->second});
}

// NOLINTNEXTLINE(misc-no-recursion): the pack compiles, so criteria do not go in circles.
int ConditionSpace::CriterionPart(const std::string& id, bool decisive) {
  const auto known = criteria_.find({id, decisive});
  if (known != criteria_.end()) return known->second;
  int part = AddPart({.kind = Part::Kind::kAny, .children = {}});  // Nothing: FALSE.
  for (const auto& criterion : pack_.criteria()) {
    if (criterion.id() != id) continue;
    if (!decisive) part = Add(criterion.when());
    if (decisive && criterion.has_decisive_when()) part = Add(criterion.decisive_when());
  }
  criteria_[{id, decisive}] = part;
  return part;
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the condition is written.
ConditionSpace::Condition ConditionSpace::Add(const v1::Expression& expression) {
  if (!expression.criterion().empty()) return CriterionPart(expression.criterion(), false);
  if (!expression.decisive().empty()) return CriterionPart(expression.decisive(), true);
  Part part;
  if (expression.has_not_()) {
    part.kind = Part::Kind::kNot;
    part.children.push_back(Add(expression.not_()));
  } else if (expression.has_at_least()) {
    part.kind = Part::Kind::kAtLeast;
    part.count = expression.at_least().count();
    for (const auto& id : expression.at_least().of())
      part.children.push_back(CriterionPart(id, false));
  } else if (expression.any_size() > 0 || expression.all_size() > 0) {
    part.kind = expression.any_size() > 0 ? Part::Kind::kAny : Part::Kind::kAll;
    for (const auto& child : expression.any_size() > 0 ? expression.any() : expression.all())
      part.children.push_back(Add(child));
  } else {
    return AddVariable(expression);
  }
  return AddPart(std::move(part));
}

// NOLINTNEXTLINE(misc-no-recursion)
Truth ConditionSpace::Value(int index) const {
  const Part& part = parts_[static_cast<size_t>(index)];
  switch (part.kind) {
    case Part::Kind::kVariable:
      return variables_[static_cast<size_t>(part.variable)].value;
    case Part::Kind::kNot:
      return Not(Value(part.children.front()));
    case Part::Kind::kAtLeast:
      return AtLeast(part);
    case Part::Kind::kAny:
    case Part::Kind::kAll: {
      const bool any = part.kind == Part::Kind::kAny;
      Truth value = any ? Truth::kFalse : Truth::kTrue;
      for (const int child : part.children)
        value = any ? Or(value, Value(child)) : And(value, Value(child));
      return value;
    }
  }
  return Truth::kUnknown;
}

// NOLINTNEXTLINE(misc-no-recursion)
Truth ConditionSpace::AtLeast(const Part& part) const {
  uint32_t yes = 0;
  uint32_t maybe = 0;
  for (const int child : part.children) {
    const Truth value = Value(child);
    yes += value == Truth::kTrue ? 1 : 0;
    maybe += value == Truth::kUnknown ? 1 : 0;
  }
  if (yes >= part.count) return Truth::kTrue;
  return yes + maybe >= part.count ? Truth::kUnknown : Truth::kFalse;
}

/// A variable without a value in a part that is UNKNOWN.
// NOLINTNEXTLINE(misc-no-recursion)
int ConditionSpace::Undecided(int index) const {
  const Part& part = parts_[static_cast<size_t>(index)];
  if (part.kind == Part::Kind::kVariable) return part.variable;
  for (const int child : part.children) {
    if (Value(child) == Truth::kUnknown) return Undecided(child);
  }
  return 0;
}

/// Whether something can have one value with which all that was said of it is so.
bool ConditionSpace::Consistent(const Variable& assigned) const {
  if (assigned.one_value_of.empty()) return true;
  std::set<std::string> candidates = {""};  // Another value than all that are named.
  for (const Variable& variable : variables_) {
    if (variable.one_value_of == assigned.one_value_of)
      candidates.insert(variable.values.begin(), variable.values.end());
  }
  return std::any_of(candidates.begin(), candidates.end(), [&](const std::string& candidate) {
    return std::all_of(variables_.begin(), variables_.end(), [&](const Variable& variable) {
      if (variable.one_value_of != assigned.one_value_of || variable.value == Truth::kUnknown)
        return true;
      const bool in = std::find(variable.values.begin(), variable.values.end(), candidate) !=
                      variable.values.end();
      return in == (variable.value == Truth::kTrue);
    });
  });
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as there are measures.
ConditionSpace::Answer ConditionSpace::Search(const std::vector<Wish>& wishes) {
  if (steps_left_ == 0) return Answer::kUndecided;
  --steps_left_;
  int open = -1;
  for (const Wish& wish : wishes) {
    const Truth value = Value(wish.condition);
    if (value == Truth::kUnknown) {
      if (open < 0) open = wish.condition;
    } else if ((value == Truth::kTrue) != wish.holds) {
      return Answer::kNo;
    }
  }
  if (open < 0) return Answer::kYes;
  const auto next = static_cast<size_t>(Undecided(open));
  Answer answer = Answer::kNo;
  for (const Truth value : {Truth::kTrue, Truth::kFalse}) {
    variables_[next].value = value;
    const Answer found = Consistent(variables_[next]) ? Search(wishes) : Answer::kNo;
    if (found != Answer::kNo) answer = found;
    if (found == Answer::kYes) break;
  }
  variables_[next].value = Truth::kUnknown;
  return answer;
}

ConditionSpace::Answer ConditionSpace::CanBe(const std::vector<Wish>& wishes) {
  steps_left_ = kStepsMax;
  return Search(wishes);
}

// NOLINTNEXTLINE(misc-no-recursion)
std::string ConditionSpace::Written(Condition condition) const {
  const Part& part = parts_[static_cast<size_t>(condition)];
  if (part.kind == Part::Kind::kVariable)
    return variables_[static_cast<size_t>(part.variable)].written;
  std::vector<std::string> children;
  for (const int child : part.children) children.push_back(Written(child));
  if (children.size() == 1 && (part.kind == Part::Kind::kAny || part.kind == Part::Kind::kAll))
    return children.front();
  std::sort(children.begin(), children.end());
  std::string text = std::to_string(static_cast<int>(part.kind)) + '/' + std::to_string(part.count);
  for (const std::string& child : children) text += '(' + child + ')';
  return text;
}

}  // namespace trigpoint
