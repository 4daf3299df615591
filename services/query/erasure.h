#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "trigpoint/v1/events.pb.h"
#include "trigpoint/v1/state.pb.h"

namespace trigpoint {

/// What is to be erased in one stream. Exactly one of the two.
struct ErasureScope {
  std::optional<v1::EventRef> record{};  ///< All versions of it.
  std::optional<int64_t> before_us{};    ///< Facts received before: every one that their key seals.
};

/// What an erasure would destroy.
struct ErasurePlan {
  std::set<std::string> key_ids;
  std::vector<v1::EventRef> records;  ///< Whose texts these keys seal, sorted.
  std::vector<v1::EventRef> held;     ///< In the scope, and spared for a hold; sorted.
};

/// The keys of the texts that a hold keeps, of the events of its stream.
std::set<std::string> KeysUnderHold(std::span<const v1::StoredEvent> events,
                                    std::span<const v1::LegalHoldPlaced* const> holds);

/// What of a stream's events an erasure destroys. Only facts: what people decided, and why, is the
/// audit trail (S3 3.0). Records of one incident and source share a key, so they go together, and
/// by age only when the last of them is old enough. `held`: keys that must stay.
ErasurePlan PlanErasure(std::span<const v1::StoredEvent> events, const ErasureScope& scope,
                        const std::set<std::string>& held);

}  // namespace trigpoint
