#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "trigpoint/v1/events.pb.h"
#include "trigpoint/v1/state.pb.h"

namespace trigpoint {

/// What people found about which reports of a service are of one incident (3.8 (3), (4)):
/// ClusterConfirmed and ClusterSplit of a state. Of two findings about the same two reports the one
/// dated later holds; of the same date, the split. A corrected or retracted finding is the state's
/// business: it is not there any more.
class ClusterDecisions {
 public:
  enum class Verdict : uint8_t {
    kNone,   ///< Nobody said anything.
    kOne,    ///< Of one incident.
    kApart,  ///< Of different incidents.
  };
  ClusterDecisions() = default;
  explicit ClusterDecisions(const v1::ProviderState& state);

  bool empty() const { return apart_.empty(); }
  /// Whether anybody said anything about the report.
  bool Name(const v1::Concern& report) const { return !empty() && Of(report) != nullptr; }
  Verdict Between(const v1::Concern& a, const v1::Concern& b) const;

 private:
  const std::vector<size_t>* Of(const v1::Concern& report) const;

  std::vector<bool> apart_;  ///< Of each finding in their order: whether it is a split.
  std::map<std::pair<std::string, std::string>, std::vector<size_t>> named_in_;
};

/// Whether a fact is a finding about which reports are of one incident.
inline bool IsClusterDecision(const v1::Event& event) {
  return event.has_cluster_confirmed() || event.has_cluster_split();
}

}  // namespace trigpoint
