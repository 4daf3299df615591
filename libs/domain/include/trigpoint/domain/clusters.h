#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "trigpoint/v1/state.pb.h"

namespace trigpoint {

/// All counted concerns of a state with the cluster each belongs to, read by window. A cluster is
/// the reports of one incident, at most one of each source system; corroborating reports raise
/// confidence, never the count (3.1). It depends on the set of reports, not on their order. Rule:
/// 3.8 (1), (2): exact redelivery is dropped before it gets here; the same incident key is the same
/// cluster. Pointers are into the state, which must outlive it; a concern must not be changed or
/// removed meanwhile.
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
  /// Takes a concern that comes after all others in the order of the state.
  void Add(const v1::Concern& concern);
  /// Items that occurred in (from_us, to_us], oldest first.
  std::span<const Item> In(int64_t from_us, int64_t to_us) const;
  /// Distinct clusters of reports of one of the families that occurred in (from_us, to_us].
  size_t Count(int64_t from_us, int64_t to_us, std::span<const v1::SourceFamily> families) const;
  /// Items of feedback of any tone that occurred in (from_us, to_us], oldest first.
  std::span<const Item> Feedback(int64_t from_us, int64_t to_us) const;
  /// ConcernFlag bits that any concern has, counted or not.
  uint32_t flags() const { return flags_; }
  /// The worst harm of any concern, counted or not.
  v1::Harm worst_harm() const { return worst_harm_; }

 private:
  struct Times {
    v1::SourceFamily family = v1::SOURCE_FAMILY_UNSPECIFIED;
    std::vector<int64_t> occurred_us;
  };
  std::vector<int64_t>& TimesOf(v1::SourceFamily family);

  std::vector<Item> items_;
  std::vector<Item> shared_;  ///< Those with an incident key.
  std::vector<Item> feedback_;
  std::vector<Times> alone_;  ///< The others.
  std::map<std::string, int> cluster_of_key_;
  std::map<std::pair<std::string, std::string>, int> of_source_;  ///< Reports of a key and source.
  int next_cluster_ = 0;
  uint32_t flags_ = 0;
  v1::Harm worst_harm_ = v1::HARM_UNSPECIFIED;
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
