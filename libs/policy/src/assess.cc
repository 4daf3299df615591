#include "trigpoint/policy/assess.h"

#include <algorithm>
#include <utility>

#include "expression.h"
#include "trigpoint/domain/themes.h"

namespace trigpoint {
namespace {

/// A proof cites at most this many reports of one criterion, the latest.
constexpr size_t kEvidenceMax = 200;

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

AssessmentValues ComputeValues(const CompiledPack& pack, const LeafValues& leaves,
                               const Holds& held, AssessScope scope) {
  Evaluator evaluator(pack, leaves, held);
  AssessmentValues values;
  values.applies = pack.applies_to() < 0 ? Truth::kTrue : evaluator.Value(pack.applies_to());
  const int criteria = pack.pack().criteria_size();
  for (int i = 0; i < criteria; ++i) {
    if (scope == AssessScope::kUrgentOnly) {
      values.rules.emplace_back();
      continue;
    }
    values.rules.push_back({.value = evaluator.CriterionValue(i),
                            .decisive = evaluator.DecisiveValue(i) == Truth::kTrue});
  }
  for (int i = 0; i < pack.pack().urgent_size(); ++i) {
    const size_t rule = static_cast<size_t>(criteria) + static_cast<size_t>(i);
    const Hold hold = held.empty() ? Hold::kNone : held[rule];
    const Truth value = hold == Hold::kNone
                            ? evaluator.Value(pack.urgent_nodes()[static_cast<size_t>(i)])
                            : Truth::kTrue;
    const bool decisive = hold == Hold::kNone ? value == Truth::kTrue : hold == Hold::kHeldDecisive;
    values.rules.push_back({.value = value, .decisive = decisive});
    values.urgent = values.urgent || value == Truth::kTrue;
  }
  if (scope == AssessScope::kUrgentOnly) return values;
  // A state is reached by its own rule or that of a higher one.
  std::vector<int> reached;
  bool ceiling_found = false;
  for (int i = 0; i < pack.pack().states_size(); ++i) {
    const int rank = pack.Rank(pack.pack().states(i).state());
    reached.push_back(pack.state_nodes()[static_cast<size_t>(i)]);
    if (!ceiling_found && evaluator.Possible(reached)) {
      values.ceiling = rank;
      ceiling_found = true;
    }
    if (evaluator.Certain(reached)) {
      values.floor = rank;
      break;
    }
  }
  return values;
}

}  // namespace

Holds HoldsOf(const CompiledPack& pack, const HeldResults& held) {
  const auto criteria = static_cast<size_t>(pack.pack().criteria_size());
  Holds holds(criteria + static_cast<size_t>(pack.pack().urgent_size()), Hold::kNone);
  const auto mark = [&holds](const std::vector<std::optional<HeldResult>>& results, size_t first) {
    for (size_t i = 0; i < results.size() && first + i < holds.size(); ++i) {
      if (!results[i].has_value()) continue;
      holds[first + i] = results[i]->basis.decisive() ? Hold::kHeldDecisive : Hold::kHeld;
    }
  };
  mark(held.criteria, 0);
  mark(held.urgent, criteria);
  return holds;
}

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

std::shared_ptr<const AssessmentValues> ValuesOf(const CompiledPack& pack, const LeafValues& leaves,
                                                 const Holds& held, AssessScope scope,
                                                 ValuesMemo* memo) {
  const auto compute = [&] {
    return std::make_shared<const AssessmentValues>(ComputeValues(pack, leaves, held, scope));
  };
  if (memo == nullptr) return compute();
  const auto* self = &pack;
  std::string key(reinterpret_cast<const char*>(&self), sizeof(void*));
  key.push_back(static_cast<char>('0' + static_cast<int>(scope)));
  for (const Truth value : leaves) key.push_back(static_cast<char>('0' + static_cast<int>(value)));
  key.push_back(' ');
  for (const Hold hold : held) key.push_back(static_cast<char>('0' + static_cast<int>(hold)));
  const auto it = memo->known.find(key);
  if (it != memo->known.end()) return it->second;
  if (memo->known.size() >= ValuesMemo::kEntriesMax) memo->known.clear();
  return memo->known.emplace(std::move(key), compute()).first->second;
}

Truth Applies(const CompiledPack& pack, const MeasureContext& context) {
  return AppliesOver(pack, EvaluateScope(pack, context));
}

namespace {

std::vector<v1::ThemeConfidence> ConfidenceIn(const std::vector<v1::CriterionResult>& criteria,
                                              const MeasureContext& context) {
  CitedReports cited;
  for (const auto& criterion : criteria) {
    if (criterion.value() != v1::TRUTH_VALUE_TRUE) continue;
    for (const auto& ref : criterion.evidence()) cited.insert({ref.source(), ref.id()});
  }
  std::vector<v1::ThemeConfidence> confidence;
  if (cited.empty()) return confidence;
  for (const auto& theme : ThemesOfCited(context.state, context.Clusters(), cited))
    confidence.push_back(ToProto(theme));
  return confidence;
}

}  // namespace

AssessmentResult Assess(const CompiledPack& pack, const MeasureContext& context,
                        const HeldResults& held, AssessScope scope) {
  std::vector<MeasureResult> findings(pack.leaves().size() + pack.combinations().size());
  LeafValues leaves(findings.size(), Truth::kUnknown);
  for (size_t i = 0; i < pack.leaves().size(); ++i) {
    const Leaf& leaf = pack.leaves()[i];
    if (scope == AssessScope::kUrgentOnly && !leaf.urgent && !leaf.scope) continue;
    findings[i] = leaf.measure->evaluate(leaf.arguments, context);
    leaves[i] = findings[i].value;
  }
  if (scope == AssessScope::kWhole) EvaluateCombinations(pack, context, held, &leaves, &findings);
  const Holds holds = HoldsOf(pack, held);
  const auto values = ValuesOf(pack, leaves, holds, scope, context.cache->memo.get());
  const Evaluator evaluator(pack, std::move(leaves), holds);

  AssessmentResult result;
  result.applies = values->applies;
  result.urgent = values->urgent;
  result.floor = pack.pack().authority().states(values->floor);
  result.ceiling = pack.pack().authority().states(values->ceiling);
  const auto tell = [&](const std::string& id, const std::string& clause, size_t rule, int node,
                        MeasureResult* found) {
    const AssessmentValues::Rule& said = values->rules[rule];
    v1::CriterionResult out;
    out.set_id(id);
    out.set_clause(clause);
    out.set_value(ToProto(said.value));
    out.set_decisive(said.decisive);
    Explain(pack, evaluator, findings, node, said.value, false, found);
    Cite(*found, &out);
    result.criteria.push_back(std::move(out));
  };

  const int criteria = scope == AssessScope::kWhole ? pack.pack().criteria_size() : 0;
  for (int i = 0; i < criteria; ++i) {
    const auto index = static_cast<size_t>(i);
    const auto& criterion = pack.pack().criteria(i);
    if (holds[index] != Hold::kNone) {
      result.criteria.push_back(AsHeld(*held.criteria[index]));
      continue;
    }
    MeasureResult found;
    tell(criterion.id(), criterion.clause(), index, pack.criterion_nodes()[index], &found);
    const Truth value = values->rules[index].value;
    if (value == Truth::kUnknown) {
      result.gaps.push_back(criterion.id() + ": " +
                            (found.note.empty() ? "not available" : found.note));
    } else if (value == Truth::kFalse && !found.near_miss.empty()) {
      result.near_misses.push_back(criterion.id() + ": " + found.near_miss);
    }
  }

  const auto first_urgent = static_cast<size_t>(pack.pack().criteria_size());
  for (int i = 0; i < pack.pack().urgent_size(); ++i) {
    const auto index = static_cast<size_t>(i);
    const auto& rule = pack.pack().urgent(i);
    const int node = pack.urgent_nodes()[index];
    if (holds[first_urgent + index] != Hold::kNone) {
      result.criteria.push_back(AsHeld(*held.urgent[index]));
      continue;
    }
    MeasureResult found;
    tell(rule.id(), rule.clause(), first_urgent + index, node, &found);
    if (values->rules[first_urgent + index].value == Truth::kTrue) {
      MeasureResult trigger;
      Explain(pack, evaluator, findings, node, Truth::kTrue, true, &trigger);
      result.grounds.push_back({.rule = rule.id(),
                                .clause = rule.clause(),
                                .lead = rule.lead(),
                                .evidence = trigger.evidence,
                                .protected_source = trigger.protected_source});
    } else if (!found.near_miss.empty()) {
      result.near_misses.push_back(rule.id() + ": " + found.near_miss);
    }
  }
  result.confidence = ConfidenceIn(result.criteria, context);
  return result;
}

}  // namespace trigpoint
