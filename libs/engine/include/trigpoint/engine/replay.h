#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "trigpoint/engine/controls.h"
#include "trigpoint/engine/stream_step.h"
#include "trigpoint/policy/instants.h"

namespace trigpoint {

/// Which instants an answer is about.
struct AsOf {
  int64_t known_us = kNever;  ///< What was known by then; kNever: all that is known.
  /// How things were then: only what had happened by then counts. None: no such limit.
  std::optional<int64_t> valid_us = std::nullopt;
};

/// A stream as it was known at an instant.
struct StreamAsOf {
  v1::ProviderState state;
  v1::ProviderRecord record;
};

/// Folds the events of a stream with known_at <= `as_of.known_us` through the same code as the
/// projector does. A past answer never changes: what arrived later is not in it. Late control
/// events count from their ControlTookEffect, wherever in the stream that stands.
///
/// With `as_of.valid_us`: of these, the facts whose version known by then occurred at or before it,
/// whenever they became known, and what the system and people had said by it. The state is then
/// known at that instant: assess it as of `valid_us`.
absl::StatusOr<StreamAsOf> FoldAsOf(const std::string& stream_id,
                                    std::span<const v1::StoredEvent> events,
                                    const Controls& controls, const AsOf& as_of);

/// Whether a fact of a stream had happened by `as_of.valid_us`, going by the version known at
/// `as_of.known_us`; of a retracted one, whatever it said.
class HappenedBy {
 public:
  HappenedBy(std::span<const v1::StoredEvent> events, const AsOf& as_of);
  bool operator()(const v1::StoredEvent& stored) const;

 private:
  AsOf as_of_;
  std::set<std::pair<std::string, std::string>> later_;  ///< Identities that happened afterwards.
};

/// Folds the events of a stream as an owner would who was there from its beginning: with the chain
/// of what follows from them and is not among them. `now`: the state that the projector has of it,
/// which knows of control events that came late. Errors: those of a damaged event.
absl::StatusOr<HotStream> FoldAsOwner(const v1::ProviderState& now,
                                      std::span<const v1::StoredEvent> events,
                                      const Controls& controls);

/// What a fresh fold of one stream found.
struct StreamCheck {
  uint64_t recommendations = 0;  ///< Recorded recommendations and alerts recomputed at their cause.
  uint64_t of_other_engines = 0;  ///< Recorded by another version of the engine: not recomputed.
  std::vector<std::string> differences;  ///< In words; empty when every byte is the same.
  v1::ProviderState state;
  v1::ProviderRecord record;
};

/// Folds a stream afresh as its owner would and compares: every recorded derived event must come
/// out of its cause with the same bytes.
absl::StatusOr<StreamCheck> CheckStream(const std::string& stream_id,
                                        std::span<const v1::StoredEvent> events,
                                        const Controls& controls);

}  // namespace trigpoint
