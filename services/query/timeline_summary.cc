#include "services/query/timeline_summary.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/ascii.h"
#include "trigpoint/base/time.h"
#include "trigpoint/domain/ratings.h"
#include "trigpoint/events/catalogue.h"
#include "trigpoint/events/times.h"
#include "trigpoint/policy/feeds.h"

namespace trigpoint {
namespace {

/// "THEME_PRESSURE_CARE" -> "pressure care".
std::string Words(std::string name, std::string_view prefix) {
  if (name.starts_with(prefix)) name.erase(0, prefix.size());
  std::replace(name.begin(), name.end(), '_', ' ');
  return absl::AsciiStrToLower(name);
}

std::string Themes(const v1::Event& event) {
  std::string text;
  for (const int theme : event.themes()) {
    text += (text.empty() ? "; themes: " : ", ") +
            Words(v1::Theme_Name(static_cast<v1::Theme>(theme)), "THEME_");
  }
  return text;
}

std::string OfRecommendation(const v1::Recommendation& recommendation) {
  std::string text = recommendation.policy_id() + ": ";
  switch (recommendation.kind()) {
    case v1::Recommendation::KIND_WITHDRAWN:
      return text + "recommendation withdrawn";
    case v1::Recommendation::KIND_REVISED:
      text += "recommendation revised: ";
      break;
    default:
      text += "recommended: ";
  }
  text += recommendation.target_state();
  if (recommendation.urgent()) text += ", urgent: " + recommendation.urgent_target();
  return text;
}

std::string OfDecision(const v1::DecisionProposed& decision) {
  if (decision.kind() == v1::DecisionProposed::KIND_DECLINE)
    return decision.policy_id() + ": recommendation declined";
  return decision.policy_id() + ": move proposed from " + decision.from_state() + " to " +
         decision.to_state() + (decision.override() ? " (override)" : "");
}

/// "Silent: monitoring return received of council/returns, last on 2026-01-05, expected every 31
/// days".
std::string OfSilence(const v1::FeedSilent& silent) {
  std::string text = "Silent: " + KindWords(silent.kind());
  if (!silent.feed_source().empty()) text += " of " + silent.feed_source();
  text += silent.has_last_at() ? ", last on " + FormatDate(LondonDate(ToMicros(silent.last_at())))
                               : ", never came";
  text += ", expected every " + std::to_string(silent.expected_every_days()) + " days";
  return text + (silent.clause().empty() ? "" : " (" + silent.clause() + ")");
}

/// "herefordshire: what a decision rested on was changed or taken back: council/concerns/C-1".
std::string OfWeakened(const v1::DecisionBasisWeakened& weakened) {
  std::string text = weakened.policy_id() + ": what a decision rested on was changed or taken back";
  for (int i = 0; i < weakened.evidence_size(); ++i) {
    const v1::EventRef& ref = weakened.evidence(i);
    text += (i == 0 ? ": " : ", ") + ref.source() + '/' + ref.id();
  }
  return text;
}

std::string OfIncident(const v1::Event& event) {
  const auto& incident = event.incident_reported();
  const v1::Harm harm = std::max(incident.physical_harm(), incident.psychological_harm());
  std::string text = "Incident";
  if (!IsIncident(incident))
    text = "Patient safety record, no incident: " +
           Words(v1::LfpseEvent_Name(incident.event_kind()), "LFPSE_EVENT_");
  if (harm != v1::HARM_UNSPECIFIED) text += ", harm: " + Words(v1::Harm_Name(harm), "HARM_");
  if (incident.never_event() != v1::NEVER_EVENT_TYPE_UNSPECIFIED || incident.never_event_untyped())
    text += ", never event";
  return text + Themes(event);
}

std::string Why(v1::ServiceLinked::Reason reason) {
  return reason == v1::ServiceLinked::REASON_UNSPECIFIED
             ? "reason not stated"
             : Words(v1::ServiceLinked::Reason_Name(reason), "REASON_");
}

std::string OfLink(const v1::ServiceLinked& link) {
  const std::string what = Words(v1::ServiceLinked::Link_Name(link.link()), "LINK_");
  const std::string other = link.other().scheme() + '/' + link.other().value();
  const bool follows = link.link() == v1::ServiceLinked::LINK_PREDECESSOR ||
                       link.link() == v1::ServiceLinked::LINK_SUCCESSOR;
  return "Linked: " + what + ' ' + other + (follows ? ", " + Why(link.reason()) : "");
}

std::string OfMemory(const v1::MemoryCarried& memory) {
  const std::string whose = memory.from_name().empty() ? memory.from_stream() : memory.from_name();
  if (memory.undone()) return "Nothing is inherited any more: the link was taken back";
  std::string text = "Carried from the predecessor " + whose + " (" + Why(memory.reason()) +
                     "): " + std::to_string(memory.facts_size()) +
                     (memory.facts_size() == 1 ? " record" : " records");
  for (const auto& level : memory.levels()) {
    if (level.decided_state().empty()) continue;
    text += "; " + level.policy_id() + ": " + level.decided_state() +
            (level.to_be_confirmed() ? ", to be confirmed" : "");
  }
  return text;
}

/// ": council/concerns/C-1, home/incidents/7".
template <typename Refs>
std::string Named(const Refs& reports) {
  std::string text;
  for (const v1::EventRef& ref : reports)
    text += (text.empty() ? ": " : ", ") + ref.source() + '/' + ref.id();
  return text;
}

/// "The same incident is known at cqc-location/1-2 (home/incidents/7): council/concerns/C-1".
std::string OfLinked(const v1::ClusterLinked& linked) {
  std::string text = "The same incident is known at ";
  if (linked.elsewhere().empty()) text += "another service";
  for (int i = 0; i < linked.elsewhere_size(); ++i) {
    const v1::SubjectRef& subject = linked.elsewhere(i).subject();
    const v1::EventRef& report = linked.elsewhere(i).report();
    text += i == 0 ? "" : ", ";
    text += subject.value().empty() ? "another service" : subject.scheme() + '/' + subject.value();
    if (!report.id().empty()) text += " (" + report.source() + '/' + report.id() + ')';
  }
  return text + Named(linked.reports());
}

}  // namespace

std::string SummaryOf(const v1::Event& event) {
  switch (event.payload_case()) {
    case v1::Event::kIncidentReported:
      return OfIncident(event);
    case v1::Event::kSafeguardingConcernRaised:
      return "Safeguarding concern" + Themes(event);
    case v1::Event::kComplaintReceived:
      return "Complaint" + Themes(event);
    case v1::Event::kCqcRatingPublished:
      return "Rating published: " + RatingText(event.cqc_rating_published().overall());
    case v1::Event::kCqcEnforcementActionRecorded:
      return "Enforcement: " +
             Words(v1::EnforcementKind_Name(event.cqc_enforcement_action_recorded().action()),
                   "ENFORCEMENT_KIND_");
    case v1::Event::kEventRetracted:
      return "Taken back: " +
             Words(v1::EventRetracted::Reason_Name(event.event_retracted().reason()), "REASON_");
    case v1::Event::kRecommendation:
      return OfRecommendation(event.recommendation());
    case v1::Event::kFeedSilent:
      return OfSilence(event.feed_silent());
    case v1::Event::kDecisionProposed:
      return OfDecision(event.decision_proposed());
    case v1::Event::kDecisionBasisWeakened:
      return OfWeakened(event.decision_basis_weakened());
    case v1::Event::kDecisionConcurrence:
      return event.decision_concurrence().concurs() ? "Concurred with a proposed decision"
                                                    : "Did not concur with a proposed decision";
    case v1::Event::kAlertDeclined:
      return "Declined the review that an alert asks for: " + event.alert_declined().reason();
    case v1::Event::kServiceLinked:
      return OfLink(event.service_linked());
    case v1::Event::kClusterConfirmed:
      return "Found to be of one incident" + Named(event.cluster_confirmed().reports());
    case v1::Event::kClusterSplit:
      return "Found to be of different incidents" + Named(event.cluster_split().reports());
    case v1::Event::kClusterLinked:
      return OfLinked(event.cluster_linked());
    case v1::Event::kMemoryCarried:
      return OfMemory(event.memory_carried());
    case v1::Event::kInheritanceDecided:
      return event.inheritance_decided().accepted()
                 ? "What is inherited of a predecessor: confirmed"
                 : "What is inherited of a predecessor: refused";
    default: {
      const KindInfo* kind = KindOf(event);
      return kind == nullptr ? "" : std::string(kind->summary);
    }
  }
}

}  // namespace trigpoint
