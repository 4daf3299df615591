#include "services/query/erasure.h"

#include <algorithm>
#include <utility>

#include "trigpoint/events/catalogue.h"
#include "trigpoint/events/protected_identity.h"
#include "trigpoint/events/sealing.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

using Identity = std::pair<std::string, std::string>;

bool IsOf(const v1::Event& event, const v1::EventRef& record) {
  return record.source() == event.source() && record.id() == event.id();
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

std::vector<std::string> KeysOf(const v1::Event& event) {
  std::vector<std::string> keys = SealedUnder(event);
  if (std::string key = VaultKeyOf(event); !key.empty()) keys.push_back(std::move(key));
  return keys;
}

std::set<std::string> KeysUnderHold(std::span<const v1::StoredEvent> events,
                                    std::span<const v1::LegalHoldPlaced* const> holds) {
  std::set<std::string> keys;
  for (const auto& stored : events) {
    const v1::Event& event = stored.event();
    const bool held = std::any_of(holds.begin(), holds.end(), [&event](const auto* hold) {
      return !hold->has_record() || IsOf(event, hold->record());
    });
    if (!held) continue;
    for (std::string& key : KeysOf(event)) keys.insert(std::move(key));
  }
  return keys;
}

std::map<std::string, std::vector<const v1::Event*>> SealedByKey(
    std::span<const v1::StoredEvent> events) {
  std::map<std::string, std::vector<const v1::Event*>> by_key;
  for (const auto& stored : events) {
    if (!IsFact(stored.event())) continue;
    for (const std::string& key : KeysOf(stored.event())) by_key[key].push_back(&stored.event());
  }
  return by_key;
}

ErasurePlan PlanErasure(const std::map<std::string, std::vector<const v1::Event*>>& by_key,
                        const std::function<bool(const std::vector<const v1::Event*>&)>& due,
                        const std::set<std::string>& held) {
  ErasurePlan plan;
  std::set<Identity> erased;
  std::set<Identity> spared;
  for (const auto& [key, events] : by_key) {
    if (!due(events)) continue;
    const bool keep = held.contains(key);
    if (keep) {
      ++plan.held_keys;
    } else {
      plan.key_ids.insert(key);
    }
    for (const v1::Event* event : events) {
      if (SensitivityOf(*event) >= v1::SENSITIVITY_C5_PROTECTED_SOURCE) continue;
      (keep ? spared : erased).emplace(event->source(), event->id());
    }
  }
  plan.records = RefsOf(erased);
  plan.held = RefsOf(spared);
  return plan;
}

ErasurePlan PlanErasure(std::span<const v1::StoredEvent> events, const ErasureScope& scope,
                        const std::set<std::string>& held) {
  const auto due = [&scope](const std::vector<const v1::Event*>& sealed) {
    if (scope.before_us.has_value()) {
      return std::all_of(sealed.begin(), sealed.end(), [&scope](const v1::Event* event) {
        return ToMicros(event->received_at()) < *scope.before_us;
      });
    }
    return std::any_of(sealed.begin(), sealed.end(), [&scope](const v1::Event* event) {
      return scope.record.has_value() && IsOf(*event, *scope.record);
    });
  };
  return PlanErasure(SealedByKey(events), due, held);
}

}  // namespace trigpoint
