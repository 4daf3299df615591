#pragma once

#include <optional>
#include <vector>

#include "trigpoint/policy/pack.h"

namespace trigpoint {

/// A criterion that stays TRUE though its window has emptied.
struct Held {
  bool decisive = false;
};

/// Evaluates conditions of one pack for one provider and time. Measures are evaluated at most once.
class Evaluator {
 public:
  /// `held`: per criterion, set where it is held TRUE.
  Evaluator(const CompiledPack& pack, const MeasureContext& context,
            std::vector<std::optional<Held>> held);

  /// Kleene value of a node.
  Truth Value(int node);
  Truth CriterionValue(int criterion);
  Truth DecisiveValue(int criterion);
  /// TRUE in every completion of what is unknown. Unknown measures that occur more than once are
  /// the same in all places: overall RI with unknown key questions is at least Level 2 whichever
  /// way they turn out (domain.md 3.2).
  bool Certain(const std::vector<int>& any_of_nodes);
  /// Not excluded by what is known.
  bool Possible(const std::vector<int>& any_of_nodes);

  const MeasureResult& LeafResult(int leaf);
  /// Collects what the measures under `node` found: evidence of those that made it TRUE, notes of
  /// the unknown ones, figures of all.
  void Explain(int node, Truth wanted, bool skip_context, MeasureResult* out);

 private:
  Truth LeafValue(int leaf);
  std::vector<int> SharedUnknown() const;
  bool CertainFrom(const std::vector<int>& nodes, const std::vector<int>& shared, size_t next);
  bool PossibleFrom(const std::vector<int>& nodes, const std::vector<int>& shared, size_t next);
  Truth Any(const std::vector<int>& nodes);

  const CompiledPack& pack_;
  const MeasureContext& context_;
  std::vector<std::optional<Held>> held_;
  std::vector<std::optional<MeasureResult>> results_;
  std::vector<std::optional<Truth>> assumed_;
};

}  // namespace trigpoint
