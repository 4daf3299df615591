#include "trigpoint/domain/cluster_decisions.h"

#include <algorithm>

#include "trigpoint/events/times.h"

namespace trigpoint {

ClusterDecisions::ClusterDecisions(const v1::ProviderState& state) {
  std::vector<const v1::Event*> findings;
  for (const auto& fact : state.facts()) {
    if (IsClusterDecision(fact)) findings.push_back(&fact);
  }
  // Facts stand in the order of kind, source and id: what is dated the same keeps it.
  std::stable_sort(findings.begin(), findings.end(), [](const auto* a, const auto* b) {
    return std::make_pair(OccurredMicros(*a), a->has_cluster_split()) <
           std::make_pair(OccurredMicros(*b), b->has_cluster_split());
  });
  for (const auto* finding : findings) {
    const bool split = finding->has_cluster_split();
    const auto& reports =
        split ? finding->cluster_split().reports() : finding->cluster_confirmed().reports();
    for (const auto& ref : reports) {
      const std::string& source = ref.source().empty() ? finding->source() : ref.source();
      named_in_[{source, ref.id()}].push_back(apart_.size());
    }
    apart_.push_back(split);
  }
}

const std::vector<size_t>* ClusterDecisions::Of(const v1::Concern& report) const {
  const auto it = named_in_.find({report.source(), report.id()});
  return it == named_in_.end() ? nullptr : &it->second;
}

ClusterDecisions::Verdict ClusterDecisions::Between(const v1::Concern& a,
                                                    const v1::Concern& b) const {
  if (empty()) return Verdict::kNone;
  const auto* of_a = Of(a);
  const auto* of_b = Of(b);
  if (of_a == nullptr || of_b == nullptr) return Verdict::kNone;
  for (auto last = of_a->rbegin(); last != of_a->rend(); ++last) {
    if (std::find(of_b->begin(), of_b->end(), *last) == of_b->end()) continue;
    return apart_[*last] ? Verdict::kApart : Verdict::kOne;
  }
  return Verdict::kNone;
}

}  // namespace trigpoint
