#include "expression.h"

#include <algorithm>
#include <utility>

namespace trigpoint {
namespace {

/// More unknown shared measures than this are not split further: the answer is then only more
/// cautious.
constexpr size_t kSplitsMax = 6;

void AddEvidence(const MeasureResult& from, MeasureResult* out) {
  for (const auto& ref : from.evidence) {
    const bool known = std::any_of(
        out->evidence.begin(), out->evidence.end(),
        [&ref](const auto& x) { return x.id() == ref.id() && x.source() == ref.source(); });
    if (!known) out->evidence.push_back(ref);
  }
}

void AddText(const std::string& text, std::string* out) {
  if (text.empty() || out->find(text) != std::string::npos) return;
  if (!out->empty()) *out += "; ";
  *out += text;
}

}  // namespace

Evaluator::Evaluator(const CompiledPack& pack, const MeasureContext& context,
                     std::vector<std::optional<Held>> held)
    : pack_(pack),
      context_(context),
      held_(std::move(held)),
      results_(pack.leaves().size()),
      assumed_(pack.leaves().size()) {
  held_.resize(static_cast<size_t>(pack.pack().criteria_size()));
}

const MeasureResult& Evaluator::LeafResult(int leaf) {
  auto& slot = results_[static_cast<size_t>(leaf)];
  if (!slot.has_value()) {
    const Leaf& use = pack_.leaves()[static_cast<size_t>(leaf)];
    slot = use.measure->evaluate(use.arguments, context_);
  }
  return *slot;
}

Truth Evaluator::LeafValue(int leaf) {
  const auto& assumed = assumed_[static_cast<size_t>(leaf)];
  return assumed.has_value() ? *assumed : LeafResult(leaf).value;
}

// NOLINTNEXTLINE(misc-no-recursion): conditions are finite and free of circles (PackCompiler).
Truth Evaluator::CriterionValue(int criterion) {
  if (held_[static_cast<size_t>(criterion)].has_value()) return Truth::kTrue;
  return Value(pack_.criterion_nodes()[static_cast<size_t>(criterion)]);
}

// NOLINTNEXTLINE(misc-no-recursion)
Truth Evaluator::DecisiveValue(int criterion) {
  const auto& held = held_[static_cast<size_t>(criterion)];
  if (held.has_value() && held->decisive) return Truth::kTrue;
  const int node = pack_.decisive_nodes()[static_cast<size_t>(criterion)];
  return node < 0 ? Truth::kFalse : Value(node);
}

// NOLINTNEXTLINE(misc-no-recursion)
Truth Evaluator::Value(int index) {
  const Node& node = pack_.nodes()[static_cast<size_t>(index)];
  switch (node.kind) {
    case Node::Kind::kLeaf:
      return LeafValue(node.index);
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
Truth Evaluator::Any(const std::vector<int>& nodes) {
  Truth value = Truth::kNotApplicable;
  for (int child : nodes) {
    value = Or(value, Value(child));
    if (value == Truth::kTrue) break;
  }
  return value;
}

std::vector<int> Evaluator::SharedUnknown() const {
  std::vector<int> shared;
  for (size_t i = 0; i < results_.size(); ++i) {
    if (pack_.leaves()[i].uses > 1 && results_[i].has_value() &&
        results_[i]->value == Truth::kUnknown && shared.size() < kSplitsMax) {
      shared.push_back(static_cast<int>(i));
    }
  }
  return shared;
}

bool Evaluator::Certain(const std::vector<int>& any_of_nodes) {
  const Truth value = Any(any_of_nodes);
  if (value != Truth::kUnknown) return value == Truth::kTrue;
  for (int node : any_of_nodes) Value(node);  // Every measure is evaluated before splitting.
  return CertainFrom(any_of_nodes, SharedUnknown(), 0);
}

// NOLINTNEXTLINE(misc-no-recursion): at most kSplitsMax deep.
bool Evaluator::CertainFrom(const std::vector<int>& nodes, const std::vector<int>& shared,
                            size_t next) {
  const Truth value = Any(nodes);
  if (value != Truth::kUnknown) return value == Truth::kTrue;
  if (next == shared.size()) return false;
  auto& assumed = assumed_[static_cast<size_t>(shared[next])];
  bool certain = true;
  for (const Truth completion : {Truth::kFalse, Truth::kTrue}) {
    assumed = completion;
    certain = certain && CertainFrom(nodes, shared, next + 1);
  }
  assumed.reset();
  return certain;
}

bool Evaluator::Possible(const std::vector<int>& any_of_nodes) {
  const Truth value = Any(any_of_nodes);
  if (value != Truth::kUnknown) return value == Truth::kTrue;
  for (int node : any_of_nodes) Value(node);
  return PossibleFrom(any_of_nodes, SharedUnknown(), 0);
}

// NOLINTNEXTLINE(misc-no-recursion): at most kSplitsMax deep.
bool Evaluator::PossibleFrom(const std::vector<int>& nodes, const std::vector<int>& shared,
                             size_t next) {
  const Truth value = Any(nodes);
  if (value == Truth::kFalse || value == Truth::kNotApplicable) return false;
  if (value == Truth::kTrue || next == shared.size()) return true;
  auto& assumed = assumed_[static_cast<size_t>(shared[next])];
  bool possible = false;
  for (const Truth completion : {Truth::kFalse, Truth::kTrue}) {
    assumed = completion;
    possible = possible || PossibleFrom(nodes, shared, next + 1);
  }
  assumed.reset();
  return possible;
}

// NOLINTNEXTLINE(misc-no-recursion)
void Evaluator::Explain(int index, Truth wanted, bool skip_context, MeasureResult* out) {
  const Node& node = pack_.nodes()[static_cast<size_t>(index)];
  switch (node.kind) {
    case Node::Kind::kLeaf: {
      const MeasureResult& result = LeafResult(node.index);
      const bool context = pack_.leaves()[static_cast<size_t>(node.index)].measure->context;
      if (result.value == wanted && !(skip_context && context)) {
        AddEvidence(result, out);
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
      Explain(pack_.criterion_nodes()[static_cast<size_t>(node.index)], wanted, skip_context, out);
      return;
    case Node::Kind::kNot:
      // What makes "not x" hold is what makes x FALSE: there is nothing to cite, but the figures
      // are told.
      Explain(node.children.front(), Not(wanted), skip_context, out);
      return;
    case Node::Kind::kAtLeast:
      for (int criterion : node.children) {
        Explain(pack_.criterion_nodes()[static_cast<size_t>(criterion)], wanted, skip_context, out);
      }
      return;
    case Node::Kind::kAny:
    case Node::Kind::kAll:
      for (int child : node.children) {
        // A part of "all" that holds while the whole does not is no evidence.
        if (wanted == Truth::kTrue && Value(child) != Truth::kTrue) {
          MeasureResult figures_only;
          Explain(child, wanted, skip_context, &figures_only);
          for (const auto& figure : figures_only.figures) out->figures.push_back(figure);
          continue;
        }
        Explain(child, wanted, skip_context, out);
      }
      return;
  }
}

}  // namespace trigpoint
