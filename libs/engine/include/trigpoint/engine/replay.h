#pragma once

#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "trigpoint/engine/controls.h"
#include "trigpoint/engine/stream_step.h"

namespace trigpoint {

/// A stream as it was known at an instant.
struct StreamAsOf {
  v1::ProviderState state;
  v1::ProviderRecord record;
};

/// Folds the events of a stream with known_at <= `as_of_us` through the same code as the projector
/// does. A past answer never changes: what arrived later is not in it. Late control events count
/// from their ControlTookEffect, wherever in the stream that stands.
absl::StatusOr<StreamAsOf> FoldAsOf(const std::string& stream_id,
                                    std::span<const v1::StoredEvent> events,
                                    const Controls& controls, int64_t as_of_us);

/// What a fresh fold of one stream found.
struct StreamCheck {
  uint64_t recommendations = 0;  ///< Recorded recommendations and alerts recomputed at their cause.
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
