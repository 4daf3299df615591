#include "trigpoint/policy/recommend.h"

#include <algorithm>
#include <map>

#include "expression.h"
#include "trigpoint/base/digest.h"
#include "trigpoint/domain/record.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

const v1::CriterionResult* FindResult(const v1::Recommendation& recommendation,
                                      const std::string& id) {
  for (const auto& criterion : recommendation.criteria()) {
    if (criterion.id() == id) return &criterion;
  }
  return nullptr;
}

bool Cites(const v1::CriterionResult& criterion, const v1::EventRef& ref) {
  return std::any_of(
      criterion.evidence().begin(), criterion.evidence().end(),
      [&ref](const auto& x) { return x.id() == ref.id() && x.source() == ref.source(); });
}

/// The recommendation whose TRUE criteria may be held; null where there is none or it was
/// withdrawn.
const v1::Recommendation* BasisOf(const v1::PolicyRecord* record) {
  if (record == nullptr || !record->has_recommendation()) return nullptr;
  if (record->recommendation().kind() == v1::Recommendation::KIND_WITHDRAWN) return nullptr;
  return &record->recommendation();
}

struct Holding {
  HeldResults results;  ///< With what was last recorded, for the proof.
  Holds marks;
  bool any = false;
  bool fell = false;  ///< A criterion that supported a level fell by a fact.
};

const std::string& RuleId(const CompiledPack& pack, size_t rule) {
  const auto criteria = static_cast<size_t>(pack.pack().criteria_size());
  return rule < criteria ? pack.pack().criteria(static_cast<int>(rule)).id()
                         : pack.pack().urgent(static_cast<int>(rule - criteria)).id();
}

bool Supporting(const CompiledPack& pack, size_t rule) {
  const auto criteria = static_cast<size_t>(pack.pack().criteria_size());
  return rule >= criteria || pack.Supports(static_cast<int>(rule));
}

Holding HoldingOf(const CompiledPack& pack, const v1::Recommendation& basis,
                  const AssessmentValues& raw, const Cause& cause,
                  const std::vector<Truth>& raw_before) {
  Holding holding;
  const auto criteria = static_cast<size_t>(pack.pack().criteria_size());
  holding.marks.resize(raw.rules.size(), Hold::kNone);
  for (size_t i = 0; i < raw.rules.size(); ++i) {
    if (!Supporting(pack, i) || raw.rules[i].value == Truth::kTrue) continue;
    const v1::CriterionResult* before = FindResult(basis, RuleId(pack, i));
    if (before == nullptr || before->value() != v1::TRUTH_VALUE_TRUE) continue;
    const bool by_fact = i < raw_before.size() && raw_before[i] == Truth::kTrue;
    const bool by_correction = cause.corrected.has_value() && Cites(*before, *cause.corrected);
    if (by_fact || by_correction) {
      holding.fell = true;
      continue;
    }
    // Its triggers are held, and whether they still combine is told from them.
    if (i < criteria && pack.ReadsCombination(static_cast<int>(i))) continue;
    if (!holding.any) {
      holding.any = true;
      holding.results.criteria.resize(criteria);
      holding.results.urgent.resize(raw.rules.size() - criteria);
    }
    holding.marks[i] = before->decisive() ? Hold::kHeldDecisive : Hold::kHeld;
    (i < criteria ? holding.results.criteria[i] : holding.results.urgent[i - criteria]) =
        HeldResult{*before};
  }
  return holding;
}

/// Whether a rule says the same as it did in a recommendation.
bool SaysSame(const CompiledPack& pack, const v1::CriterionResult* before, size_t rule,
              const AssessmentValues& now) {
  return before != nullptr && before->id() == RuleId(pack, rule) &&
         before->value() == ToProto(now.rules[rule].value) &&
         before->decisive() == now.rules[rule].decisive;
}

bool SameValues(const CompiledPack& pack, const v1::Recommendation& last,
                const AssessmentValues& now) {
  if (static_cast<size_t>(last.criteria_size()) != now.rules.size()) return false;
  for (size_t i = 0; i < now.rules.size(); ++i) {
    if (!SaysSame(pack, &last.criteria(static_cast<int>(i)), i, now)) return false;
  }
  return true;
}

bool SupportChanged(const CompiledPack& pack, const v1::Recommendation& last,
                    const AssessmentValues& now) {
  for (size_t i = 0; i < now.rules.size(); ++i) {
    if (Supporting(pack, i) && !SaysSame(pack, FindResult(last, RuleId(pack, i)), i, now))
      return true;
  }
  return false;
}

bool AnythingTrue(const CompiledPack& pack, const AssessmentValues& now) {
  for (size_t i = 0; i < now.rules.size(); ++i) {
    if (Supporting(pack, i) && now.rules[i].value == Truth::kTrue) return true;
  }
  return false;
}

/// Evidence of a criterion that supports a level, beyond what was declined; or a criterion that was
/// not TRUE then.
bool NewEvidence(const CompiledPack& pack, const v1::PolicyRecord& record,
                 const AssessmentResult& now) {
  for (size_t i = 0; i < now.criteria.size(); ++i) {
    if (!Supporting(pack, i) || now.criteria[i].value() != v1::TRUTH_VALUE_TRUE) continue;
    const v1::CriterionResult* before = FindResult(record.recommendation(), now.criteria[i].id());
    if (before == nullptr || before->value() != v1::TRUTH_VALUE_TRUE ||
        (now.criteria[i].decisive() && !before->decisive())) {
      return true;
    }
    for (const auto& ref : now.criteria[i].evidence()) {
      const auto& declined = record.declined_evidence();
      const bool known = std::any_of(declined.begin(), declined.end(), [&ref](const auto& x) {
        return x.id() == ref.id() && x.source() == ref.source();
      });
      if (!known) return true;
    }
  }
  return false;
}

/// Rank of the state to recommend.
int TargetOf(const CompiledPack& pack, int computed, int standing, const v1::PolicyRecord* record,
             bool fell) {
  if (computed >= standing) return computed;
  // Below the decided level: only a fact that ended leads there, and such advice stays until
  // decided.
  if (fell) return computed;
  const bool open_step_down = record != nullptr && record->awaiting_decision() &&
                              pack.Rank(record->recommendation().target_state()) < standing;
  return open_step_down ? computed : standing;
}

MeasureContext ValuesOnly(const MeasureContext& context) {
  MeasureContext values = context;
  values.detail = Detail::kValue;
  return values;
}

LeafValues AllLeaves(const CompiledPack& pack, const MeasureContext& context) {
  const MeasureContext values_only = ValuesOnly(context);
  LeafValues leaves = EvaluateScope(pack, values_only);
  EvaluateRest(pack, values_only, AssessScope::kWhole, &leaves);
  EvaluateCombinations(pack, values_only, {}, &leaves, nullptr);
  return leaves;
}

/// Values with what the last recommendation holds TRUE.
struct HeldValues {
  Holding holding;
  std::shared_ptr<const AssessmentValues> now;
};

HeldValues ValuesAsRecorded(const CompiledPack& pack, const MeasureContext& context,
                            LeafValues leaves, const Cause& cause,
                            const std::vector<Truth>& raw_before) {
  ValuesMemo* memo = context.cache->memo.get();
  const v1::Recommendation* basis = BasisOf(FindPolicyRecord(context.record, pack.pack().id()));
  HeldValues held;
  held.now = ValuesOf(pack, leaves, {}, AssessScope::kWhole, memo);
  if (basis == nullptr) return held;
  held.holding = HoldingOf(pack, *basis, *held.now, cause, raw_before);
  if (held.holding.any) {
    EvaluateCombinations(pack, context, held.holding.results, &leaves, nullptr);
    held.now = ValuesOf(pack, leaves, held.holding.marks, AssessScope::kWhole, memo);
  }
  return held;
}

}  // namespace

std::vector<Truth> RawValues(const CompiledPack& pack, const MeasureContext& context) {
  const auto values =
      ValuesOf(pack, AllLeaves(pack, context), {}, AssessScope::kWhole, context.cache->memo.get());
  std::vector<Truth> raw;
  raw.reserve(values->rules.size());
  for (const auto& rule : values->rules) raw.push_back(rule.value);
  return raw;
}

std::vector<Truth> RawValuesUnder(const CompiledPack& before, const CompiledPack& now,
                                  const MeasureContext& context) {
  const std::vector<Truth> raw = RawValues(before, context);
  std::map<std::string, Truth> by_id;
  for (size_t i = 0; i < raw.size(); ++i) by_id.emplace(RuleId(before, i), raw[i]);
  const auto rules = static_cast<size_t>(now.pack().criteria_size()) +
                     static_cast<size_t>(now.pack().urgent_size());
  std::vector<Truth> values(rules, Truth::kFalse);
  for (size_t i = 0; i < rules; ++i) {
    const auto known = by_id.find(RuleId(now, i));
    if (known != by_id.end()) values[i] = known->second;
  }
  return values;
}

Advice Recommend(const CompiledPack& pack, const MeasureContext& context, const Cause& cause,
                 const std::vector<Truth>& raw_before) {
  Advice advice;
  const std::string& policy_id = pack.pack().id();
  const v1::PolicyRecord* record = FindPolicyRecord(context.record, policy_id);
  const v1::Recommendation* basis = BasisOf(record);
  const MeasureContext values_only = ValuesOnly(context);
  ValuesMemo* memo = context.cache->memo.get();
  LeafValues leaves = EvaluateScope(pack, values_only);
  advice.applies = AppliesOver(pack, leaves);
  if (basis == nullptr && advice.applies != Truth::kTrue) {
    EvaluateRest(pack, values_only, AssessScope::kUrgentOnly, &leaves);
    if (ValuesOf(pack, leaves, {}, AssessScope::kUrgentOnly, memo)->urgent) {
      advice.grounds = Assess(pack, context, {}, AssessScope::kUrgentOnly).grounds;
    }
    return advice;
  }
  // The values tell whether there is anything to say; the proof is gathered only then.
  EvaluateRest(pack, values_only, AssessScope::kWhole, &leaves);
  EvaluateCombinations(pack, values_only, {}, &leaves, nullptr);
  const HeldValues held = ValuesAsRecorded(pack, values_only, leaves, cause, raw_before);
  const AssessmentValues& now = *held.now;
  const bool fell = held.holding.fell;
  std::optional<AssessmentResult> proof;
  const auto prove = [&]() -> const AssessmentResult& {
    if (!proof.has_value()) proof = Assess(pack, context, held.holding.results);
    return *proof;
  };
  if (now.urgent) advice.grounds = prove().grounds;

  const std::string& decided = context.decided_state;
  const int standing = pack.Rank(decided);
  const int target_rank = TargetOf(pack, now.floor, standing, record, fell);
  const std::string& target =
      target_rank == standing ? decided : pack.pack().authority().states(target_rank);
  const bool wanted = now.urgent || target != decided;
  const bool open = record != nullptr && record->awaiting_decision();
  const bool lowest = decided == pack.LowestState();

  if (cause.corrected.has_value() && basis != nullptr && !record->decision_id().empty() &&
      !record->basis_weakened() && fell) {
    auto& weakened = advice.weakened.emplace();
    weakened.set_decision_id(record->decision_id());
    weakened.set_policy_id(policy_id);
    *weakened.add_evidence() = *cause.corrected;
    weakened.set_cause(cause.id);
  }

  if (basis == nullptr && !wanted) return advice;
  const bool declined = record != nullptr && record->declined();
  const bool news = declined && NewEvidence(pack, *record, prove());
  if (declined && !news && !fell) return advice;
  if (basis != nullptr) {
    const bool changed = !SameValues(pack, *basis, now) || basis->target_state() != target ||
                         basis->urgent() != now.urgent;
    // What a fact ended is recorded in any case: it must not be held as if it had merely aged.
    const bool concerns_people = open || !lowest || wanted || fell;
    const bool reissue = wanted && !open && (target != decided || !basis->urgent());
    if (!(changed && concerns_people) && !reissue) return advice;
    // At a decided level that stands and with nothing wanted, only a supporting value is news: it
    // is recorded, so that it cannot age away unseen.
    if (!open && !wanted && !SupportChanged(pack, *basis, now)) return advice;
  }

  v1::Recommendation& out = advice.recommendation.emplace();
  const bool withdrawn = open && cause.corrected.has_value() && !AnythingTrue(pack, now);
  const bool revised = open || !wanted || (fell && !news);
  out.set_kind(withdrawn ? v1::Recommendation::KIND_WITHDRAWN
               : revised ? v1::Recommendation::KIND_REVISED
                         : v1::Recommendation::KIND_ISSUED);
  out.set_policy_id(policy_id);
  out.set_policy_version(pack.pack().version());
  out.set_target_state(target);
  out.set_urgent(now.urgent);
  if (now.urgent) out.set_urgent_target(pack.pack().urgent_target());
  out.set_floor(prove().floor);
  out.set_ceiling(prove().ceiling);
  for (const auto& criterion : prove().criteria) *out.add_criteria() = criterion;
  for (const auto& theme : prove().confidence) *out.add_confidence() = theme;
  out.set_cause(cause.id);
  out.set_previous(record == nullptr ? "" : record->head());
  out.set_engine_version(kEngineVersion);
  SetMicros(context.as_of_us, out.mutable_as_of());
  out.set_recommendation_id(Sha256Hex(context.state.stream_id() + '\n' + cause.id +
                                      "\nrecommend\n" + policy_id + '\n' + out.previous() + '\n' +
                                      kEngineVersion + '\n' + std::to_string(pack.pack().version()))
                                .substr(0, 32));
  return advice;
}

AssessmentResult AssessAsRecorded(const CompiledPack& pack, const MeasureContext& context,
                                  const CompiledPack* version_before) {
  const v1::Recommendation* basis = BasisOf(FindPolicyRecord(context.record, pack.pack().id()));
  if (basis == nullptr) return Assess(pack, context);
  const Cause reading{.id = "read", .corrected = std::nullopt};
  const std::vector<Truth> raw_before = version_before == nullptr
                                            ? std::vector<Truth>()
                                            : RawValuesUnder(*version_before, pack, context);
  const Holding holding =
      ValuesAsRecorded(pack, ValuesOnly(context), AllLeaves(pack, context), reading, raw_before)
          .holding;
  AssessmentResult result = Assess(pack, context, holding.results);
  result.fell = holding.fell;
  return result;
}

}  // namespace trigpoint
