#include "facts.h"
#include "kinds.h"
#include "sections.h"
#include "words.h"
#include "writer.h"

namespace trigpoint {
namespace {

constexpr char kClause[] = "S1 L173-175";

/// Who looks at it already: "not being addressed in wider discussions" is one of the conjuncts.
void AddDiscussions(const ReportInput& input, const ReportedService& service, v1::Report* report) {
  SectionWriter section(report, "Wider discussions that are recorded", "S1 L173");
  for (const auto* fact :
       FactsOf(service,
               {"rapid_quality_review_convened", "rapid_quality_review_held", "risk_summit_called",
                "mdt_initiated", "meeting_held", "quality_review_meeting_held",
                "large_scale_intervention_opened", "large_scale_intervention_closed",
                "escalated_to_governing_body", "lead_organisation_agreed"})) {
    section.Say(WhenWords(*fact) + ": " + KindInWords(fact->kind) + '.', Cite(*fact));
  }
  section.OrElse(Nothing(input));
}

void AddWhatTheMeetingIsFor(const ReportedService& service, v1::Report* report) {
  SectionWriter section(report, "What the meeting is for", kClause);
  section.Say(
      "Rapidly share intelligence, diagnose, profile risks, and develop action and improvement "
      "plans.",
      {Clause("S1 L173")});
  section.Say("Develop an improvement plan.", {Clause("S1 L174")});
  section.Say(
      "Set up quality improvement groups, if required, so that actions are taken forward and "
      "improvements realised.",
      {Clause("S1 L175")});
  for (const auto& policy : service.policies) {
    if (!policy.urgent) continue;
    for (const auto& measure : policy.measures)
      section.Say(policy.policy_id + ": " + measure + '.');
  }
}

}  // namespace

void BuildRapidQualityReview(const ReportInput& input, const ReportedService& service,
                             v1::Report* report) {
  AddService(service, kClause, report);
  AddUrgency(input, service, "Why a rapid quality review", kClause, report);
  AddLevels(input, service, kClause, report);
  AddCriteria(input, service, kClause, report);
  AddDiscussions(input, service, report);
  AddThemes(input, service, report);
  AddPlans(input, service, "S1 L174", report);
  AddOverdue(input, service, kClause, report);
  AddTimeline(input, service, kClause, report);
  AddNotKnown(input, service, kClause, report);
  AddWhatTheMeetingIsFor(service, report);
}

}  // namespace trigpoint
