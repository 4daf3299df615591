#include "facts.h"
#include "kinds.h"
#include "sections.h"
#include "sources.h"
#include "words.h"
#include "writer.h"

namespace trigpoint {
namespace {

constexpr char kClause[] = "S4 2.7-2.8";

void AddMandatorySources(const ReportInput& input, const ReportedService& service,
                         v1::Report* report) {
  SectionWriter section(report, "Sources to be reviewed before the visit", "S4 2.8");
  section.Say(
      "\"None received\": somebody sends this, and there was nothing. \"No feed\": nobody sends "
      "it. "
      "\"Silent\": it should have come and did not.");
  AddSources(input, service, PreVisitSources(), &section);
}

/// What an earlier visit found that is to be looked at again.
void AddFindings(const ReportInput& input, const ReportedService& service, v1::Report* report) {
  SectionWriter section(report, "Concerns of earlier visits", kClause);
  for (const auto* fact :
       FactsOf(service, {"commissioner_visit_conducted", "enter_and_view_reported",
                         "elected_member_visit_reported"})) {
    const v1::Event& event = fact->event;
    const auto& findings =
        event.has_commissioner_visit_conducted() ? event.commissioner_visit_conducted().findings()
        : event.has_enter_and_view_reported()    ? event.enter_and_view_reported().findings()
                                                 : event.elected_member_visit_reported().findings();
    for (const auto& finding : findings) {
      if (finding.grade() < v1::VisitFinding::GRADE_CONCERN) continue;
      section.Say(WhenWords(*fact) + ": " +
                      CodeWords(v1::VisitFinding::Grade_Name(finding.grade()), "GRADE_") +
                      (finding.theme() == v1::THEME_UNSPECIFIED
                           ? ""
                           : ", " + CodeWords(v1::Theme_Name(finding.theme()), "THEME_")) +
                      '.',
                  Cite(*fact));
    }
  }
  section.OrElse(Nothing(input));
}

}  // namespace

void BuildPreVisitBrief(const ReportInput& input, const ReportedService& service,
                        v1::Report* report) {
  AddService(service, kClause, report);
  AddMandatorySources(input, service, report);
  AddLevels(input, service, kClause, report);
  AddUrgency(input, service, "Open alerts", kClause, report);
  AddCriteria(input, service, kClause, report);
  AddThemes(input, service, report);
  AddFindings(input, service, report);
  AddPlans(input, service, kClause, report);
  AddOverdue(input, service, kClause, report);
  AddTimeline(input, service, kClause, report);
  AddNotKnown(input, service, kClause, report);
}

}  // namespace trigpoint
