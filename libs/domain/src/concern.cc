#include "trigpoint/domain/concern.h"

#include <algorithm>
#include <tuple>

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

void AddFlag(v1::Concern* concern, uint32_t flag, bool on) {
  if (on) concern->set_flags(concern->flags() | flag);
}

void FromIncident(const v1::IncidentReported& incident, v1::Concern* concern) {
  concern->set_harm(std::max(incident.physical_harm(), incident.psychological_harm()));
  concern->set_never_event(incident.never_event());
  concern->set_people(incident.people_affected());
  concern->set_ward(incident.ward());
  AddFlag(concern, kConcernNeverEvent, incident.never_event() != v1::NEVER_EVENT_TYPE_UNSPECIFIED);
  AddFlag(concern, kConcernProviderCause, incident.provider_cause());
  AddFlag(concern, kConcernContinuingExposure, incident.continuing_exposure());
}

void FromSafeguarding(const v1::SafeguardingConcernRaised& raised, v1::Concern* concern) {
  bool organisational = raised.organisational_abuse_alleged();
  for (int type : raised.abuse_types()) {
    organisational = organisational || type == v1::ABUSE_TYPE_ORGANISATIONAL;
  }
  concern->set_people(raised.adults());
  concern->set_ward(raised.ward());
  AddFlag(concern, kConcernOrganisationalAbuse, organisational);
}

void FromFeedback(const v1::ProviderFeedbackReceived& feedback, v1::Concern* concern) {
  const bool negative = feedback.tone() == v1::ProviderFeedbackReceived::TONE_NEGATIVE;
  concern->set_flags(kConcernFeedback);
  AddFlag(concern, kConcernNegative, negative || feedback.gives_rise_to_concern());
  AddFlag(concern, kConcernOfficerFlag, feedback.gives_rise_to_concern());
}

std::vector<v1::Concern> FromVisit(const v1::Event& event, int64_t known_us) {
  std::vector<v1::Concern> concerns;
  for (const auto& finding : event.commissioner_visit_conducted().findings()) {
    if (finding.grade() < v1::VisitFinding::GRADE_CONCERN) continue;
    v1::Concern concern = Base(event, known_us);
    concern.clear_themes();
    if (finding.theme() != v1::THEME_UNSPECIFIED) concern.add_themes(finding.theme());
    AddFlag(&concern, kConcernVisitFinding, true);
    concerns.push_back(std::move(concern));
  }
  return concerns;
}

}  // namespace

std::vector<v1::Concern> ConcernsOf(const v1::Event& event, int64_t known_us) {
  switch (event.payload_case()) {
    case v1::Event::kCommissionerVisitConducted:
      return FromVisit(event, known_us);
    case v1::Event::kIncidentReported:
    case v1::Event::kSafeguardingConcernRaised:
    case v1::Event::kComplaintReceived:
    case v1::Event::kWhistleblowingConcernReceived:
    case v1::Event::kProviderFeedbackReceived:
    case v1::Event::kEarlyIndicatorObserved:
      break;
    default:
      return {};
  }
  v1::Concern concern = Base(event, known_us);
  if (event.has_incident_reported()) {
    FromIncident(event.incident_reported(), &concern);
  } else if (event.has_safeguarding_concern_raised()) {
    FromSafeguarding(event.safeguarding_concern_raised(), &concern);
  } else if (event.has_whistleblowing_concern_received()) {
    AddFlag(&concern, kConcernProtectedSource, true);
    AddFlag(&concern, kConcernCurrentAbuseAlleged,
            event.whistleblowing_concern_received().current_abuse_alleged());
  } else if (event.has_provider_feedback_received()) {
    FromFeedback(event.provider_feedback_received(), &concern);
  } else if (event.has_early_indicator_observed()) {
    AddFlag(&concern, kConcernSoft, true);
  }
  return {std::move(concern)};
}

bool ConcernLess(const v1::Concern& a, const v1::Concern& b) {
  return std::forward_as_tuple(a.occurred_us(), a.source(), a.id()) <
         std::forward_as_tuple(b.occurred_us(), b.source(), b.id());
}

}  // namespace trigpoint
