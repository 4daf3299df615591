#pragma once

#include <memory>
#include <vector>

#include "trigpoint/policy/assess.h"
#include "trigpoint/policy/pack.h"

namespace trigpoint {

/// Whether a criterion or urgent rule stays TRUE though its window has emptied.
enum class Hold : uint8_t { kNone, kHeld, kHeldDecisive };

/// Values of the measures of a pack, one for each leaf, then of its combinations.
using LeafValues = std::vector<Truth>;
/// One for each criterion, then for each urgent rule, in the order of the pack.
using Holds = std::vector<Hold>;

/// Evaluates conditions of one pack over the values of its measures. Logic only.
class Evaluator {
 public:
  Evaluator(const CompiledPack& pack, LeafValues leaves, const Holds& held);

  /// Kleene value of a node.
  Truth Value(int node) const;
  Truth CriterionValue(int criterion) const;
  Truth DecisiveValue(int criterion) const;
  /// TRUE in every completion of what is unknown. Unknown measures that occur more than once are
  /// the same in all places: overall RI with unknown key questions is at least Level 2 whichever
  /// way they turn out (domain.md 3.2).
  bool Certain(const std::vector<int>& any_of_nodes);
  /// Not excluded by what is known.
  bool Possible(const std::vector<int>& any_of_nodes);

 private:
  std::vector<int> SharedUnknown(const std::vector<int>& nodes) const;
  bool CertainFrom(const std::vector<int>& nodes, const std::vector<int>& shared, size_t next);
  bool PossibleFrom(const std::vector<int>& nodes, const std::vector<int>& shared, size_t next);
  Truth Any(const std::vector<int>& nodes) const;
  Hold HoldOf(int rule) const;

  const CompiledPack& pack_;
  LeafValues leaves_;
  const Holds& held_;
};

/// Which rules are held, and how.
Holds HoldsOf(const CompiledPack& pack, const HeldResults& held);

/// The value of one measure; the context wants no proof.
Truth LeafValue(const Leaf& leaf, const MeasureContext& context);
/// The values of the measures that `applies_to` reads; the others stay UNKNOWN.
LeafValues EvaluateScope(const CompiledPack& pack, const MeasureContext& context);
/// The value of `applies_to` over them.
Truth AppliesOver(const CompiledPack& pack, const LeafValues& leaves);
/// Adds the values of the other measures; with kUrgentOnly those that no urgent rule reads stay
/// UNKNOWN.
void EvaluateRest(const CompiledPack& pack, const MeasureContext& context, AssessScope scope,
                  LeafValues* leaves);

/// Adds the values of the combinations: they follow from what their triggers rest on, so that it is
/// looked up where enough of them hold. `findings` has the proof of each measure, and takes that of
/// the combinations; null: their values alone. A commissioner's own suspension or notice is no
/// evidence for its own combination (3.10 ruling 3).
void EvaluateCombinations(const CompiledPack& pack, const MeasureContext& context,
                          const HeldResults& held, LeafValues* leaves,
                          std::vector<MeasureResult>* findings);

/// The values of a whole assessment. They follow from the arguments alone, so `memo` (may be null)
/// remembers them: of the many combinations only few occur.
std::shared_ptr<const AssessmentValues> ValuesOf(const CompiledPack& pack, const LeafValues& leaves,
                                                 const Holds& held, AssessScope scope,
                                                 ValuesMemo* memo);

/// Collects what the measures under `node` found: evidence of those that made it TRUE, notes of the
/// unknown ones, figures of all.
void Explain(const CompiledPack& pack, const Evaluator& evaluator,
             const std::vector<MeasureResult>& findings, int node, Truth wanted, bool skip_context,
             MeasureResult* out);

}  // namespace trigpoint
