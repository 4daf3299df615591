#include "trigpoint/reports/report.h"

#include "kinds.h"
#include "sections.h"
#include "trigpoint/base/check.h"
#include "trigpoint/base/digest.h"
#include "trigpoint/events/times.h"
#include "words.h"
#include "writer.h"

namespace trigpoint {
namespace {

std::string TitleOf(v1::Report::Kind kind) {
  switch (kind) {
    case v1::Report::KIND_TRIPLE_A:
      return "Triple A report: Alert, Advise, Assure";
    case v1::Report::KIND_RAPID_QUALITY_REVIEW:
      return "Pack for a rapid quality review";
    case v1::Report::KIND_PANEL_LIST:
      return "List for the monthly quality review panel";
    case v1::Report::KIND_RISK_SUMMIT:
      return "Pack for a risk summit";
    case v1::Report::KIND_PRE_VISIT_BRIEF:
      return "Brief before a visit";
    case v1::Report::KIND_MONTHLY_DASHBOARD:
      return "Monthly quality dashboard";
    case v1::Report::KIND_SURVEILLANCE_TRACKER:
      return "Surveillance tracker";
    default:
      return "Report";
  }
}

void AddSections(const ReportInput& input, v1::Report* report) {
  switch (input.kind) {
    case v1::Report::KIND_TRIPLE_A:
      return BuildTripleA(input, report);
    case v1::Report::KIND_PANEL_LIST:
      return BuildPanelList(input, report);
    case v1::Report::KIND_MONTHLY_DASHBOARD:
      return BuildDashboard(input, report);
    case v1::Report::KIND_SURVEILLANCE_TRACKER:
      return BuildSurveillanceTracker(input, report);
    case v1::Report::KIND_RAPID_QUALITY_REVIEW:
      return BuildRapidQualityReview(input, input.services.front(), report);
    case v1::Report::KIND_RISK_SUMMIT:
      return BuildRiskSummit(input, input.services.front(), report);
    case v1::Report::KIND_PRE_VISIT_BRIEF:
      return BuildPreVisitBrief(input, input.services.front(), report);
    default:
      return;
  }
}

}  // namespace

bool IsAboutOneService(v1::Report::Kind kind) {
  return kind == v1::Report::KIND_RAPID_QUALITY_REVIEW || kind == v1::Report::KIND_RISK_SUMMIT ||
         kind == v1::Report::KIND_PRE_VISIT_BRIEF;
}

std::string FingerprintOf(v1::Report report) {
  report.clear_fingerprint();
  return Sha256Hex(report.SerializeAsString());
}

v1::Report BuildReport(const ReportInput& input) {
  TP_CHECK(!IsAboutOneService(input.kind) || input.services.size() == 1,
           "a report about one service has one");
  v1::Report report;
  report.set_kind(input.kind);
  report.set_title(TitleOf(input.kind));
  if (IsAboutOneService(input.kind))
    report.set_title(report.title() + ": " + input.services.front().name);
  SetMicros(input.as_of_us, report.mutable_as_of());
  report.set_redaction(input.redaction);
  AddSections(input, &report);
  report.add_caveats("The period is " + InstantWords(input.from_us) + " to " +
                     InstantWords(input.as_of_us) +
                     ", Europe/London, by when things became known.");
  report.add_caveats(
      "This lists what is recorded and what the documents say, with where it stands. What it "
      "means, "
      "and what is to be done, people decide.");
  for (const auto& caveat : input.caveats) report.add_caveats(caveat);
  report.set_fingerprint(FingerprintOf(report));
  return report;
}

}  // namespace trigpoint
