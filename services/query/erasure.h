#pragma once

#include <cstdint>
#include <functional>
#include <map>
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

/// What an erasure would destroy. Records of protected sources are in no list, for their numbers
/// are hidden in every read; their keys are.
struct ErasurePlan {
  std::set<std::string> key_ids;
  std::vector<v1::EventRef> records;  ///< Whose texts these keys seal, sorted.
  std::vector<v1::EventRef> held;     ///< In the scope, and spared for a hold; sorted.
  size_t held_keys = 0;               ///< In the scope, and spared.
};

/// The keys that an event's personal data lies under: those of its sealed texts, and what stands in
/// the vault for the identities of its record (VaultKeyOf).
std::vector<std::string> KeysOf(const v1::Event& event);

/// The keys of the texts that a hold keeps, of the events of its stream.
std::set<std::string> KeysUnderHold(std::span<const v1::StoredEvent> events,
                                    std::span<const v1::LegalHoldPlaced* const> holds);

/// The events of one stream that keys seal, by key. Only facts: what people decided, and why, is
/// the audit trail (S3 3.0). The pointers are into `events`.
std::map<std::string, std::vector<const v1::Event*>> SealedByKey(
    std::span<const v1::StoredEvent> events);

/// Takes the keys out of `by_key` for which `due` holds, given what the key seals. `held`: keys
/// that must stay.
ErasurePlan PlanErasure(const std::map<std::string, std::vector<const v1::Event*>>& by_key,
                        const std::function<bool(const std::vector<const v1::Event*>&)>& due,
                        const std::set<std::string>& held);

/// What of a stream's events an erasure destroys. Records of one incident and source share a key,
/// so they go together, and by age only when the last of them is old enough.
ErasurePlan PlanErasure(std::span<const v1::StoredEvent> events, const ErasureScope& scope,
                        const std::set<std::string>& held);

}  // namespace trigpoint
