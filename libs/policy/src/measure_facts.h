#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "fact_fields.h"
#include "measure_support.h"
#include "trigpoint/policy/measure.h"

/// How measures read the facts of a state.
namespace trigpoint {

inline EventKey KeyOf(const v1::Event& fact) { return {fact.source(), fact.id()}; }

/// Whether a fact happened in the window of `days` that ends at as_of.
inline bool IsWithin(const v1::Event& fact, const MeasureContext& context, int64_t days) {
  const int64_t at = FactInstant(fact);
  return at > WindowStart(context, days) && at <= context.as_of_us;
}

/// The facts that match and happened by as_of, in the order in which they happened.
template <typename Matches>
std::vector<const v1::Event*> FactsInOrder(const MeasureContext& context, Matches matches) {
  std::vector<const v1::Event*> facts;
  for (const auto& fact : context.state.facts()) {
    if (matches(fact) && FactInstant(fact) <= context.as_of_us) facts.push_back(&fact);
  }
  std::stable_sort(facts.begin(), facts.end(), [](const v1::Event* a, const v1::Event* b) {
    return FactInstant(*a) < FactInstant(*b);
  });
  return facts;
}

/// TRUE iff something was cited.
inline MeasureResult TrueIfCited(MeasureResult result) {
  result.value = Is(result.cited > 0);
  return result;
}

}  // namespace trigpoint
