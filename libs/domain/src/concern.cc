#include "trigpoint/domain/concern.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "trigpoint/base/time.h"
#include "trigpoint/events/catalogue.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

v1::Concern Base(const v1::Event& event, int64_t known_us) {
  v1::Concern concern;
  concern.set_source(event.source());
  concern.set_id(event.id());
  concern.set_version(std::max(1U, event.source_version()));
  concern.set_occurred_us(OccurredMicros(event));
  concern.set_known_us(known_us);
  concern.set_family(KindOf(event)->family);
  for (int theme : event.themes()) concern.add_themes(static_cast<v1::Theme>(theme));
  concern.set_incident_key(event.incident_key());
  concern.set_organisation(event.source_organisation());
  concern.set_flags(kConcernNegative);
  return concern;
}

/// Whether an event is of special category or of a protected source, by its kind or as its source
/// says.
bool IsApart(const v1::Event& event) {
  return SensitivityOf(event) >= v1::SENSITIVITY_C4_SPECIAL_CATEGORY;
}

void AddFlag(v1::Concern* concern, uint32_t flag, bool on) {
  if (on) concern->set_flags(concern->flags() | flag);
}

/// Of a protected source only the day counts: a window that ended at the hour of the report would
/// tell it months later, by the instant at which a level changes (domain.md 2.2).
void KeepFromSight(v1::Concern* concern) {
  AddFlag(concern, kConcernProtectedSource, true);
  concern->set_occurred_us(LondonMidnight(LondonDate(concern->occurred_us())));
}

void FromIncident(const v1::IncidentReported& incident, v1::Concern* concern) {
  concern->set_harm(std::max(incident.physical_harm(), incident.psychological_harm()));
  concern->set_never_event(incident.never_event());
  concern->set_people(incident.people_affected());
  concern->set_ward(incident.ward());
  AddFlag(
      concern, kConcernNeverEvent,
      incident.never_event() != v1::NEVER_EVENT_TYPE_UNSPECIFIED || incident.never_event_untyped());
  AddFlag(concern, kConcernProviderCause, incident.provider_cause());
  AddFlag(concern, kConcernContinuingExposure, incident.continuing_exposure());
}

void FromSafeguarding(const v1::SafeguardingConcernRaised& raised, v1::Concern* concern) {
  bool organisational = raised.organisational_abuse_alleged();
  for (int type : raised.abuse_types()) {
    organisational = organisational || type == v1::ABUSE_TYPE_ORGANISATIONAL;
    concern->add_abuse_types(static_cast<v1::AbuseType>(type));
  }
  concern->set_people(raised.adults());
  concern->set_ward(raised.ward());
  AddFlag(concern, kConcernOrganisationalAbuse, organisational);
}

template <typename Feedback>
void FromFeedback(const Feedback& feedback, v1::Concern* concern) {
  const bool negative = feedback.tone() == v1::ProviderFeedbackReceived::TONE_NEGATIVE;
  concern->set_flags(kConcernFeedback);
  AddFlag(concern, kConcernNegative, negative || feedback.gives_rise_to_concern());
  AddFlag(concern, kConcernOfficerFlag, feedback.gives_rise_to_concern());
}

/// One concern for each finding that a visit of whoever it was calls one.
template <typename Findings>
std::vector<v1::Concern> FromFindings(const v1::Event& event, const Findings& findings,
                                      int64_t known_us) {
  std::vector<v1::Concern> concerns;
  for (const auto& finding : findings) {
    if (finding.grade() < v1::VisitFinding::GRADE_CONCERN) continue;
    v1::Concern concern = Base(event, known_us);
    concern.clear_themes();
    if (finding.theme() != v1::THEME_UNSPECIFIED) concern.add_themes(finding.theme());
    AddFlag(&concern, kConcernVisitFinding, true);
    concerns.push_back(std::move(concern));
  }
  return concerns;
}

/// Of the kinds that hold more or less than one concern: what of them counts.
/// Nothing: the event is one concern as it stands.
std::optional<std::vector<v1::Concern>> Several(const v1::Event& event, int64_t known_us) {
  switch (event.payload_case()) {
    case v1::Event::kCommissionerVisitConducted:
      return FromFindings(event, event.commissioner_visit_conducted().findings(), known_us);
    case v1::Event::kEnterAndViewReported:
      return FromFindings(event, event.enter_and_view_reported().findings(), known_us);
    case v1::Event::kElectedMemberVisitReported:
      return FromFindings(event, event.elected_member_visit_reported().findings(), known_us);
    case v1::Event::kIncidentReported:
      if (IsIncident(event.incident_reported())) return std::nullopt;
      return std::vector<v1::Concern>();
    case v1::Event::kRegulatorIntelligenceReceived:
      if (event.regulator_intelligence_received().raises_concern()) return std::nullopt;
      return std::vector<v1::Concern>();
    case v1::Event::kMediaItemAssessed:
      if (event.media_item_assessed().tone() == v1::ProviderFeedbackReceived::TONE_NEGATIVE) {
        return std::nullopt;
      }
      return std::vector<v1::Concern>();
    default:
      return std::nullopt;
  }
}

void AddDetails(const v1::Event& event, v1::Concern* concern) {
  switch (event.payload_case()) {
    case v1::Event::kIncidentReported:
      FromIncident(event.incident_reported(), concern);
      return;
    case v1::Event::kSafeguardingConcernRaised:
      FromSafeguarding(event.safeguarding_concern_raised(), concern);
      return;
    case v1::Event::kCqcStatutoryNotificationReceived:
      concern->set_people(event.cqc_statutory_notification_received().people_affected());
      return;
    case v1::Event::kWhistleblowingConcernReceived:
      AddFlag(concern, kConcernCurrentAbuseAlleged,
              event.whistleblowing_concern_received().current_abuse_alleged());
      return;
    case v1::Event::kProviderFeedbackReceived:
      FromFeedback(event.provider_feedback_received(), concern);
      return;
    case v1::Event::kStakeholderFeedbackReceived:
      FromFeedback(event.stakeholder_feedback_received(), concern);
      return;
    case v1::Event::kEarlyIndicatorObserved:
      AddFlag(concern, kConcernSoft, true);
      return;
    default:
      return;
  }
}

}  // namespace

std::vector<v1::Concern> ConcernsOf(const v1::Event& event, int64_t known_us) {
  const KindInfo* kind = KindOf(event);
  if (kind == nullptr || !RaisesConcern(*kind)) return {};
  const bool from_protected = IsOfProtectedSource(event);
  if (auto several = Several(event, known_us)) {
    for (auto& concern : *several) {
      AddFlag(&concern, kConcernApart, IsApart(event));
      if (from_protected) KeepFromSight(&concern);
    }
    return *std::move(several);
  }
  v1::Concern concern = Base(event, known_us);
  AddDetails(event, &concern);
  // After the details: feedback sets its flags anew.
  AddFlag(&concern, kConcernApart, IsApart(event));
  if (from_protected) KeepFromSight(&concern);
  return {std::move(concern)};
}

bool IsOfProtectedSource(const v1::Event& event) {
  return SensitivityOf(event) >= v1::SENSITIVITY_C5_PROTECTED_SOURCE;
}

bool ConcernLess(const v1::Concern& a, const v1::Concern& b) {
  return std::forward_as_tuple(a.occurred_us(), a.source(), a.id()) <
         std::forward_as_tuple(b.occurred_us(), b.source(), b.id());
}

}  // namespace trigpoint
