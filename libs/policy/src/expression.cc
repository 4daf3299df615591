#include "expression.h"

#include <algorithm>
#include <utility>

#include "measure_support.h"

namespace trigpoint {
namespace {

/// More unknown shared measures than this are not split further: the answer is then only more
/// cautious.
constexpr size_t kSplitsMax = 6;

void AddText(const std::string& text, std::string* out) {
  if (text.empty() || out->find(text) != std::string::npos) return;
  if (!out->empty()) *out += "; ";
  *out += text;
}

}  // namespace

Evaluator::Evaluator(const CompiledPack& pack, LeafValues leaves, const Holds& held)
    : pack_(pack), leaves_(std::move(leaves)), held_(held) {}

Hold Evaluator::HoldOf(int rule) const {
  const auto index = static_cast<size_t>(rule);
  return index < held_.size() ? held_[index] : Hold::kNone;
}

// NOLINTNEXTLINE(misc-no-recursion): conditions are finite and free of circles (PackCompiler).
Truth Evaluator::CriterionValue(int criterion) const {
  if (HoldOf(criterion) != Hold::kNone) return Truth::kTrue;
  return Value(pack_.criterion_nodes()[static_cast<size_t>(criterion)]);
}

// NOLINTNEXTLINE(misc-no-recursion)
Truth Evaluator::DecisiveValue(int criterion) const {
  if (HoldOf(criterion) == Hold::kHeldDecisive) return Truth::kTrue;
  const int node = pack_.decisive_nodes()[static_cast<size_t>(criterion)];
  return node < 0 ? Truth::kFalse : Value(node);
}

// NOLINTNEXTLINE(misc-no-recursion)
Truth Evaluator::Value(int index) const {
  const Node& node = pack_.nodes()[static_cast<size_t>(index)];
  switch (node.kind) {
    case Node::Kind::kLeaf:
      return leaves_[static_cast<size_t>(node.index)];
    case Node::Kind::kCombination:
      return leaves_[pack_.leaves().size() + static_cast<size_t>(node.index)];
    case Node::Kind::kCriterion:
      return CriterionValue(node.index);
    case Node::Kind::kDecisive:
      return DecisiveValue(node.index);
    case Node::Kind::kNot:
      return Not(Value(node.children.front()));
    case Node::Kind::kAtLeast: {
      int yes = 0;
      int maybe = 0;
      for (int criterion : node.children) {
        const Truth value = CriterionValue(criterion);
        yes += value == Truth::kTrue ? 1 : 0;
        maybe += value == Truth::kUnknown ? 1 : 0;
      }
      if (yes >= node.count) return Truth::kTrue;
      return yes + maybe >= node.count ? Truth::kUnknown : Truth::kFalse;
    }
    case Node::Kind::kAny:
      return Any(node.children);
    case Node::Kind::kAll: {
      Truth value = Truth::kNotApplicable;
      for (int child : node.children) {
        value = And(value, Value(child));
        if (value == Truth::kFalse) break;
      }
      return value;
    }
  }
  return Truth::kUnknown;
}

// NOLINTNEXTLINE(misc-no-recursion)
Truth Evaluator::Any(const std::vector<int>& nodes) const {
  Truth value = Truth::kNotApplicable;
  for (int child : nodes) {
    value = Or(value, Value(child));
    if (value == Truth::kTrue) break;
  }
  return value;
}

std::vector<int> Evaluator::SharedUnknown(const std::vector<int>& nodes) const {
  std::vector<int> shared;
  for (size_t i = 0; i < pack_.leaves().size() && shared.size() < kSplitsMax; ++i) {
    if (pack_.leaves()[i].uses < 2 || leaves_[i] != Truth::kUnknown) continue;
    const auto reads = [this, i](int node) { return pack_.Reads(node, static_cast<int>(i)); };
    if (std::any_of(nodes.begin(), nodes.end(), reads)) shared.push_back(static_cast<int>(i));
  }
  return shared;
}

bool Evaluator::Certain(const std::vector<int>& any_of_nodes) {
  const Truth value = Any(any_of_nodes);
  if (value != Truth::kUnknown) return value == Truth::kTrue;
  return CertainFrom(any_of_nodes, SharedUnknown(any_of_nodes), 0);
}

// NOLINTNEXTLINE(misc-no-recursion): at most kSplitsMax deep.
bool Evaluator::CertainFrom(const std::vector<int>& nodes, const std::vector<int>& shared,
                            size_t next) {
  const Truth value = Any(nodes);
  if (value != Truth::kUnknown) return value == Truth::kTrue;
  if (next == shared.size()) return false;
  Truth& assumed = leaves_[static_cast<size_t>(shared[next])];
  bool certain = true;
  for (const Truth completion : {Truth::kFalse, Truth::kTrue}) {
    assumed = completion;
    certain = certain && CertainFrom(nodes, shared, next + 1);
  }
  assumed = Truth::kUnknown;
  return certain;
}

bool Evaluator::Possible(const std::vector<int>& any_of_nodes) {
  const Truth value = Any(any_of_nodes);
  if (value != Truth::kUnknown) return value == Truth::kTrue;
  return PossibleFrom(any_of_nodes, SharedUnknown(any_of_nodes), 0);
}

// NOLINTNEXTLINE(misc-no-recursion): at most kSplitsMax deep.
bool Evaluator::PossibleFrom(const std::vector<int>& nodes, const std::vector<int>& shared,
                             size_t next) {
  const Truth value = Any(nodes);
  if (value == Truth::kFalse || value == Truth::kNotApplicable) return false;
  if (value == Truth::kTrue || next == shared.size()) return true;
  Truth& assumed = leaves_[static_cast<size_t>(shared[next])];
  bool possible = false;
  for (const Truth completion : {Truth::kFalse, Truth::kTrue}) {
    assumed = completion;
    possible = possible || PossibleFrom(nodes, shared, next + 1);
  }
  assumed = Truth::kUnknown;
  return possible;
}

Truth LeafValue(const Leaf& leaf, const MeasureContext& context) {
  const Reads& reads = leaf.measure->reads;
  const bool anything = reads.anything || (reads.facts & context.Kinds()).any() ||
                        (reads.flags & context.Clusters().flags()) != 0;
  return anything ? leaf.measure->evaluate(leaf.arguments, context).value : leaf.when_empty;
}

LeafValues EvaluateScope(const CompiledPack& pack, const MeasureContext& context) {
  LeafValues values(pack.leaves().size() + pack.combinations().size(), Truth::kUnknown);
  for (size_t i = 0; i < pack.leaves().size(); ++i) {
    if (pack.leaves()[i].scope) values[i] = LeafValue(pack.leaves()[i], context);
  }
  return values;
}

Truth AppliesOver(const CompiledPack& pack, const LeafValues& leaves) {
  if (pack.applies_to() < 0) return Truth::kTrue;
  const Holds none;
  return Evaluator(pack, leaves, none).Value(pack.applies_to());
}

void EvaluateRest(const CompiledPack& pack, const MeasureContext& context, AssessScope scope,
                  LeafValues* leaves) {
  for (size_t i = 0; i < pack.leaves().size(); ++i) {
    const Leaf& leaf = pack.leaves()[i];
    if (leaf.scope || (scope == AssessScope::kUrgentOnly && !leaf.urgent)) continue;
    (*leaves)[i] = LeafValue(leaf, context);
  }
}

// NOLINTNEXTLINE(misc-no-recursion)
void Explain(const CompiledPack& pack, const Evaluator& evaluator,
             const std::vector<MeasureResult>& findings, int index, Truth wanted, bool skip_context,
             MeasureResult* out) {
  const Node& node = pack.nodes()[static_cast<size_t>(index)];
  // NOLINTNEXTLINE(misc-no-recursion)
  const auto explain = [&](int child, Truth value, MeasureResult* into) {
    Explain(pack, evaluator, findings, child, value, skip_context, into);
  };
  switch (node.kind) {
    case Node::Kind::kLeaf:
    case Node::Kind::kCombination: {
      const bool is_leaf = node.kind == Node::Kind::kLeaf;
      const auto place = static_cast<size_t>(node.index) + (is_leaf ? 0 : pack.leaves().size());
      const MeasureResult& result = findings[place];
      const bool context = is_leaf && pack.leaves()[place].measure->context;
      if (result.value == wanted && !(skip_context && context)) {
        for (const auto& ref : result.evidence) AddRef(ref, out);
        out->protected_source = out->protected_source || result.protected_source;
      }
      if (result.value == Truth::kUnknown || result.value == wanted)
        AddText(result.note, &out->note);
      AddText(result.near_miss, &out->near_miss);
      for (const auto& figure : result.figures) out->figures.push_back(figure);
      return;
    }
    case Node::Kind::kCriterion:
    case Node::Kind::kDecisive:
      explain(pack.criterion_nodes()[static_cast<size_t>(node.index)], wanted, out);
      return;
    case Node::Kind::kNot:
      // What makes "not x" hold is what makes x FALSE: there is nothing to cite, but the figures
      // are told.
      explain(node.children.front(), Not(wanted), out);
      return;
    case Node::Kind::kAtLeast:
      for (int criterion : node.children)
        explain(pack.criterion_nodes()[static_cast<size_t>(criterion)], wanted, out);
      return;
    case Node::Kind::kAny:
    case Node::Kind::kAll:
      for (int child : node.children) {
        // A part of "all" that holds while the whole does not is no evidence.
        if (wanted == Truth::kTrue && evaluator.Value(child) != Truth::kTrue) {
          MeasureResult figures_only;
          explain(child, wanted, &figures_only);
          for (const auto& figure : figures_only.figures) out->figures.push_back(figure);
          continue;
        }
        explain(child, wanted, out);
      }
      return;
  }
}

}  // namespace trigpoint
