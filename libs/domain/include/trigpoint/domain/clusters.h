#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "trigpoint/v1/state.pb.h"

namespace trigpoint {

/// Reports of one incident. At most one report per source system; depends on the set of reports,
/// not on their order. Rule: 3.8 (1), (2): exact redelivery is dropped before it gets here; the
/// same incident key is the same cluster.
struct Cluster {
  std::string key;
  std::vector<const v1::Concern*> reports;  ///< Sorted by (occurred, source, id); never empty.
};

/// Clusters the concerns in (from_us, to_us] by occurrence for which `wanted` holds. Corroborating
/// reports raise confidence, never the count (3.1). Pointers are into `state`.
std::vector<Cluster> ClustersOf(const v1::ProviderState& state, int64_t from_us, int64_t to_us,
                                bool (*wanted)(const v1::Concern&));

/// All counted concerns of a state with the cluster each belongs to, computed once and read by
/// window. Pointers are into the state, which must outlive it. Immutable.
class ClusterView {
 public:
  struct Item {
    const v1::Concern* report = nullptr;
    int64_t occurred_us = 0;
    uint64_t themes = 0;  ///< Bit n: is about the theme n (v1::Theme).
    v1::SourceFamily family = v1::SOURCE_FAMILY_UNSPECIFIED;
    int cluster = 0;    ///< Equal for reports of one incident.
    bool alone = true;  ///< No other report can be in its cluster: it has no incident key.
  };
  explicit ClusterView(const v1::ProviderState& state);
  /// Items that occurred in (from_us, to_us], oldest first.
  std::span<const Item> In(int64_t from_us, int64_t to_us) const;
  /// Distinct clusters of reports of one of the families that occurred in (from_us, to_us].
  size_t Count(int64_t from_us, int64_t to_us, std::span<const v1::SourceFamily> families) const;
  /// ConcernFlag bits that any concern has, counted or not.
  uint32_t flags() const { return flags_; }

 private:
  static constexpr size_t kFamiliesMax = 32;

  std::vector<Item> items_;
  std::array<std::vector<int64_t>, kFamiliesMax> alone_us_;  ///< By family, of the lone reports.
  std::vector<Item> others_;                                 ///< The rest, oldest first.
  uint32_t flags_ = 0;
};

/// Themes have a bit each; one that this version does not know shares the last.
static_assert(v1::Theme_MAX < 63);
inline uint64_t ThemeBit(int theme) {
  return uint64_t{1} << static_cast<unsigned>(theme >= 0 && theme <= v1::Theme_MAX ? theme : 63);
}

/// Key of the cluster that a lone event forms: "e:source/id"; with an incident key "k:key".
std::string ClusterKeyOf(const std::string& incident_key, const std::string& source,
                         const std::string& id);

}  // namespace trigpoint
