#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "trigpoint/domain/cluster_decisions.h"
#include "trigpoint/domain/duplicates.h"
#include "trigpoint/v1/state.pb.h"

namespace trigpoint {

/// All counted concerns of a state with the cluster each belongs to, read by window. A cluster is
/// the reports of one incident, at most one of each source system, every one of which matches every
/// other; corroborating reports raise confidence, never the count (3.1). It depends on the set of
/// reports and of people's findings, not on the order in which they came. What ties two reports:
/// that a person found them to be of one incident; the same incident key; the rule of duplicates.h.
/// A finding that they are not wins over all. Rule: 3.8, 3.10 ruling 5, docs/duplicates.md.
///
/// Reports are placed in the order of the state, each at its turn: in the cluster that a certain
/// tie leads to, else in the one that it matches best, else in one of its own. A report that is
/// tied for certain drives out of the cluster what is there by rule and does not match it; what was
/// driven out stays alone. Pointers are into the state, which must outlive it; a concern must not
/// be changed or removed meanwhile.
class ClusterView {
 public:
  struct Item {
    const v1::Concern* report = nullptr;
    int64_t occurred_us = 0;
    uint64_t themes = 0;  ///< Bit n: is about the theme n (v1::Theme).
    v1::SourceFamily family = v1::SOURCE_FAMILY_UNSPECIFIED;
    int cluster = 0;       ///< Equal for reports of one incident, for certain or probably.
    int certain = 0;       ///< Equal for those of one incident for certain: by key or by a person.
    uint32_t reasons = 0;  ///< MatchReason bits of those that the rule put into its cluster.
    bool alone = true;     ///< No other report is in its cluster.
  };
  /// Two reports that nothing but the rule holds together: a person is to confirm or split them.
  struct OpenPair {
    const v1::Concern* earlier = nullptr;
    const v1::Concern* later = nullptr;
    Match match;
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
  /// How many pairs OpenPairs gives of the same state.
  size_t open_pairs() const { return open_pairs_; }
  /// The pairs of a state that nothing but the rule holds together, in the order of the later
  /// report. Pointers are into the state.
  static std::vector<OpenPair> OpenPairs(const v1::ProviderState& state);
  /// ConcernFlag bits that any concern has, counted or not.
  uint32_t flags() const { return flags_; }
  /// The worst harm of any concern, counted or not.
  v1::Harm worst_harm() const { return worst_harm_; }

 private:
  explicit ClusterView(ClusterDecisions decisions) : decisions_(std::move(decisions)) {}
  struct Times {
    v1::SourceFamily family = v1::SOURCE_FAMILY_UNSPECIFIED;
    std::vector<int64_t> occurred_us;
  };
  /// A cluster that a report may join.
  struct Place {
    int64_t score = 0;
    uint32_t reasons = 0;
  };
  /// What the rule needs to know of the service at one report; gathered where it is asked for.
  struct Surroundings {
    ValueCounts values;
    size_t from = 0;  ///< `values` are those of the items [from, to).
    size_t to = 0;
    size_t nearby_of = 0;
    int64_t nearby = -1;
  };
  Item& At(int item) { return items_[static_cast<size_t>(item)]; }
  const Item& At(int item) const { return items_[static_cast<size_t>(item)]; }
  /// Items of the cluster of one, in order.
  std::vector<int> With(int item) const;
  std::vector<int64_t>& TimesOf(v1::SourceFamily family);
  void StandAlone(int item);
  void Share(int item);
  void Join(int item, int earlier);
  void DriveOut(int certain, int cluster);
  bool TiedForCertain(const v1::Concern& a, const v1::Concern& b) const;
  std::vector<int> CertainTies(int item) const;
  bool JoinForCertain(int item);
  bool JoinBy(int tie, int item);
  bool JoinByRule(int item);
  bool Agree(int earlier, int item);
  std::optional<Place> PlaceBeside(int earlier, int item);
  Match MatchAt(int earlier, int item);
  int64_t NearbyAt(size_t item);

  ClusterDecisions decisions_;
  std::vector<Item> items_;
  std::map<int, std::vector<int>> members_;  ///< Of clusters of more than one: items in order.
  std::vector<int> shared_;                  ///< Items that are not alone, in order.
  std::vector<Item> feedback_;
  std::vector<Times> alone_;  ///< Those that are.
  std::map<std::string, std::vector<int>> of_key_;
  std::vector<int> named_;  ///< Items that people said something about.
  std::unique_ptr<Surroundings> surroundings_;
  int next_cluster_ = 0;
  size_t open_pairs_ = 0;
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
