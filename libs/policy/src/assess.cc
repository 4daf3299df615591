#include "trigpoint/policy/assess.h"

#include <algorithm>
#include <utility>

#include "expression.h"

namespace trigpoint {
namespace {

/// A proof cites at most this many reports of one criterion, the latest.
constexpr size_t kEvidenceMax = 200;

std::vector<std::optional<Held>> HeldFlags(const CompiledPack& pack, const HeldResults& held) {
  std::vector<std::optional<Held>> flags(static_cast<size_t>(pack.pack().criteria_size()));
  for (size_t i = 0; i < held.criteria.size() && i < flags.size(); ++i) {
    if (held.criteria[i].has_value())
      flags[i] = Held{.decisive = held.criteria[i]->basis.decisive()};
  }
  return flags;
}

void Cite(const MeasureResult& found, v1::CriterionResult* result) {
  const size_t from =
      found.evidence.size() > kEvidenceMax ? found.evidence.size() - kEvidenceMax : 0;
  for (size_t i = from; i < found.evidence.size(); ++i) *result->add_evidence() = found.evidence[i];
  for (const auto& figure : found.figures) {
    const bool told = std::any_of(result->figures().begin(), result->figures().end(),
                                  [&figure](const auto& f) { return f.name() == figure.name(); });
    if (!told) *result->add_figures() = figure;
  }
  result->set_note(found.note);
  result->set_protected_source(found.protected_source);
}

v1::CriterionResult AsHeld(const HeldResult& held) {
  v1::CriterionResult result = held.basis;
  result.set_value(v1::TRUTH_VALUE_TRUE);
  result.set_evidence_ageing(true);
  result.set_note("evidence ageing: the reports have left their window; only people close it");
  return result;
}

}  // namespace

v1::TruthValue ToProto(Truth value) {
  switch (value) {
    case Truth::kTrue:
      return v1::TRUTH_VALUE_TRUE;
    case Truth::kFalse:
      return v1::TRUTH_VALUE_FALSE;
    case Truth::kUnknown:
      return v1::TRUTH_VALUE_UNKNOWN;
    case Truth::kNotApplicable:
      return v1::TRUTH_VALUE_NOT_APPLICABLE;
  }
  return v1::TRUTH_VALUE_UNSPECIFIED;
}

Truth Applies(const CompiledPack& pack, const MeasureContext& context) {
  if (pack.applies_to() < 0) return Truth::kTrue;
  return Evaluator(pack, context, {}).Value(pack.applies_to());
}

AssessmentResult Assess(const CompiledPack& pack, const MeasureContext& context,
                        const HeldResults& held, AssessScope scope) {
  Evaluator evaluator(pack, context, HeldFlags(pack, held));
  AssessmentResult result;
  result.applies = pack.applies_to() < 0 ? Truth::kTrue : evaluator.Value(pack.applies_to());

  const int criteria = scope == AssessScope::kWhole ? pack.pack().criteria_size() : 0;
  for (int i = 0; i < criteria; ++i) {
    const auto index = static_cast<size_t>(i);
    const auto& criterion = pack.pack().criteria(i);
    if (index < held.criteria.size() && held.criteria[index].has_value()) {
      result.criteria.push_back(AsHeld(*held.criteria[index]));
      continue;
    }
    const Truth value = evaluator.CriterionValue(i);
    v1::CriterionResult out;
    out.set_id(criterion.id());
    out.set_clause(criterion.clause());
    out.set_value(ToProto(value));
    out.set_decisive(evaluator.DecisiveValue(i) == Truth::kTrue);
    MeasureResult found;
    evaluator.Explain(pack.criterion_nodes()[index], value, false, &found);
    Cite(found, &out);
    if (value == Truth::kUnknown) {
      result.gaps.push_back(criterion.id() + ": " +
                            (found.note.empty() ? "not available" : found.note));
    } else if (value == Truth::kFalse && !found.near_miss.empty()) {
      result.near_misses.push_back(criterion.id() + ": " + found.near_miss);
    }
    result.criteria.push_back(std::move(out));
  }

  for (int i = 0; i < pack.pack().urgent_size(); ++i) {
    const auto index = static_cast<size_t>(i);
    const auto& rule = pack.pack().urgent(i);
    const int node = pack.urgent_nodes()[index];
    if (index < held.urgent.size() && held.urgent[index].has_value()) {
      result.urgent = true;
      result.criteria.push_back(AsHeld(*held.urgent[index]));
      continue;
    }
    const Truth value = evaluator.Value(node);
    v1::CriterionResult out;
    out.set_id(rule.id());
    out.set_clause(rule.clause());
    out.set_value(ToProto(value));
    out.set_decisive(value == Truth::kTrue);
    MeasureResult found;
    evaluator.Explain(node, value, false, &found);
    Cite(found, &out);
    if (value == Truth::kTrue) {
      result.urgent = true;
      MeasureResult trigger;
      evaluator.Explain(node, value, true, &trigger);
      result.grounds.push_back({.rule = rule.id(),
                                .clause = rule.clause(),
                                .lead = rule.lead(),
                                .evidence = trigger.evidence,
                                .protected_source = trigger.protected_source});
    } else if (!found.near_miss.empty()) {
      result.near_misses.push_back(rule.id() + ": " + found.near_miss);
    }
    result.criteria.push_back(std::move(out));
  }

  // A state is reached by its own rule or that of a higher one.
  result.floor = pack.LowestState();
  result.ceiling = pack.LowestState();
  if (scope == AssessScope::kUrgentOnly) return result;
  std::vector<int> reached;
  bool floor_found = false;
  bool ceiling_found = false;
  for (int i = 0; i < pack.pack().states_size() && !floor_found; ++i) {
    reached.push_back(pack.state_nodes()[static_cast<size_t>(i)]);
    if (!ceiling_found && evaluator.Possible(reached)) {
      result.ceiling = pack.pack().states(i).state();
      ceiling_found = true;
    }
    if (evaluator.Certain(reached)) {
      result.floor = pack.pack().states(i).state();
      floor_found = true;
    }
  }
  return result;
}

}  // namespace trigpoint
