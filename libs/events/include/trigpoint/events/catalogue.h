#pragma once

#include <span>
#include <string_view>

#include "trigpoint/v1/events.pb.h"
#include "trigpoint/v1/options.pb.h"

namespace trigpoint {

/// One row of the event catalogue, read from the `kind` option of a member of Event.payload.
/// Lifetime: the texts live as long as the process. Immutable.
struct KindInfo {
  int number = 0;         ///< Field number of the payload in Event; stored for ever.
  std::string_view name;  ///< Field name: "incident_reported".
  v1::EventRole role = v1::EVENT_ROLE_UNSPECIFIED;
  v1::SourceFamily family = v1::SOURCE_FAMILY_UNSPECIFIED;    ///< Unspecified: not intelligence.
  v1::Sensitivity sensitivity = v1::SENSITIVITY_UNSPECIFIED;  ///< Floor of every event of the kind.
  std::string_view source;                                    ///< Clause that names the kind.
  std::string_view summary;                                   ///< One line for people.
  v1::Effect effect = v1::EFFECT_UNSPECIFIED;                 ///< Of a fact on its service's state.
  /// Of an event of the kind that does not say it; unspecified: no evidence.
  v1::EvidenceCategory category = v1::EVIDENCE_CATEGORY_UNSPECIFIED;
  v1::Origin origin = v1::ORIGIN_UNSPECIFIED;  ///< Who tells by it; unspecified: it is no fact.
  bool periodic = false;     ///< Made up of periods: one is owed for each of them.
  bool windowed = false;     ///< No report, but the instant at which it leaves a window matters.
  bool bookkeeping = false;  ///< How the service keeps its data: no disclosure is told of it.
};

/// Gives the catalogue row of the event's payload; null when the event has none, or one that this
/// version does not know (HasUnknownPayload tells which).
const KindInfo* KindOf(const v1::Event& event);

/// Gives the catalogue row with this payload field number, or null.
const KindInfo* KindOfNumber(int number);

/// Gives the catalogue row with this name ("incident_reported"), or null.
const KindInfo* KindOfName(std::string_view name);

/// Gives the whole catalogue in the order of the payload field numbers.
std::span<const KindInfo> AllKinds();

/// Tells whether the event is a fact: what a partner reported, of a kind that is known here.
inline bool IsFact(const v1::Event& event) {
  const KindInfo* kind = KindOf(event);
  return kind != nullptr && kind->role == v1::EVENT_ROLE_FACT;
}

/// Tells whether an event of the kind is a report that rules count as a concern, or may hold one.
inline bool RaisesConcern(const KindInfo& kind) {
  return kind.effect == v1::EFFECT_CONCERN || kind.effect == v1::EFFECT_CONCERN_KEPT;
}

/// Tells whether an event of the kind stands in the state of its service, for rules to read it.
inline bool StandsInState(const KindInfo& kind) {
  return kind.effect == v1::EFFECT_KEPT || kind.effect == v1::EFFECT_CONCERN_KEPT;
}

/// Tells whether a newer version wrote this event: no payload that is known here, but a field from
/// 100 on that is not. Such an event stops its partition; it is never skipped (design 2).
bool HasUnknownPayload(const v1::Event& event);

/// Whether a record is of an incident (CL-02): an outcome, a risk and good care are none. One that
/// does not say is.
inline bool IsIncident(const v1::IncidentReported& record) {
  return record.event_kind() <= v1::LFPSE_EVENT_INCIDENT;
}

/// Gives the sensitivity that holds for an event: the higher of its own and the floor of its kind.
/// An event without a known kind is treated as SENSITIVITY_C5_PROTECTED_SOURCE.
v1::Sensitivity SensitivityOf(const v1::Event& event);

}  // namespace trigpoint
