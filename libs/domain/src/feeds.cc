#include "trigpoint/domain/feeds.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "trigpoint/base/time.h"
#include "trigpoint/domain/ratings.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

/// Days between deliveries that are a rhythm at least.
constexpr int64_t kRhythmDaysMin = 5;
/// Added to the start of a day of which nothing is known but that there was nothing.
constexpr int64_t kNilMark = 1;

/// Adds a day to the latest few; false when it is there, or older than all that are kept.
bool AddDay(int64_t day_us, bool nil, google::protobuf::RepeatedField<int64_t>* days) {
  const auto at = std::lower_bound(days->begin(), days->end(), day_us);
  if (at != days->end() && DeliveryDay(*at) == day_us) {
    if (nil || !IsNil(*at)) return false;
    *at = day_us;  // Something came after all.
    return true;
  }
  if (days->size() == kDeliveriesKept) {
    if (at == days->begin()) return false;
    days->erase(days->begin());
    return AddDay(day_us, nil, days);
  }
  const auto index = static_cast<int>(at - days->begin());
  days->Add(0);
  for (int i = days->size() - 1; i > index; --i) days->Set(i, days->Get(i - 1));
  days->Set(index, day_us + (nil ? kNilMark : 0));
  return true;
}

bool AddDelivery(int kind, const std::string& source, int64_t day_us, bool nil,
                 v1::ProviderState* state) {
  auto* deliveries = state->mutable_deliveries();
  int index = 0;
  for (; index < deliveries->size(); ++index) {
    auto& known = *deliveries->Mutable(index);
    if (known.kind() < kind) continue;
    const int order = known.kind() > kind ? 1 : known.source().compare(source);
    if (order == 0) return AddDay(day_us, nil, known.mutable_received_us());
    if (order > 0) break;
  }
  auto* added = deliveries->Add();
  added->set_kind(kind);
  added->set_source(source);
  AddDay(day_us, nil, added->mutable_received_us());
  for (int i = deliveries->size() - 1; i > index; --i) deliveries->SwapElements(i, i - 1);
  return true;
}

void AddHeard(const v1::Event& event, const KindInfo& kind, bool external, int64_t known_us,
              v1::ProviderState* state) {
  const v1::EvidenceCategory category =
      event.evidence_category() == v1::EVIDENCE_CATEGORY_UNSPECIFIED ? kind.category
                                                                     : event.evidence_category();
  if (category == v1::EVIDENCE_CATEGORY_UNSPECIFIED) return;
  auto* heard = state->mutable_heard();
  const int rank = 2 * static_cast<int>(category) + (external ? 1 : 0);
  int index = 0;
  for (; index < heard->size(); ++index) {
    auto& known = *heard->Mutable(index);
    const int other = 2 * static_cast<int>(known.category()) + (known.external() ? 1 : 0);
    if (other < rank) continue;
    const int order = other > rank ? 1 : known.source().compare(event.source());
    if (order > 0) break;
    if (order < 0) continue;
    known.set_last_us(std::max(known.last_us(), known_us));
    known.set_reports(known.reports() + 1);
    return;
  }
  auto* added = heard->Add();
  added->set_category(category);
  added->set_external(external);
  added->set_source(event.source());
  added->set_last_us(known_us);
  added->set_reports(1);
  for (int i = heard->size() - 1; i > index; --i) heard->SwapElements(i, i - 1);
}

}  // namespace

int64_t DeliveryDay(int64_t received_us) {
  return received_us - ((received_us % kMicrosPerDay) + kMicrosPerDay) % kMicrosPerDay;
}

bool IsNil(int64_t received_us) { return DeliveryDay(received_us) != received_us; }

bool NoteDelivery(const v1::Event& event, int64_t known_us, v1::ProviderState* state) {
  const bool nil = event.has_nil_return_received();
  const KindInfo* kind =
      nil ? KindOfName(event.nil_return_received().expected_kind()) : KindOf(event);
  if (kind == nullptr || !TellsOfCare(*kind) || IsHiddenKind(*kind)) return false;
  // The day on which a protected source spoke is part of what is hidden, whatever it reported.
  if (SensitivityOf(event) >= v1::SENSITIVITY_C5_PROTECTED_SOURCE) return false;
  if (!nil && SensitivityOf(event) < v1::SENSITIVITY_C4_SPECIAL_CATEGORY) {
    AddHeard(event, *kind, kind->origin == v1::ORIGIN_OUTSIDE, known_us, state);
  }
  return AddDelivery(kind->number, event.source(), DeliveryDay(known_us), nil, state);
}

int RhythmOf(const v1::FeedDelivery& delivery) {
  const auto& days = delivery.received_us();
  if (days.size() < kRhythmDeliveries) return 0;
  const KindInfo* kind = KindOfNumber(delivery.kind());
  if (kind == nullptr) return 0;
  if (!kind->periodic && std::none_of(days.begin(), days.end(), IsNil)) return 0;
  std::vector<int64_t> intervals;
  for (int i = 1; i < days.size(); ++i) {
    intervals.push_back((DeliveryDay(days.Get(i)) - DeliveryDay(days.Get(i - 1))) / kMicrosPerDay);
  }
  std::vector<int64_t> sorted = intervals;
  std::sort(sorted.begin(), sorted.end());
  const size_t half = sorted.size() / 2;
  const int64_t middle =
      sorted.size() % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half] + 1) / 2;
  if (middle < kRhythmDaysMin) return 0;
  const auto near = std::count_if(intervals.begin(), intervals.end(), [middle](int64_t days_apart) {
    return 3 * std::abs(days_apart - middle) <= middle;
  });
  const auto all = static_cast<int64_t>(intervals.size());
  return 4 * static_cast<int64_t>(near) >= 3 * all ? static_cast<int>(middle) : 0;
}

Standing StandingOf(const v1::ProviderState& state, int64_t as_of_us) {
  using Changed = v1::RegistrationChanged;
  Standing standing;
  int64_t latest_us = 0;
  bool any = false;
  for (const auto& fact : state.facts()) {
    if (fact.payload_case() > v1::Event::kRegistrationChanged) break;  // Sorted by kind.
    if (!fact.has_registration_changed()) continue;
    const Changed& changed = fact.registration_changed();
    const bool closes = changed.status() == Changed::STATUS_DEREGISTERED ||
                        changed.status() == Changed::STATUS_DORMANT;
    const bool opens = changed.status() == Changed::STATUS_REGISTERED ||
                       changed.status() == Changed::STATUS_ACTIVE_AGAIN;
    if (!closes && !opens) continue;
    const int64_t from_us = changed.has_effective_on()
                                ? LondonMidnight(ToCivil(changed.effective_on()))
                                : OccurredMicros(fact);
    if (from_us > as_of_us) {
      standing.lasting = false;
      continue;
    }
    // Of two on one day, to be open counts: silence is then looked for.
    if (any && (from_us < latest_us || (from_us == latest_us && closes))) continue;
    any = true;
    latest_us = from_us;
    standing.closed = closes;
    standing.open_since_us = opens ? from_us : 0;
  }
  return standing;
}

}  // namespace trigpoint
