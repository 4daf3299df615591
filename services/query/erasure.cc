#include "services/query/erasure.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "trigpoint/events/catalogue.h"
#include "trigpoint/events/sealing.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

using Identity = std::pair<std::string, std::string>;

/// What one key seals.
struct Sealed {
  std::set<Identity> records;
  int64_t last_us = 0;  ///< When the last of it was received.
  bool wanted = false;  ///< The named record is among it.
};

Identity IdentityOf(const v1::Event& event) { return {event.source(), event.id()}; }

bool IsFact(const v1::Event& event) {
  const KindInfo* kind = KindOf(event);
  return kind != nullptr && kind->role == v1::EVENT_ROLE_FACT;
}

void AddRefs(const std::set<Identity>& identities, std::set<Identity>* to) {
  to->insert(identities.begin(), identities.end());
}

std::vector<v1::EventRef> RefsOf(const std::set<Identity>& identities) {
  std::vector<v1::EventRef> refs;
  for (const auto& [source, id] : identities) {
    v1::EventRef& ref = refs.emplace_back();
    ref.set_source(source);
    ref.set_id(id);
  }
  return refs;
}

}  // namespace

std::set<std::string> KeysUnderHold(std::span<const v1::StoredEvent> events,
                                    std::span<const v1::LegalHoldPlaced* const> holds) {
  std::set<std::string> keys;
  for (const auto& stored : events) {
    const v1::Event& event = stored.event();
    const bool held = std::any_of(holds.begin(), holds.end(), [&event](const auto* hold) {
      return !hold->has_record() ||
             (hold->record().source() == event.source() && hold->record().id() == event.id());
    });
    if (!held) continue;
    for (std::string& key : SealedUnder(event)) keys.insert(std::move(key));
  }
  return keys;
}

ErasurePlan PlanErasure(std::span<const v1::StoredEvent> events, const ErasureScope& scope,
                        const std::set<std::string>& held) {
  std::map<std::string, Sealed> by_key;
  for (const auto& stored : events) {
    const v1::Event& event = stored.event();
    if (!IsFact(event)) continue;
    for (const std::string& key : SealedUnder(event)) {
      Sealed& sealed = by_key[key];
      sealed.records.insert(IdentityOf(event));
      sealed.last_us = std::max(sealed.last_us, ToMicros(event.received_at()));
      sealed.wanted =
          sealed.wanted || (scope.record.has_value() && scope.record->source() == event.source() &&
                            scope.record->id() == event.id());
    }
  }
  ErasurePlan plan;
  std::set<Identity> erased;
  std::set<Identity> spared;
  for (const auto& [key, sealed] : by_key) {
    const bool due =
        scope.before_us.has_value() ? sealed.last_us < *scope.before_us : sealed.wanted;
    if (!due) continue;
    const bool keep = held.contains(key);
    AddRefs(sealed.records, keep ? &spared : &erased);
    if (!keep) plan.key_ids.insert(key);
  }
  plan.records = RefsOf(erased);
  plan.held = RefsOf(spared);
  return plan;
}

}  // namespace trigpoint
