#include "trigpoint/policy/recommend.h"

#include <algorithm>

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
  HeldResults held;
  bool any = false;
  bool fell = false;  ///< A criterion that supported a level fell by a fact.
};

Holding Hold(const CompiledPack& pack, const v1::Recommendation& basis, const AssessmentResult& raw,
             const Cause& cause, const std::vector<v1::TruthValue>& raw_before) {
  Holding holding;
  const auto criteria = static_cast<size_t>(pack.pack().criteria_size());
  holding.held.criteria.resize(criteria);
  holding.held.urgent.resize(static_cast<size_t>(pack.pack().urgent_size()));
  for (size_t i = 0; i < raw.criteria.size(); ++i) {
    const bool urgent = i >= criteria;
    if (!urgent && !pack.Supports(static_cast<int>(i))) continue;
    if (raw.criteria[i].value() == v1::TRUTH_VALUE_TRUE) continue;
    const v1::CriterionResult* before = FindResult(basis, raw.criteria[i].id());
    if (before == nullptr || before->value() != v1::TRUTH_VALUE_TRUE) continue;
    const bool by_fact =
        !cause.timer && i < raw_before.size() && raw_before[i] == v1::TRUTH_VALUE_TRUE;
    const bool by_correction = cause.corrected.has_value() && Cites(*before, *cause.corrected);
    if (by_fact || by_correction) {
      holding.fell = true;
      continue;
    }
    holding.any = true;
    (urgent ? holding.held.urgent[i - criteria] : holding.held.criteria[i]) = HeldResult{*before};
  }
  return holding;
}

bool SameValues(const v1::Recommendation& last, const AssessmentResult& now) {
  if (static_cast<size_t>(last.criteria_size()) != now.criteria.size()) return false;
  for (size_t i = 0; i < now.criteria.size(); ++i) {
    const auto& before = last.criteria(static_cast<int>(i));
    if (before.id() != now.criteria[i].id() || before.value() != now.criteria[i].value() ||
        before.decisive() != now.criteria[i].decisive()) {
      return false;
    }
  }
  return true;
}

bool Supporting(const CompiledPack& pack, size_t index) {
  const auto criteria = static_cast<size_t>(pack.pack().criteria_size());
  return index >= criteria || pack.Supports(static_cast<int>(index));
}

bool SupportChanged(const CompiledPack& pack, const v1::Recommendation& last,
                    const AssessmentResult& now) {
  for (size_t i = 0; i < now.criteria.size(); ++i) {
    if (!Supporting(pack, i)) continue;
    const v1::CriterionResult* before = FindResult(last, now.criteria[i].id());
    if (before == nullptr || before->value() != now.criteria[i].value() ||
        before->decisive() != now.criteria[i].decisive()) {
      return true;
    }
  }
  return false;
}

bool AnythingTrue(const CompiledPack& pack, const AssessmentResult& now) {
  for (size_t i = 0; i < now.criteria.size(); ++i) {
    if (Supporting(pack, i) && now.criteria[i].value() == v1::TRUTH_VALUE_TRUE) return true;
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

std::string TargetOf(const CompiledPack& pack, const AssessmentResult& now,
                     const std::string& decided, const v1::PolicyRecord* record, bool fell) {
  const int computed = pack.Rank(now.floor);
  const int standing = pack.Rank(decided);
  if (computed > standing) return now.floor;
  if (computed == standing) return decided;
  // Below the decided level: only a fact that ended leads there, and such advice stays until
  // decided.
  if (fell) return now.floor;
  const bool open_step_down = record != nullptr && record->awaiting_decision() &&
                              pack.Rank(record->recommendation().target_state()) < standing;
  return open_step_down ? now.floor : decided;
}

}  // namespace

Advice Recommend(const CompiledPack& pack, const MeasureContext& context, const Cause& cause,
                 const std::vector<v1::TruthValue>& raw_before) {
  Advice advice;
  const std::string& policy_id = pack.pack().id();
  const v1::PolicyRecord* record = FindPolicyRecord(context.record, policy_id);
  const v1::Recommendation* basis = BasisOf(record);
  if (basis == nullptr && Applies(pack, context) != Truth::kTrue) {
    advice.assessment = Assess(pack, context, {}, AssessScope::kUrgentOnly);
    return advice;
  }
  advice.assessment = Assess(pack, context);
  for (const auto& criterion : advice.assessment.criteria) advice.raw.push_back(criterion.value());

  bool fell = false;
  if (basis != nullptr) {
    Holding holding = Hold(pack, *basis, advice.assessment, cause, raw_before);
    fell = holding.fell;
    if (holding.any) advice.assessment = Assess(pack, context, holding.held);
  }
  const AssessmentResult& now = advice.assessment;
  const std::string decided = context.decided_state;
  const std::string target = TargetOf(pack, now, decided, record, fell);
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
  const bool news = declined && NewEvidence(pack, *record, now);
  if (declined && !news && !fell) return advice;
  if (basis != nullptr) {
    const bool changed = !SameValues(*basis, now) || basis->target_state() != target ||
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
  out.set_floor(now.floor);
  out.set_ceiling(now.ceiling);
  for (const auto& criterion : now.criteria) *out.add_criteria() = criterion;
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

AssessmentResult AssessAsRecorded(const CompiledPack& pack, const MeasureContext& context) {
  AssessmentResult raw = Assess(pack, context);
  const v1::Recommendation* basis = BasisOf(FindPolicyRecord(context.record, pack.pack().id()));
  if (basis == nullptr) return raw;
  const Cause reading{.id = "read", .timer = true, .corrected = std::nullopt};
  const Holding holding = Hold(pack, *basis, raw, reading, {});
  return holding.any ? Assess(pack, context, holding.held) : raw;
}

}  // namespace trigpoint
