#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "trigpoint/access/principal.h"

namespace trigpoint {

/// What a call is about, as far as access depends on it.
struct Target {
  /// The source that is submitted for, or whose quarantine is listed.
  /// None: SubmitEvents before its first item (each item is then authorised by its own source), and
  /// ListQuarantined over all sources, which only an owner of "*" may do.
  std::optional<std::string> source{};
  /// What is submitted belongs to a backfill: the role BACKFILL, too.
  bool backfill = false;
  /// Class of the content that the answer would carry; unspecified: the answer is redacted entry by
  /// entry with ReadClearance. Without meaning for submits: what a partner sends is its own.
  Sensitivity sensitivity = v1::SENSITIVITY_UNSPECIFIED;
};

/// Name under which the metrics endpoint stands in the table.
inline constexpr std::string_view kMetricsMethod = "metrics";

/// Decides whether a principal may call a method: the only place where access is decided.
/// `method` is "trigpoint.v1.IntelligenceService/SubmitEvent", with or without a leading "/".
/// Rule: default deny. A method without a row in the table is denied to everybody.
/// Errors: PermissionDenied, which names the method and the missing role and nothing of the call;
/// its reason (base/reason.h) is ROLE_MISSING, SOURCE_NOT_OWNED, SOURCE_REQUIRED, CLEARANCE_TOO_LOW
/// or METHOD_CLOSED, with `method` and `roles` beside it.
/// Authority for a decision is another matter: the fold answers it with FailedPrecondition.
absl::Status Authorise(const Principal& principal, std::string_view method, const Target& target);

/// Gives the highest class whose content the principal may read: C0 to C3.
/// Rule: C4 and C5 content is hidden in every read, whatever the clearance (domain.md 2.2).
Sensitivity ReadClearance(const Principal& principal);

}  // namespace trigpoint
