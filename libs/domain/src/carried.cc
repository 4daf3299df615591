// Which facts count for a service that has predecessors.
#include <algorithm>
#include <map>
#include <tuple>

#include "trigpoint/base/time.h"
#include "trigpoint/domain/concern.h"
#include "trigpoint/domain/evolve.h"
#include "trigpoint/domain/inheritance.h"
#include "trigpoint/domain/ratings.h"
#include "trigpoint/events/catalogue.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

using Identity = std::pair<std::string_view, std::string_view>;

Identity IdentityOf(const v1::Event& event) { return {event.source(), event.id()}; }

/// A fact of a predecessor as it was carried last.
struct Carried {
  const v1::Event* fact = nullptr;
  uint64_t from_revision = 0;
  std::string_view from;
};

using CarriedFacts = std::map<Identity, Carried>;

void TakeUp(const v1::MemoryCarried& memory, CarriedFacts* facts) {
  for (const auto& fact : memory.facts()) {
    Carried& slot = (*facts)[IdentityOf(fact)];
    // Of one record the highest version; taken away and given again, what was said later.
    if (slot.fact != nullptr && std::make_tuple(VersionOf(fact), memory.from_revision()) <
                                    std::make_tuple(VersionOf(*slot.fact), slot.from_revision)) {
      continue;
    }
    slot = {.fact = &fact, .from_revision = memory.from_revision(), .from = memory.from_stream()};
  }
}

/// Of one record the highest version, of whichever predecessor; the first of equal ones.
void Merge(const CarriedFacts& facts, const v1::Date& effective_on, CarriedFacts* all) {
  for (const auto& [identity, carried] : facts) {
    if (carried.fact->has_event_retracted() || CarriedByDay(*carried.fact, effective_on)) continue;
    const auto [it, fresh] = all->emplace(identity, carried);
    if (!fresh && VersionOf(*it->second.fact) < VersionOf(*carried.fact)) it->second = carried;
  }
}

CarriedFacts CarriedThatCount(std::span<const v1::StoredEvent> events,
                              const v1::ProviderRecord& record) {
  CarriedFacts all;
  for (const auto& inheritance : record.inheritances()) {  // Sorted by stream.
    if (!Counts(inheritance.standing())) continue;
    CarriedFacts facts;
    for (const auto& stored : events) {
      const auto& memory = stored.event().memory_carried();
      if (stored.event().has_memory_carried() &&
          memory.from_stream() == inheritance.memory().from_stream()) {
        TakeUp(memory, &facts);
      }
    }
    Merge(facts, inheritance.memory().effective_on(), &all);
  }
  return all;
}

/// Whether a record that the service has itself stands before the one that was carried. One that
/// was taken back here because it is about the predecessor does not.
bool StandsBefore(const v1::Event& own, const v1::Event& carried) {
  return !own.has_event_retracted() || VersionOf(own) > VersionOf(carried);
}

}  // namespace

bool IsCarried(const v1::Event& fact) {
  const KindInfo* kind = KindOf(fact);
  if (kind == nullptr || kind->role != v1::EVENT_ROLE_FACT) return false;
  if (fact.has_service_linked() || fact.has_registration_changed()) return false;
  return StandsInState(*kind) || RaisesConcern(*kind);
}

bool CarriedByDay(const v1::Event& fact, const v1::Date& effective_on) {
  const KindInfo* kind = KindOf(fact);
  const CivilDate day = ToCivil(effective_on);
  if (kind == nullptr || StandsInState(*kind) || !IsValidDate(day)) return false;
  return OccurredMicros(fact) < LondonMidnight(day) - kConcernHorizonDays * kMicrosPerDay;
}

int32_t DayOfMicros(int64_t us) {
  return static_cast<int32_t>((us - (us < 0 ? kMicrosPerDay - 1 : 0)) / kMicrosPerDay);
}

std::vector<EffectiveFact> EffectiveFacts(std::span<const v1::StoredEvent> events,
                                          const v1::ProviderRecord& record) {
  std::map<Identity, const v1::StoredEvent*> own;
  for (const auto& stored : events) {
    if (!IsFact(stored.event())) continue;
    auto& slot = own[IdentityOf(stored.event())];
    if (slot == nullptr || VersionOf(slot->event()) < VersionOf(stored.event())) slot = &stored;
  }
  std::vector<EffectiveFact> facts;
  facts.reserve(own.size());
  for (const auto& [identity, stored] : own)
    facts.push_back({.event = &stored->event(), .known_us = stored->known_us(), .from = {}});
  if (record.inheritances().empty()) return facts;
  for (const auto& [identity, carried] : CarriedThatCount(events, record)) {
    const auto here = own.find(identity);
    if (here != own.end() && StandsBefore(here->second->event(), *carried.fact)) continue;
    facts.push_back({.event = carried.fact,
                     .known_us = ToMicros(carried.fact->received_at()),
                     .from = carried.from});
  }
  return facts;
}

}  // namespace trigpoint
