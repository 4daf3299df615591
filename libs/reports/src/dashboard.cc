#include "facts.h"
#include "kinds.h"
#include "sections.h"
#include "words.h"
#include "writer.h"

namespace trigpoint {
namespace {

constexpr char kClause[] = "S4 3.107";

/// S4 3.107: supported living services and care homes; home care has none.
bool HasDashboard(const ReportedService& service) {
  return service.type == v1::SERVICE_TYPE_CARE_HOME_NURSING ||
         service.type == v1::SERVICE_TYPE_CARE_HOME_RESIDENTIAL ||
         service.type == v1::SERVICE_TYPE_SUPPORTED_LIVING;
}

std::string PammsWords(const ReportInput& input, const ReportedFact* last) {
  if (last == nullptr) return Nothing(input);
  const auto overall = last->event.pamms_assessment_finalised().overall();
  return StateWords(CodeWords(v1::PammsAssessmentFinalised::Grade_Name(overall), "GRADE_")) + ", " +
         WhenWords(*last);
}

void OneRow(const ReportInput& input, const ReportedService& service, SectionWriter* section) {
  const int64_t length_us = input.as_of_us - input.from_us;
  const Facts now = ReportsIn(service, input.from_us, input.as_of_us);
  const Facts before = ReportsIn(service, input.from_us - length_us, input.from_us);
  const Facts overdue = OverdueActions(input, service);
  const auto* pamms = Latest(service, {"pamms_assessment_finalised"});
  const auto* suspended = OpenSuspension(service);
  Citations citations = {section->basis()};
  for (const Facts& cited : {IsTooFewToTell(service, now) ? Facts() : now, overdue}) {
    for (auto& citation : Cite(cited)) citations.push_back(std::move(citation));
  }
  for (const auto* fact : {pamms, suspended}) {
    if (fact == nullptr) continue;
    for (auto& citation : Cite(*fact)) citations.push_back(std::move(citation));
  }
  section->Row({NameWords(service), CodeWords(v1::ServiceType_Name(service.type), "SERVICE_TYPE_"),
                RatingWords(service), PammsWords(input, pamms), LevelsWords(input, service),
                CountTold(input, service, now), CountTold(input, service, before),
                CountTold(input, service, overdue),
                suspended == nullptr ? Nothing(input) : "since " + WhenWords(*suspended),
                SilentWords(input, service)},
               citations);
}

void Overview(const ReportInput& input, v1::Report* report) {
  SectionWriter section(report, "Care homes and supported living", kClause);
  for (const auto& service : input.services) {
    if (!HasDashboard(service)) continue;
    if (section.empty())
      section.Columns({"Service", "Type", "CQC rating", "PAMMS", "Levels", "Reports in the period",
                       "In the period before", "Actions overdue", "Suspension", "Silent feeds"});
    OneRow(input, service, &section);
  }
  section.OrElse(kNone);
}

/// What the last return of each service said of its key indicators.
void Indicators(const ReportInput& input, v1::Report* report) {
  SectionWriter section(report, "Key indicators of the last monitoring return", kClause);
  for (const auto& service : input.services) {
    const auto* last = Latest(service, {"monitoring_return_received"});
    if (!HasDashboard(service) || last == nullptr) continue;
    for (const auto& kpi : last->event.monitoring_return_received().kpis()) {
      if (section.empty()) section.Columns({"Service", "Indicator", "Value", "Known"});
      std::string value = std::to_string(kpi.value());
      value.erase(value.find_last_not_of('0') + 1);
      if (value.ends_with('.')) value.pop_back();
      section.Row({NameWords(service), kpi.name(),
                   value + (kpi.measured_in().empty() ? "" : ' ' + kpi.measured_in()),
                   DateWords(last->known_us)},
                  Cite(*last));
    }
  }
  section.OrElse(Nothing(input));
}

}  // namespace

void BuildDashboard(const ReportInput& input, v1::Report* report) {
  Overview(input, report);
  Indicators(input, report);
}

}  // namespace trigpoint
