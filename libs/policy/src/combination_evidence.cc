// What the triggers of a combination rest on: which reports, of which incidents, of which families.
#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "expression.h"
#include "measure_support.h"
#include "trigpoint/events/catalogue.h"
#include "trigpoint/policy/combination.h"

namespace trigpoint {
namespace {

using Key = std::pair<std::string, std::string>;

/// What is known of a report that a proof cites.
struct Report {
  int incident = 0;
  v1::SourceFamily family = v1::SOURCE_FAMILY_UNSPECIFIED;
  bool protected_source = false;
  bool own_sanction = false;  ///< A notice or suspension of the owner of the policy.
};

/// The reports of a service by the incident that they are of.
class Reports {
 public:
  Reports(const MeasureContext& context, const std::string& owner) : owner_(owner) {
    const auto& clusters = context.Clusters();
    for (const auto& item : clusters.In(std::numeric_limits<int64_t>::min(), context.as_of_us)) {
      const v1::Concern& concern = *item.report;
      known_.try_emplace(
          Key{concern.source(), concern.id()},
          Report{.incident = item.cluster,
                 .family = item.family,
                 .protected_source = (concern.flags() & kConcernProtectedSource) != 0});
      if (!concern.incident_key().empty()) of_key_.emplace(concern.incident_key(), item.cluster);
      next_ = std::max(next_, item.cluster + 1);
    }
    for (const auto& fact : context.state.facts()) facts_.emplace(KeyOf(fact), &fact);
  }

  /// A record that the state does not hold any more is an incident of its own.
  const Report& Of(const v1::EventRef& ref) {
    const Key key{ref.source(), ref.id()};
    const auto known = known_.find(key);
    if (known != known_.end()) return known->second;
    Report report;
    const auto fact = facts_.find(key);
    if (fact != facts_.end()) {
      const KindInfo* kind = KindOf(*fact->second);
      report.family = kind == nullptr ? v1::SOURCE_FAMILY_UNSPECIFIED : kind->family;
      report.own_sanction = !owner_.empty() && SanctionedBy(*fact->second) == owner_;
    }
    report.incident = IncidentOf(fact == facts_.end() ? "" : fact->second->incident_key());
    return known_.emplace(key, report).first->second;
  }

 private:
  static Key KeyOf(const v1::Event& fact) { return {fact.source(), fact.id()}; }

  int IncidentOf(const std::string& incident_key) {
    if (incident_key.empty()) return next_++;
    const auto [of_key, added] = of_key_.emplace(incident_key, next_);
    if (added) ++next_;
    return of_key->second;
  }

  const std::string& owner_;
  std::map<Key, Report> known_;
  std::map<std::string, int> of_key_;
  std::map<Key, const v1::Event*> facts_;
  int next_ = 0;
};

std::vector<v1::SourceFamily> FillsOf(const v1::Criterion& criterion) {
  std::vector<v1::SourceFamily> fills;
  for (const int family : criterion.fills()) fills.push_back(static_cast<v1::SourceFamily>(family));
  return fills;
}

/// Families that a report may fill: its own where the trigger names several; what has none of its
/// own, or is not known any more, the first.
std::vector<v1::SourceFamily> MayFill(const std::vector<v1::SourceFamily>& fills,
                                      v1::SourceFamily family) {
  if (fills.empty()) return {};
  if (fills.size() == 1 || family == v1::SOURCE_FAMILY_UNSPECIFIED) return {fills.front()};
  if (std::find(fills.begin(), fills.end(), family) == fills.end()) return {};
  return {family};
}

class CombinationReader {
 public:
  CombinationReader(const CompiledPack& pack, const MeasureContext& context,
                    const HeldResults& held, const LeafValues& leaves,
                    std::vector<MeasureResult>* findings)
      : pack_(pack),
        context_(context),
        held_(held),
        leaves_(leaves),
        holds_(HoldsOf(pack, held)),
        evaluator_(pack, leaves, holds_),
        findings_(findings) {}

  MeasureResult Read(const CompiledCombination& combination) {
    MeasureResult result = Begin(context_);
    int hold = 0;
    int unknown = 0;
    for (const int trigger : combination.triggers) {
      const Truth value = evaluator_.CriterionValue(trigger);
      hold += value == Truth::kTrue ? 1 : 0;
      unknown += value == Truth::kUnknown ? 1 : 0;
    }
    result.value = Truth::kFalse;
    if (hold + unknown < combination.least_triggers) {
      Tell(combination, {}, hold, &result);
      return result;
    }
    // With fewer than it takes, what they rest on cannot complete it.
    const bool enough = hold >= combination.least_triggers;
    std::vector<CombinedTrigger> triggers;
    for (const int trigger : combination.triggers) triggers.push_back(TriggerOf(trigger, enough));
    const CombinationResult combined =
        Combine(triggers, combination.least_triggers, combination.least_families);
    result.value = combined.value;
    Tell(combination, combined, hold, &result);
    return result;
  }

 private:
  bool IsHeld(int trigger) const { return holds_[static_cast<size_t>(trigger)] != Hold::kNone; }

  bool HasUnknown(int node) const {
    for (size_t i = 0; i < pack_.leaves().size(); ++i) {
      if (leaves_[i] == Truth::kUnknown && pack_.Reads(node, static_cast<int>(i))) return true;
    }
    return false;
  }

  CombinedTrigger TriggerOf(int trigger, bool with_reports) {
    const Truth value = evaluator_.CriterionValue(trigger);
    const int node = pack_.criterion_nodes()[static_cast<size_t>(trigger)];
    CombinedTrigger out{.reports = {},
                        .fills = FillsOf(pack_.pack().criteria(trigger)),
                        .open = value == Truth::kUnknown};
    if (value != Truth::kTrue) return out;
    if (!with_reports) {
      out.open = true;
      return out;
    }
    out.open = !IsHeld(trigger) && HasUnknown(node);
    for (const auto& ref : RestsOn(trigger)) {
      const Report& report = reports().Of(ref);
      if (report.own_sanction) continue;
      ref_of_.emplace(report.incident, ref);
      out.reports.push_back(
          {.incident = report.incident, .families = MayFill(out.fills, report.family)});
    }
    return out;
  }

  std::vector<v1::EventRef> RestsOn(int trigger) {
    if (IsHeld(trigger)) {
      const auto& cited = held_.criteria[static_cast<size_t>(trigger)]->basis.evidence();
      return {cited.begin(), cited.end()};
    }
    const int node = pack_.criterion_nodes()[static_cast<size_t>(trigger)];
    MeasureResult found;
    Explain(pack_, evaluator_, ProofOf(node), node, Truth::kTrue, false, &found);
    return std::move(found.evidence);
  }

  /// The proof of the measures that a node depends on.
  const std::vector<MeasureResult>& ProofOf(int node) {
    if (findings_ != nullptr) return *findings_;
    own_findings_.resize(leaves_.size());
    proven_.resize(leaves_.size());
    MeasureContext proof = context_;
    proof.detail = Detail::kProof;
    for (size_t i = 0; i < pack_.leaves().size(); ++i) {
      if (proven_[i] || !pack_.Reads(node, static_cast<int>(i))) continue;
      const Leaf& leaf = pack_.leaves()[i];
      own_findings_[i] = leaf.measure->evaluate(leaf.arguments, proof);
      proven_[i] = true;
    }
    return own_findings_;
  }

  Reports& reports() {
    if (!reports_.has_value()) reports_.emplace(context_, pack_.pack().owner());
    return *reports_;
  }

  std::string RefText(int incident) {
    const v1::EventRef& ref = ref_of_.at(incident);
    return reports().Of(ref).protected_source ? "a protected source"
                                              : ref.source() + "/" + ref.id();
  }

  const std::string& IdOf(int trigger) const { return pack_.pack().criteria(trigger).id(); }

  void Tell(const CompiledCombination& combination, const CombinationResult& combined, int hold,
            MeasureResult* result) {
    if (!result->WantsProof()) return;
    AddFigure("triggers", hold, result);
    if (result->value == Truth::kTrue) {
      AddFigure("families", static_cast<double>(combined.families.size()), result);
      TellFilled(combination, combined, result);
      return;
    }
    const std::string watch = IdsThat(Truth::kTrue, combination.triggers, combination.soft);
    if (!watch.empty()) {
      const bool few = hold < combination.least_triggers;
      const std::string enough =
          std::to_string(few ? combination.least_triggers : combination.least_families);
      result->near_miss =
          "watch: " + watch + "; " +
          (few ? enough + " triggers by reports of their own make a combination"
               : "their reports fill too few families, " + enough + " make a combination");
    }
    if (result->value == Truth::kUnknown) {
      result->note = result->near_miss + (watch.empty() ? "" : "; ") +
                     "not known: " + IdsThat(Truth::kUnknown, combination.triggers, {});
    }
  }

  std::string IdsThat(Truth value, const std::vector<int>& criteria,
                      const std::vector<int>& more) const {
    std::string ids;
    for (const auto* list : {&criteria, &more}) {
      for (const int criterion : *list) {
        if (evaluator_.CriterionValue(criterion) != value) continue;
        ids += (ids.empty() ? "" : ", ") + IdOf(criterion);
      }
    }
    return ids;
  }

  void TellFilled(const CompiledCombination& combination, const CombinationResult& combined,
                  MeasureResult* result) {
    std::string text;
    for (const auto& filled : combined.triggers) {
      text += (text.empty() ? "" : ", ") + IdOf(combination.triggers[filled.trigger]) + " by " +
              RefText(filled.incident);
      Cite(filled.incident, result);
    }
    std::string families;
    for (const auto& filled : combined.families) {
      families += (families.empty() ? "; " : ", ") + FamilyText(filled.family) + " by " +
                  RefText(filled.incident);
      Cite(filled.incident, result);
    }
    result->note = text + families;
  }

  void Cite(int incident, MeasureResult* result) {
    const v1::EventRef& ref = ref_of_.at(incident);
    AddRef(ref, result);
    if (reports().Of(ref).protected_source) result->protected_source = true;
  }

  const CompiledPack& pack_;
  const MeasureContext& context_;
  const HeldResults& held_;
  const LeafValues& leaves_;
  const Holds holds_;
  const Evaluator evaluator_;
  std::vector<MeasureResult>* findings_;
  std::vector<MeasureResult> own_findings_;
  std::vector<bool> proven_;
  std::optional<Reports> reports_;
  std::map<int, v1::EventRef> ref_of_;  ///< The first report of each incident.
};

}  // namespace

void EvaluateCombinations(const CompiledPack& pack, const MeasureContext& context,
                          const HeldResults& held, LeafValues* leaves,
                          std::vector<MeasureResult>* findings) {
  if (pack.combinations().empty()) return;
  CombinationReader reader(pack, context, held, *leaves, findings);
  const size_t first = pack.leaves().size();
  std::vector<MeasureResult> read;
  for (const auto& combination : pack.combinations()) read.push_back(reader.Read(combination));
  for (size_t i = 0; i < read.size(); ++i) {
    (*leaves)[first + i] = read[i].value;
    if (findings != nullptr) (*findings)[first + i] = std::move(read[i]);
  }
}

}  // namespace trigpoint
