#pragma once

#include "trigpoint/reports/input.h"
#include "trigpoint/v1/reports.pb.h"

/// One builder for each kind of report: adds the sections. Title and caveats are set by
/// BuildReport.
namespace trigpoint {

void BuildTripleA(const ReportInput& input, v1::Report* report);
void BuildPanelList(const ReportInput& input, v1::Report* report);
void BuildDashboard(const ReportInput& input, v1::Report* report);
void BuildSurveillanceTracker(const ReportInput& input, v1::Report* report);
void BuildRapidQualityReview(const ReportInput& input, const ReportedService& service,
                             v1::Report* report);
void BuildRiskSummit(const ReportInput& input, const ReportedService& service, v1::Report* report);
void BuildPreVisitBrief(const ReportInput& input, const ReportedService& service,
                        v1::Report* report);

}  // namespace trigpoint
