#pragma once

#include <optional>
#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "services/query/query_core.h"
#include "services/query/resolve.h"
#include "trigpoint/reports/input.h"
#include "trigpoint/v1/api.pb.h"

namespace trigpoint {

/// What a report asks of every service.
struct ReportQuestion {
  v1::RedactionProfile redaction = v1::REDACTION_PROFILE_UNSPECIFIED;
  std::string policy_id{};  ///< Empty: every policy that applies.
  Instants asked{};         ///< With `as_of`.
  int64_t from_us = 0;
};

/// What was read of one service.
struct ReportReading {
  std::string stream_id{};
  ReportedService service{};
  std::vector<std::string> caveats{};
  std::vector<std::string> of_service{};  ///< Further ones, for a report about it alone.
  std::set<std::string> policies{};       ///< That were in force, whether or not they apply.
  Sensitivity shown = v1::SENSITIVITY_C0_PUBLIC;  ///< Class of the content.
};

/// Reads one service for a report, cut for this reader by the same functions as the other reads, or
/// by the redaction profile as an export is (docs/data-protection.md). Under a profile nothing
/// rests on a protected source. The same instant gives the same, whatever came later. Errors:
/// NotFound where the service was not known then.
absl::StatusOr<ReportReading> ReadForReport(QueryCore& core, const Principal& principal,
                                            const std::string& stream_id,
                                            const ReportQuestion& question);

}  // namespace trigpoint
