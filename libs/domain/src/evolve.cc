#include "trigpoint/domain/evolve.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "trigpoint/domain/concern.h"
#include "trigpoint/domain/feeds.h"
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

v1::Event Slim(const v1::Event& event, int64_t known_us) {
  v1::Event slim = event;
  StripNarratives(&slim);
  slim.clear_subject();
  slim.clear_stream_id();
  slim.clear_submission_digest();
  slim.clear_visibility();
  slim.clear_recorded_by();
  slim.set_source_version(VersionOf(event));
  SetMicros(known_us, slim.mutable_received_at());
  return slim;
}

v1::SourceFamily FamilyOf(const v1::Concern& concern) { return concern.family(); }
v1::SourceFamily FamilyOf(const v1::Event& event) {
  const KindInfo* kind = KindOf(event);
  return kind == nullptr ? v1::SOURCE_FAMILY_UNSPECIFIED : kind->family;
}
v1::SourceFamily FamilyOf(const v1::EventRef& /*retracted*/) {
  return v1::SOURCE_FAMILY_UNSPECIFIED;
}

/// What was there of an earlier version.
struct Erased {
  bool concern = false;
  bool visit = false;
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
      erased->visit = erased->visit || known.has_commissioner_visit_conducted();
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

void SumUp(const v1::Concern& concern, v1::ProviderState* state) {
  const auto day = static_cast<int32_t>(
      (concern.occurred_us() - (concern.occurred_us() < 0 ? kMicrosPerDay - 1 : 0)) /
      kMicrosPerDay);
  for (auto& summed : *state->mutable_summed()) {
    if (summed.day() == day && summed.family() == concern.family()) {
      summed.set_concerns(summed.concerns() + 1);
      return;
    }
  }
  auto* summed = state->add_summed();
  summed->set_day(day);
  summed->set_family(concern.family());
  summed->set_concerns(1);
  SettleLast(state->mutable_summed(), [](const v1::SummedDay& a, const v1::SummedDay& b) {
    return std::make_pair(a.day(), a.family()) < std::make_pair(b.day(), b.family());
  });
}

/// Sums concerns that no window reaches any more. A function of the set and of known_at alone.
void Compact(v1::ProviderState* state) {
  const int64_t horizon = state->known_us() - kConcernHorizonDays * kMicrosPerDay;
  int old = 0;
  while (old < state->concerns_size() && state->concerns(old).occurred_us() < horizon) {
    SumUp(state->concerns(old), state);
    ++old;
  }
  if (old > 0) state->mutable_concerns()->DeleteSubrange(0, old);
}

/// When a registration was stated: a register that was read in March speaks of March, though the
/// service was registered years ago (occurred_at).
int64_t StatedMicros(const v1::Event& registration) {
  return registration.has_reported_at() ? ToMicros(registration.reported_at())
                                        : OccurredMicros(registration);
}

/// One registration of all: the regulator knows the type, a directory the beds, the council who
/// commissions. Of each field the statement with the latest date counts; what a registration leaves
/// out it does not deny.
void MergeService(v1::ProviderState* state) {
  std::vector<const v1::Event*> registrations;
  for (const auto& fact : state->facts()) {
    if (fact.has_service_registered()) registrations.push_back(&fact);
  }
  state->clear_service();
  // Facts stand in the order of source and id, so the order of delivery never shows.
  std::stable_sort(registrations.begin(), registrations.end(), [](const auto* a, const auto* b) {
    return StatedMicros(*a) < StatedMicros(*b);
  });
  for (const auto* registration : registrations) {
    const v1::ServiceRegistered& said = registration->service_registered();
    v1::ServiceRegistered* service = state->mutable_service();
    if (!said.commissioners().empty()) service->clear_commissioners();
    if (!said.also_known_as().empty()) service->clear_also_known_as();
    if (said.has_registered_on()) service->clear_registered_on();
    service->MergeFrom(said);
  }
}

void AddFact(const v1::Event& event, int64_t known_us, v1::ProviderState* state,
             ConcernsChange* change = nullptr) {
  if (event.has_event_retracted()) {
    auto* ref = state->add_retracted();
    ref->set_source(event.source());
    ref->set_id(event.id());
    SettleLast(state->mutable_retracted(), RefLess);
    return;
  }
  const KindInfo* kind = KindOf(event);
  if (kind != nullptr) Hear(kind->family, state);
  for (auto& concern : ConcernsOf(event, known_us)) {
    if (change != nullptr) change->added.push_back(concern);
    *state->add_concerns() = std::move(concern);
    SettleLast(state->mutable_concerns(), ConcernLess);
  }
  if (KeptAsFact(event)) {
    *state->add_facts() = Slim(event, known_us);
    SettleLast(state->mutable_facts(), FactLess);
  }
}

/// Kinds that leave nothing in the state that a correction could replace.
bool LeavesNoTrace(const v1::Event& event) {
  return !KeptAsFact(event) && ConcernsOf(event, 0).empty() && !event.has_event_retracted();
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
    } else if (erased.visit && !erased.concern) {
      complete = state->summed_size() == 0;  // Its findings may have been summed.
    } else {
      // Nothing of the earlier version is left: it was summed, or it never left a trace.
      complete = erased.anything || LeavesNoTrace(event) || state->summed_size() == 0;
    }
    state->set_corrected_us(known_us);
  }
  AddFact(event, known_us, state, change);
  if (correcting || event.has_service_registered()) MergeService(state);
  Compact(state);
  return complete;
}

void EvolveSuperseded(const v1::Event& event, int64_t known_us, v1::ProviderState* state) {
  NoteSubject(event, state);
  state->set_known_us(std::max(state->known_us(), known_us));
}

void RefoldFacts(std::span<const v1::StoredEvent> events, v1::ProviderState* state) {
  struct Versions {
    const v1::StoredEvent* first = nullptr;  ///< That said something.
    const v1::StoredEvent* effective = nullptr;
  };
  std::map<std::pair<std::string, std::string>, Versions> records;
  state->clear_ids();
  for (const auto& stored : events) {
    const KindInfo* kind = KindOf(stored.event());
    if (kind == nullptr || kind->role != v1::EVENT_ROLE_FACT) continue;
    NoteSubject(stored.event(), state);  // An id was heard of, whatever became of the record.
    Versions& record = records[{stored.event().source(), stored.event().id()}];
    if (record.first == nullptr && !stored.event().has_event_retracted()) record.first = &stored;
    if (record.effective == nullptr ||
        VersionOf(record.effective->event()) < VersionOf(stored.event())) {
      record.effective = &stored;
    }
  }
  state->clear_concerns();
  state->clear_facts();
  state->clear_summed();
  state->clear_retracted();
  state->clear_families_heard();
  state->clear_deliveries();
  state->clear_heard();
  for (const auto& [key, record] : records) {
    const v1::StoredEvent& stored = *record.effective;
    state->set_known_us(std::max(state->known_us(), stored.known_us()));
    AddFact(stored.event(), stored.known_us(), state);
    // What was taken back was never delivered.
    if (!stored.event().has_event_retracted()) {
      NoteDelivery(record.first->event(), record.first->known_us(), state);
    }
  }
  MergeService(state);
  Compact(state);
}

const v1::ServiceRegistered* ServiceOf(const v1::ProviderState& state) {
  return state.has_service() ? &state.service() : nullptr;
}

std::string DisplayName(const v1::ProviderState& state) {
  const v1::ServiceRegistered* service = ServiceOf(state);
  if (service != nullptr && !service->name().empty()) return service->name();
  if (state.ids_size() > 0) return state.ids(0).scheme() + "/" + state.ids(0).value();
  return state.stream_id();
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
