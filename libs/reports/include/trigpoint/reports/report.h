#pragma once

#include <string>

#include "trigpoint/reports/input.h"
#include "trigpoint/v1/reports.pb.h"

namespace trigpoint {

/// Makes a report for a meeting. Software writes no judgement into it: every sentence says what is
/// recorded or what a document says, and cites it; what is not there is said, never left blank.
/// A kind about one service needs exactly one in `input.services`. Pure: the same input gives the
/// same bytes.
///
///  - Triple A (S1 L133-145): Alert, Advise, Assure for all services; "none" where there is
///  nothing.
///  - Panel list (S2 3.4.2-3.4.5): who is above the lowest level or awaits a decision.
///  - Monthly dashboard (S4 3.107): care homes and supported living.
///  - Rapid quality review pack (S1 L173-175), risk summit pack (S3 App 1, 5.2.3(b)), pre-visit
///    brief (S4 2.7-2.8): one service.
v1::Report BuildReport(const ReportInput& input);

/// Whether reports of the kind are about one service, or about all.
bool IsAboutOneService(v1::Report::Kind kind);

/// SHA-256 over the report without its fingerprint, in lower-case hexadecimal digits.
std::string FingerprintOf(v1::Report report);

}  // namespace trigpoint
