#include "trigpoint/domain/evolve.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "trigpoint/base/time.h"
#include "trigpoint/domain/concern.h"
#include "trigpoint/domain/feeds.h"
#include "trigpoint/domain/inheritance.h"
#include "trigpoint/domain/service.h"
#include "trigpoint/events/catalogue.h"
#include "trigpoint/events/redact.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

/// Moves the last element of a sorted repeated field to its place.
template <typename Field, typename Less>
void SettleLast(Field* field, const Less& less) {
  for (int i = field->size() - 1; i > 0 && less(field->Get(i), field->Get(i - 1)); --i) {
    field->SwapElements(i, i - 1);
  }
}

bool FactLess(const v1::Event& a, const v1::Event& b) {
  const int a_kind = a.payload_case();
  const int b_kind = b.payload_case();
  return std::forward_as_tuple(a_kind, a.source(), a.id()) <
         std::forward_as_tuple(b_kind, b.source(), b.id());
}

bool RefLess(const v1::EventRef& a, const v1::EventRef& b) {
  return std::forward_as_tuple(a.source(), a.id()) < std::forward_as_tuple(b.source(), b.id());
}

/// Whether the fact is kept as its slim event.
bool KeptAsFact(const v1::Event& event) {
  const KindInfo* kind = KindOf(event);
  return kind != nullptr && StandsInState(*kind);
}

v1::SourceFamily FamilyOf(const v1::Concern& concern) { return concern.family(); }
/// The family of sources that an event speaks for. That care was good says nothing of whether there
/// were incidents: who told of no incident has not been heard of any (CL-02).
v1::SourceFamily FamilyOf(const v1::Event& event) {
  if (event.has_incident_reported() && !IsIncident(event.incident_reported()))
    return v1::SOURCE_FAMILY_UNSPECIFIED;
  const KindInfo* kind = KindOf(event);
  return kind == nullptr ? v1::SOURCE_FAMILY_UNSPECIFIED : kind->family;
}
v1::SourceFamily FamilyOf(const v1::EventRef& /*retracted*/) {
  return v1::SOURCE_FAMILY_UNSPECIFIED;
}

/// What was there of an earlier version.
struct Erased {
  bool concern = false;
  bool reporting = false;  ///< A fact that may have held reports, which may be summed by now.
  bool anything = false;
  bool same_family = true;
};

template <typename Field>
bool EraseByKey(Field* field, const v1::Event& event, Erased* erased) {
  bool any = false;
  for (int i = field->size() - 1; i >= 0; --i) {
    const auto& known = field->Get(i);
    if (known.source() != event.source() || known.id() != event.id()) continue;
    any = true;
    erased->same_family = erased->same_family && FamilyOf(known) == FamilyOf(event);
    if constexpr (std::is_same_v<Field, google::protobuf::RepeatedPtrField<v1::Event>>) {
      const KindInfo* kind = KindOf(known);
      erased->reporting = erased->reporting || (kind != nullptr && RaisesConcern(*kind));
    }
    field->DeleteSubrange(i, 1);
  }
  erased->anything = erased->anything || any;
  return any;
}

Erased EraseFact(const v1::Event& event, v1::ProviderState* state) {
  Erased erased;
  erased.concern = EraseByKey(state->mutable_concerns(), event, &erased);
  EraseByKey(state->mutable_facts(), event, &erased);
  EraseByKey(state->mutable_retracted(), event, &erased);
  return erased;
}

void Hear(v1::SourceFamily family, v1::ProviderState* state) {
  if (family == v1::SOURCE_FAMILY_UNSPECIFIED) return;
  auto* heard = state->mutable_families_heard();
  if (std::find(heard->begin(), heard->end(), static_cast<int>(family)) != heard->end()) return;
  heard->Add(static_cast<int>(family));
  std::sort(heard->begin(), heard->end());
}

void AddToDay(int32_t day, v1::SourceFamily family, uint32_t concerns, v1::ProviderState* state) {
  for (auto& summed : *state->mutable_summed()) {
    if (summed.day() == day && summed.family() == family) {
      summed.set_concerns(summed.concerns() + concerns);
      return;
    }
  }
  auto* summed = state->add_summed();
  summed->set_day(day);
  summed->set_family(family);
  summed->set_concerns(concerns);
  SettleLast(state->mutable_summed(), [](const v1::SummedDay& a, const v1::SummedDay& b) {
    return std::make_pair(a.day(), a.family()) < std::make_pair(b.day(), b.family());
  });
}

void SumUp(const v1::Concern& concern, v1::ProviderState* state) {
  AddToDay(DayOfMicros(concern.occurred_us()), concern.family(), 1, state);
}

/// Sums concerns that no window reaches any more, and drops such figures that come day by day. A
/// function of the set and of known_at alone.
void Compact(v1::ProviderState* state) {
  const int64_t horizon = state->known_us() - kConcernHorizonDays * kMicrosPerDay;
  auto* facts = state->mutable_facts();
  facts->erase(std::remove_if(facts->begin(), facts->end(),
                              [horizon](const v1::Event& fact) {
                                return fact.has_capacity_reported() &&
                                       OccurredMicros(fact) < horizon;
                              }),
               facts->end());
  int old = 0;
  while (old < state->concerns_size() && state->concerns(old).occurred_us() < horizon) {
    SumUp(state->concerns(old), state);
    ++old;
  }
  if (old > 0) state->mutable_concerns()->DeleteSubrange(0, old);
}

/// `from`: stream of the predecessor that it was reported about; empty: the service itself.
void AddFact(const v1::Event& event, int64_t known_us, v1::ProviderState* state,
             ConcernsChange* change = nullptr, std::string_view from = {}) {
  if (event.has_event_retracted()) {
    auto* ref = state->add_retracted();
    ref->set_source(event.source());
    ref->set_id(event.id());
    SettleLast(state->mutable_retracted(), RefLess);
    return;
  }
  Hear(FamilyOf(event), state);
  for (auto& concern : ConcernsOf(event, known_us)) {
    if (!from.empty()) concern.set_carried_from(std::string(from));
    if (change != nullptr) {
      change->added.push_back(
          {.occurred_us = concern.occurred_us(), .encoded = concern.SerializeAsString()});
    }
    *state->add_concerns() = std::move(concern);
    SettleLast(state->mutable_concerns(), ConcernLess);
  }
  if (KeptAsFact(event)) {
    *state->add_facts() = SlimFact(event, known_us);
    SettleLast(state->mutable_facts(), FactLess);
  }
}

/// Adds a fact that was reported about a predecessor.
void AddCarried(const EffectiveFact& carried, v1::ProviderState* state) {
  v1::Event fact = *carried.event;
  // A rating that a predecessor earned is shown as that.
  if (fact.has_cqc_rating_published()) fact.mutable_cqc_rating_published()->set_inherited(true);
  AddFact(fact, carried.known_us, state, nullptr, carried.from);
  if (!KeptAsFact(fact)) return;
  auto* mark = state->add_carried();
  mark->set_source(fact.source());
  mark->set_id(fact.id());
  mark->set_from_stream(std::string(carried.from));
  SettleLast(state->mutable_carried(), [](const v1::CarriedFact& a, const v1::CarriedFact& b) {
    return std::forward_as_tuple(a.source(), a.id()) < std::forward_as_tuple(b.source(), b.id());
  });
}

/// Kinds that leave nothing in the state that a correction could replace. By the kind: another
/// version of the event may have counted, in a sum that does not tell what it is made of.
bool LeavesNoTrace(const v1::Event& event) {
  const KindInfo* kind = KindOf(event);
  return !KeptAsFact(event) && !(kind != nullptr && RaisesConcern(*kind)) &&
         !event.has_event_retracted();
}

void NoteSubject(const v1::Event& event, v1::ProviderState* state) {
  if (!event.has_subject()) return;
  for (const auto& id : state->ids()) {
    if (id.scheme() == event.subject().scheme() && id.value() == event.subject().value()) return;
  }
  *state->add_ids() = event.subject();
  SettleLast(state->mutable_ids(), [](const v1::SubjectRef& a, const v1::SubjectRef& b) {
    return std::forward_as_tuple(a.scheme(), a.value()) <
           std::forward_as_tuple(b.scheme(), b.value());
  });
}

}  // namespace

IdentityOutcome Classify(const std::optional<v1::EventIndexEntry>& known, const v1::Event& event) {
  if (!known.has_value()) return IdentityOutcome::kNew;
  const uint32_t version = VersionOf(event);
  if (version > known->version()) return IdentityOutcome::kCorrection;
  if (version < known->version()) return IdentityOutcome::kSuperseded;
  return known->digest() == event.submission_digest() ? IdentityOutcome::kDuplicate
                                                      : IdentityOutcome::kConflict;
}

int64_t KnownAt(const v1::ProviderState& state, const v1::Event& event) {
  return std::max(state.known_us(), ToMicros(event.received_at()));
}

bool EvolveFacts(const v1::Event& event, int64_t known_us, v1::ProviderState* state,
                 ConcernsChange* change) {
  NoteSubject(event, state);
  state->set_known_us(std::max(state->known_us(), known_us));
  const bool correcting = VersionOf(event) > 1 || event.has_event_retracted();
  bool complete = true;
  if (correcting) {
    const Erased erased = EraseFact(event, state);
    if (change != nullptr) change->replaced = change->replaced || erased.concern;
    if (event.has_event_retracted() || !erased.same_family) {
      complete = false;  // Whether the family is still heard depends on the other facts.
    } else if (erased.reporting && !erased.concern) {
      complete = state->summed_size() == 0;  // Its findings may have been summed.
    } else {
      // Nothing of the earlier version is left: it was summed or dropped, or it left no trace.
      complete = erased.anything || LeavesNoTrace(event);
    }
    state->set_corrected_us(known_us);
  }
  AddFact(event, known_us, state, change);
  if (correcting || event.has_service_registered()) MergeService(state->known_us(), state);
  Compact(state);
  return complete;
}

void EvolveSuperseded(const v1::Event& event, int64_t known_us, v1::ProviderState* state) {
  NoteSubject(event, state);
  state->set_known_us(std::max(state->known_us(), known_us));
}

void RefoldFacts(std::span<const v1::StoredEvent> events, v1::ProviderState* state) {
  RefoldWithCarried(events, v1::ProviderRecord::default_instance(), state);
}

void RefoldWithCarried(std::span<const v1::StoredEvent> events, const v1::ProviderRecord& record,
                       v1::ProviderState* state) {
  // Of each record that counts: when it was first heard of.
  std::map<std::pair<std::string_view, std::string_view>, const v1::StoredEvent*> first;
  state->clear_ids();
  for (const auto& stored : events) {
    const KindInfo* kind = KindOf(stored.event());
    if (kind == nullptr || kind->role != v1::EVENT_ROLE_FACT) continue;
    NoteSubject(stored.event(), state);  // An id was heard of, whatever became of the record.
    const v1::Event& event = stored.event();
    if (!event.has_event_retracted()) first.try_emplace({event.source(), event.id()}, &stored);
  }
  state->clear_concerns();
  state->clear_facts();
  state->clear_summed();
  state->clear_retracted();
  state->clear_families_heard();
  state->clear_carried();
  state->clear_deliveries();
  state->clear_heard();
  for (const EffectiveFact& fact : EffectiveFacts(events, record)) {
    if (!fact.from.empty()) {
      AddCarried(fact, state);
      // What used to come about the predecessor is expected to go on.
      NoteDelivery(*fact.event, fact.known_us, state);
      continue;
    }
    state->set_known_us(std::max(state->known_us(), fact.known_us));
    AddFact(*fact.event, fact.known_us, state);
    // What was taken back was never delivered.
    if (fact.event->has_event_retracted()) continue;
    const v1::StoredEvent& heard = *first.at({fact.event->source(), fact.event->id()});
    NoteDelivery(heard.event(), heard.known_us(), state);
  }
  for (const auto& inheritance : record.inheritances()) {
    if (!Counts(inheritance.standing())) continue;
    for (const auto& day : inheritance.memory().days())
      AddToDay(day.day(), day.family(), day.concerns(), state);
  }
  MergeService(state->known_us(), state);
  Compact(state);
}

v1::Event SlimFact(const v1::Event& event, int64_t known_us) {
  v1::Event slim = event;
  StripNarratives(&slim);
  slim.clear_subject();
  slim.clear_stream_id();
  slim.clear_submission_digest();
  slim.clear_visibility();
  slim.clear_recorded_by();
  slim.set_source_version(VersionOf(event));
  SetMicros(known_us, slim.mutable_received_at());
  if (IsOfProtectedSource(event)) {
    // As of its concern: windows that read the fact end with a day, too.
    SetMicros(LondonMidnight(LondonDate(OccurredMicros(event))), slim.mutable_occurred_at());
  }
  return slim;
}

bool HasFact(const v1::ProviderState& state, const std::string& source, const std::string& id) {
  for (const auto& concern : state.concerns()) {
    if (concern.source() == source && concern.id() == id) return true;
  }
  for (const auto& fact : state.facts()) {
    if (fact.source() == source && fact.id() == id) return true;
  }
  return false;
}

std::string CauseOf(const v1::Event& event) {
  return event.source() + "/" + event.id() + "/" + std::to_string(VersionOf(event));
}

}  // namespace trigpoint
