#pragma once

#include <bitset>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "trigpoint/base/tri.h"
#include "trigpoint/domain/clusters.h"
#include "trigpoint/domain/ratings.h"
#include "trigpoint/v1/events.pb.h"
#include "trigpoint/v1/state.pb.h"

namespace trigpoint {

/// Payload kinds of facts, by their field number in v1::Event.
using FactKinds = std::bitset<512>;
FactKinds KindsOf(std::initializer_list<v1::Event::PayloadCase> kinds);
/// The kinds of facts that a state holds.
FactKinds KindsOf(const v1::ProviderState& state);

struct ValuesMemo;

/// What several measures of one assessment read, computed at most once.
struct MeasureCache {
  std::shared_ptr<ValuesMemo> memo;  ///< Null: values are computed each time.
  std::optional<FactKinds> kinds;
  std::optional<ClusterView> clusters;
  std::optional<CurrentRating> rating;
};

/// What is asked of a measure.
enum class Detail : uint8_t {
  kProof,  ///< The value with evidence, figures and notes.
  kValue,  ///< The value alone: measures then cite and write nothing.
};

/// Everything a measure may look at. No clock, no store: the same input gives the same answer.
struct MeasureContext {
  const v1::ProviderState& state;
  const v1::ProviderRecord& record;
  /// Peer baselines in force at `as_of_us`, any service type.
  std::span<const std::shared_ptr<const v1::PeerBaselinePublished>> baselines;
  std::string policy_id;
  std::string decided_state;
  int64_t as_of_us = 0;  ///< Microseconds UTC; windows are (as_of - W, as_of] on occurrence (3.1).
  Detail detail = Detail::kProof;
  /// When the policy, in whichever version, came into force for the service; 0: since ever.
  int64_t policy_since_us = 0;
  std::shared_ptr<MeasureCache> cache = std::make_shared<MeasureCache>();

  const ClusterView& Clusters() const {
    if (!cache->clusters.has_value()) cache->clusters.emplace(state);
    return *cache->clusters;
  }
  const FactKinds& Kinds() const {
    if (!cache->kinds.has_value()) cache->kinds = KindsOf(state);
    return *cache->kinds;
  }
  const CurrentRating& Rating() const {
    if (!cache->rating.has_value()) cache->rating = CurrentRatingOf(state, as_of_us);
    return *cache->rating;
  }
};

/// Arguments of one use of a measure, with parameters already resolved to numbers.
struct MeasureArguments {
  std::vector<std::string> values;
  std::vector<v1::SourceFamily> families;
  std::vector<std::pair<std::string, double>> numbers;  ///< Few; each name once.

  /// A number by name; the pack compiler has made sure that it is there.
  double Number(std::string_view name) const {
    for (const auto& [known, value] : numbers) {
      if (known == name) return value;
    }
    return 0;
  }
  int64_t Integer(std::string_view name) const { return static_cast<int64_t>(Number(name)); }
};

/// What a measure found.
struct MeasureResult {
  Truth value = Truth::kUnknown;
  std::vector<v1::EventRef> evidence;  ///< All of it, in order of occurrence; a proof cites less.
  std::unordered_set<size_t> added;    ///< Hashes: what is not here is new to `evidence`.
  std::vector<v1::Figure> figures;
  std::string note;               ///< Why UNKNOWN, or a caveat.
  std::string near_miss;          ///< Set when one more such report would make it TRUE.
  bool protected_source = false;  ///< Evidence of a protected source is among it.
  Detail detail = Detail::kProof;
  int cited = 0;  ///< References offered, in either detail; what a value may rest on.

  bool WantsProof() const { return detail == Detail::kProof; }
};

/// What a measure looks at. Where a state holds nothing of it, the value is that of an empty state,
/// and the measure need not be asked.
struct Reads {
  FactKinds facts = {};   ///< Facts of these kinds.
  uint32_t flags = 0;     ///< Concerns with one of these flags (ConcernFlag).
  bool anything = false;  ///< Other things, too: it is always asked.
};

/// One word of the fixed vocabulary that packs are written in.
struct Measure {
  std::string_view name;
  std::string_view summary;               ///< For the policy reference.
  std::vector<std::string_view> numbers;  ///< Arguments it needs under `with`.
  std::vector<std::string_view> windows;  ///< Those of `numbers` that are a length of time in days.
  bool needs_families = false;
  bool needs_values = false;
  bool values_are_kinds = false;  ///< Names of kinds of facts.
  Reads reads = {};
  /// Kinds of facts that would settle it, beside those that it reads and those of its families.
  std::vector<v1::Event::PayloadCase> settled_by = {};
  bool of_service = false;  ///< Follows from the registration alone.
  bool context = false;     ///< Circumstance only: its evidence starts no alert of its own.
  MeasureResult (*evaluate)(const MeasureArguments&, const MeasureContext&) = nullptr;
};

/// The whole vocabulary, sorted by name.
std::span<const Measure> AllMeasures();
/// A measure by name, or null.
const Measure* FindMeasure(std::string_view name);

}  // namespace trigpoint
