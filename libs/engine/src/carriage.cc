// What a predecessor holds, compared with what was carried to its successor.
#include <algorithm>
#include <map>
#include <utility>

#include "trigpoint/base/digest.h"
#include "trigpoint/base/time.h"
#include "trigpoint/domain/concern.h"
#include "trigpoint/domain/evolve.h"
#include "trigpoint/domain/inheritance.h"
#include "trigpoint/domain/ratings.h"
#include "trigpoint/domain/record.h"
#include "trigpoint/domain/service.h"
#include "trigpoint/engine/succession.h"
#include "trigpoint/events/digest.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

/// Facts of one MemoryCarried: an event stays far below what a message may hold.
constexpr int kFactsMax = 500;

std::string HeadOf(v1::MemoryCarried memory) {
  memory.clear_facts();
  memory.clear_from_revision();
  memory.clear_cause();
  return memory.SerializeAsString();
}

v1::EventRef RefOf(const v1::Event& event) {
  v1::EventRef ref;
  ref.set_source(event.source());
  ref.set_id(event.id());
  return ref;
}

void AddLevels(const v1::ProviderRecord& record, v1::MemoryCarried* memory) {
  for (const auto& policy : record.policies()) {
    v1::MemoryCarried::Level level;
    level.set_policy_id(policy.policy_id());
    level.set_decided_state(policy.inherited_state().empty() ? policy.decided_state()
                                                             : policy.inherited_state());
    if (policy.inherited_state().empty() && policy.decided_us() != 0) {
      SetMicros(policy.decided_us(), level.mutable_decided_at());
      level.set_decision_id(policy.decision_id());
    }
    if (const auto* from = FindInheritance(record, policy.inherited_from()); from != nullptr) {
      for (const auto& theirs : from->memory().levels()) {
        if (theirs.policy_id() != policy.policy_id()) continue;
        if (theirs.has_decided_at()) *level.mutable_decided_at() = theirs.decided_at();
        level.set_decision_id(theirs.decision_id());
      }
    }
    level.set_to_be_confirmed(IsToBeConfirmed(record, policy));
    for (const int64_t entered : EpisodeStarts(record, policy.policy_id()))
      SetMicros(entered, level.add_entered_enhanced_at());
    if (level.decided_state().empty() && level.entered_enhanced_at().empty()) continue;
    *memory->add_levels() = std::move(level);
  }
}

using DayCounts = std::map<std::pair<int32_t, v1::SourceFamily>, uint32_t>;

/// What a predecessor's own predecessors left as days goes on.
DayCounts DaysOf(const v1::ProviderRecord& record) {
  DayCounts days;
  for (const auto& inheritance : record.inheritances()) {
    if (!Counts(inheritance.standing())) continue;
    for (const auto& day : inheritance.memory().days())
      days[{day.day(), day.family()}] += day.concerns();
  }
  return days;
}

struct Facts {
  std::vector<v1::Event> missing;
  DayCounts days;
};

/// The facts that were not carried yet, and what is to be taken away again.
Facts FactsOf(const LinkedStream& predecessor, const v1::Date& effective_on,
              const CarriedSoFar& so_far) {
  Facts facts{.missing = {}, .days = DaysOf(predecessor.record)};
  std::map<std::pair<std::string, std::string>, uint32_t> counting;
  std::map<std::pair<std::string, std::string>, uint32_t> retracted;
  for (const EffectiveFact& fact : EffectiveFacts(predecessor.events, predecessor.record)) {
    const std::pair<std::string, std::string> identity(fact.event->source(), fact.event->id());
    if (fact.event->has_event_retracted()) retracted[identity] = VersionOf(*fact.event);
    if (!IsCarried(*fact.event)) continue;
    if (CarriedByDay(*fact.event, effective_on)) {
      for (const auto& concern : ConcernsOf(*fact.event, fact.known_us))
        ++facts.days[{DayOfMicros(concern.occurred_us()), concern.family()}];
      continue;
    }
    counting[identity] = VersionOf(*fact.event);
    const auto known = so_far.facts.find(identity);
    if (known != so_far.facts.end() && known->second == std::pair(VersionOf(*fact.event), false))
      continue;
    facts.missing.push_back(SlimFact(*fact.event, fact.known_us));
  }
  for (const auto& [identity, carried] : so_far.facts) {
    if (carried.second || counting.count(identity) > 0) continue;
    const auto taken = retracted.find(identity);
    v1::Event& away = facts.missing.emplace_back();
    away.set_source(identity.first);
    away.set_id(identity.second);
    away.set_source_version(std::max(carried.first, taken == retracted.end() ? 0 : taken->second));
    SetMicros(predecessor.state.known_us(), away.mutable_received_at());
    away.mutable_event_retracted();
  }
  return facts;
}

v1::Event EventOf(const LinkedStream& predecessor, const std::string& successor, uint32_t version,
                  v1::MemoryCarried memory) {
  v1::Event event;
  event.set_source(kEngineSource);
  event.set_source_version(1);
  event.set_stream_id(successor);
  SetMicros(predecessor.state.known_us(), event.mutable_received_at());
  *event.mutable_memory_carried() = std::move(memory);
  const v1::EventRef& link = event.memory_carried().link();
  event.set_id(Sha256Hex(predecessor.state.stream_id() + '\n' + link.source() + '\n' + link.id() +
                         '\n' + std::to_string(version) + '\n' +
                         std::to_string(predecessor.state.revision()) + '\n' +
                         CanonicalBytes(event))
                   .substr(0, 32));
  return event;
}

/// Whether the link holds by now. What is known of either service carries time.
bool InForce(const v1::Date& effective_on, const LinkedStream& predecessor,
             const v1::ProviderState& successor) {
  const CivilDate day = ToCivil(effective_on);
  return !IsValidDate(day) ||
         LondonMidnight(day) <= std::max(predecessor.state.known_us(), successor.known_us());
}

v1::MemoryCarried Undone(const LinkedStream& predecessor, const CarriedSoFar& so_far) {
  v1::MemoryCarried memory;
  memory.set_from_stream(predecessor.state.stream_id());
  *memory.mutable_link() = so_far.link;
  memory.set_undone(true);
  return memory;
}

v1::MemoryCarried Describe(const Succession& link, const v1::Date& effective_on,
                           const LinkedStream& predecessor, const DayCounts& days) {
  v1::MemoryCarried memory;
  memory.set_from_stream(predecessor.state.stream_id());
  *memory.mutable_link() = RefOf(link.stated.front());
  memory.set_reason(link.Reason());
  if (IsValidDate(ToCivil(effective_on))) *memory.mutable_effective_on() = effective_on;
  *memory.mutable_from_ids() = predecessor.state.ids();
  memory.set_from_name(DisplayName(predecessor.state));
  for (const auto& [key, concerns] : days) {
    auto* day = memory.add_days();
    day->set_day(key.first);
    day->set_family(key.second);
    day->set_concerns(concerns);
  }
  AddLevels(predecessor.record, &memory);
  for (auto& open : OpenInheritances(predecessor.record, predecessor.state.stream_id()))
    *memory.add_open() = std::move(open);
  return memory;
}

}  // namespace

void CarriedSoFar::Take(const v1::MemoryCarried& memory) {
  for (const auto& fact : memory.facts())
    facts[{fact.source(), fact.id()}] = {VersionOf(fact), fact.has_event_retracted()};
  head = HeadOf(memory);
  undone = memory.undone();
  link = memory.link();
}

CarriedSoFar ReadCarried(const std::string& from_stream,
                         std::span<const v1::StoredEvent> successor_events) {
  CarriedSoFar so_far;
  for (const auto& stored : successor_events) {
    if (stored.event().has_memory_carried() &&
        stored.event().memory_carried().from_stream() == from_stream) {
      so_far.Take(stored.event().memory_carried());
    }
  }
  return so_far;
}

Carriage Carry(const Succession* link, const LinkedStream& predecessor,
               const v1::ProviderState& successor, CarriedSoFar* so_far) {
  Carriage carriage;
  if (!predecessor.state.backfill().empty() || !successor.backfill().empty()) {
    carriage.waits = link != nullptr || !so_far->head.empty();
    return carriage;
  }
  v1::Date effective_on;
  bool holds = link != nullptr && !link->ignored;
  if (holds) {
    effective_on = link->EffectiveOn().value_or(successor.service().registered_on());
    carriage.waits = !InForce(effective_on, predecessor, successor);
    holds = !carriage.waits;
  }
  if (!holds && (so_far->head.empty() || so_far->undone)) return carriage;
  v1::MemoryCarried memory;
  Facts facts;
  if (holds) {
    facts = FactsOf(predecessor, effective_on, *so_far);
    memory = Describe(*link, effective_on, predecessor, facts.days);
  } else {
    memory = Undone(predecessor, *so_far);
  }
  if (facts.missing.empty() && HeadOf(memory) == so_far->head) return carriage;
  const uint32_t version = link == nullptr ? 0 : VersionOf(link->stated.front());
  memory.set_from_revision(predecessor.state.revision());
  memory.set_cause(memory.link().source() + "/" + memory.link().id() + "/" +
                   std::to_string(version));
  size_t next = 0;
  do {
    v1::MemoryCarried part = memory;
    for (int i = 0; i < kFactsMax && next < facts.missing.size(); ++i)
      *part.add_facts() = std::move(facts.missing[next++]);
    so_far->Take(part);
    carriage.events.push_back(
        EventOf(predecessor, successor.stream_id(), version, std::move(part)));
  } while (next < facts.missing.size());
  return carriage;
}

}  // namespace trigpoint
