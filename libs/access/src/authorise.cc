#include "trigpoint/access/authorise.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "trigpoint/base/reason.h"
#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

/// Who may call a method, as a set. An authority role stands for kReader and kDecider.
enum Caller : uint8_t {
  kPartner = 1 << 0,
  kReader = 1 << 1,
  kDecider = 1 << 2,
  kReceiver = 1 << 3,
  kOperator = 1 << 4,
  kPrivacy = 1 << 5,
  kIntake = 1 << 6,
  kAnyone = 1 << 7,
};

/// How the target bears on the answer.
enum class Rule : uint8_t {
  kPlain,         ///< Not about a source; the answer must lie within the read clearance.
  kOwnSource,     ///< A source is named, and it is the caller's own.
  kOwnOrPending,  ///< As kOwnSource; without a source the stream may be opened.
  kOwnOrAll,      ///< As kOwnSource; without a source only for an owner of all.
};

struct Row {
  std::string_view method;
  unsigned callers;
  Rule rule = Rule::kPlain;
};

constexpr Row kTable[] = {
    {"trigpoint.v1.IntelligenceService/SubmitEvent", kPartner, Rule::kOwnSource},
    {"trigpoint.v1.IntelligenceService/SubmitEvents", kPartner, Rule::kOwnOrPending},
    {"trigpoint.v1.IntelligenceService/ListQuarantined", kPartner, Rule::kOwnOrAll},
    {"trigpoint.v1.IntelligenceService/GetQuarantined", kPartner, Rule::kOwnOrAll},
    {"trigpoint.v1.IntelligenceService/ResolveQuarantined", kPartner, Rule::kOwnOrAll},
    {"trigpoint.v1.IntelligenceService/TraceSubmission", kPartner, Rule::kOwnSource},
    {"trigpoint.v1.ProviderService/GetProvider", kReader},
    {"trigpoint.v1.ProviderService/ListProviders", kReader},
    {"trigpoint.v1.ProviderService/ListTimeline", kReader},
    {"trigpoint.v1.ProviderService/AssessProvider", kReader},
    {"trigpoint.v1.ProviderService/ListRecommendations", kReader},
    {"trigpoint.v1.ProviderService/ListSiblings", kReader},
    {"trigpoint.v1.ProviderService/ListDuplicates", kReader},
    {"trigpoint.v1.ProviderService/GetCoverage", kReader},
    {"trigpoint.v1.ProviderService/ListObligations", kReader},
    {"trigpoint.v1.ReportService/ProduceReport", kReader},
    {"trigpoint.v1.DecisionService/ProposeDecision", kDecider},
    {"trigpoint.v1.DecisionService/ConcurDecision", kDecider},
    {"trigpoint.v1.DecisionService/DecideInheritance", kDecider},
    {"trigpoint.v1.DecisionService/DecideDuplicates", kDecider},
    {"trigpoint.v1.AlertService/ListAlerts", kReader | kReceiver},
    {"trigpoint.v1.AlertService/WatchAlerts", kReader | kReceiver},
    {"trigpoint.v1.AlertService/AcknowledgeAlert", kReceiver},
    {"trigpoint.v1.AlertService/DeclineAlert", kReceiver},
    {"trigpoint.v1.AlertService/ListDeliveries", kReceiver | kOperator},
    {"trigpoint.v1.AlertService/RetryDeliveries", kOperator},
    {"trigpoint.v1.PolicyService/ListPolicies", kReader | kOperator},
    {"trigpoint.v1.PolicyService/DryRunPolicy", kReader},
    {"trigpoint.v1.PolicyService/ActivatePolicy", kOperator},
    {"trigpoint.v1.PolicyService/RetirePolicy", kOperator},
    {"trigpoint.v1.PrivacyService/PlaceLegalHold", kPrivacy},
    {"trigpoint.v1.PrivacyService/LiftLegalHold", kPrivacy},
    {"trigpoint.v1.PrivacyService/ListLegalHolds", kPrivacy},
    {"trigpoint.v1.PrivacyService/ErasePersonalData", kPrivacy},
    {"trigpoint.v1.PrivacyService/ReadProtectedIdentity", kIntake},
    {"trigpoint.v1.PrivacyService/ExportDisclosure", kPrivacy},
    {"trigpoint.v1.OperationService/GetStatus", kOperator},
    {"trigpoint.v1.OperationService/Verify", kOperator},
    {"trigpoint.v1.OperationService/PublishBaselines", kOperator},
    {"trigpoint.v1.OperationService/PublishHolidays", kOperator},
    {"trigpoint.v1.OperationService/CreateBackup", kOperator},
    {"trigpoint.v1.OperationService/RebuildStore", kOperator},
    {"trigpoint.v1.OperationService/SwitchStoreBack", kOperator},
    {"trigpoint.v1.OperationService/ReleaseStore", kOperator},
    {"trigpoint.v1.OperationService/CreateSeed", kOperator},
    {kMetricsMethod, kOperator},
    // They tell whether it serves, and the public schema; probes and tools come without a role.
    {"grpc.health.v1.Health/Check", kAnyone},
    {"grpc.health.v1.Health/Watch", kAnyone},
    {"grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", kAnyone},
};

struct RoleName {
  Caller caller;
  std::string_view name;
};

constexpr RoleName kRoleNames[] = {
    {kPartner, roles::kPartner},        {kReader, roles::kQualityReader},
    {kDecider, roles::kQualityDecider}, {kReceiver, roles::kAlertReceiver},
    {kOperator, roles::kOperator},      {kPrivacy, roles::kPrivacyOfficer},
    {kIntake, roles::kIntakeOfficer},
};

unsigned CallersOf(const Principal& principal) {
  unsigned callers = kAnyone;
  for (const std::string& role : principal.roles) {
    for (const RoleName& entry : kRoleNames) {
      if (role == entry.name) {
        callers |= entry.caller;
      }
    }
    if (roles::IsAuthority(role)) {
      callers |= kReader | kDecider;
    }
  }
  return callers;
}

// The row's own spelling of the method is used: what came over the wire is never repeated.
absl::Status Denied(const Row& row, std::string_view reason, std::string_view why,
                    const std::string& roles = "") {
  ReasonMetadata metadata{{"method", std::string(row.method)}};
  if (!roles.empty()) {
    metadata["roles"] = roles;
  }
  return WithReason(MakeStatus(absl::StatusCode::kPermissionDenied,
                               std::string(row.method) + ": " + std::string(why)),
                    reason, metadata);
}

absl::Status MissingRole(const Row& row) {
  std::string names;
  for (const RoleName& entry : kRoleNames) {
    if ((row.callers & entry.caller) != 0) {
      names += (names.empty() ? "" : " or ") + std::string(entry.name);
    }
  }
  if ((row.callers & kDecider) != 0) {
    names += " or an authority role";
  }
  return Denied(row, "ROLE_MISSING", "needs the role " + names, names);
}

absl::Status CheckSource(const Principal& principal, const Row& row, const Target& target) {
  if (target.backfill && !HasRole(principal, roles::kBackfill)) {
    return Denied(row, "ROLE_MISSING", "history needs the role BACKFILL beside PARTNER",
                  std::string(roles::kBackfill));
  }
  if (target.source.has_value()) {
    return OwnsSource(principal, *target.source)
               ? absl::OkStatus()
               : Denied(row, "SOURCE_NOT_OWNED",
                        "the source is not one of the caller's (role PARTNER)");
  }
  if (row.rule == Rule::kOwnOrPending) {
    return absl::OkStatus();
  }
  if (row.rule == Rule::kOwnOrAll && std::find(principal.sources.begin(), principal.sources.end(),
                                               "*") != principal.sources.end()) {
    return absl::OkStatus();
  }
  return Denied(row, "SOURCE_REQUIRED", "name one of the caller's own sources (role PARTNER)");
}

}  // namespace

absl::Status Authorise(const Principal& principal, std::string_view method, const Target& target) {
  if (method.starts_with('/')) {
    method.remove_prefix(1);
  }
  const Row* row = std::find_if(std::begin(kTable), std::end(kTable),
                                [method](const Row& r) { return r.method == method; });
  if (row == std::end(kTable)) {
    return WithReason(MakeStatus(absl::StatusCode::kPermissionDenied,
                                 "the method is not in the access table: no role may call it"),
                      "METHOD_CLOSED");
  }
  if ((row->callers & CallersOf(principal)) == 0) {
    return MissingRole(*row);
  }
  if (row->rule != Rule::kPlain) {
    return CheckSource(principal, *row, target);
  }
  if (target.sensitivity < v1::SENSITIVITY_UNSPECIFIED ||
      target.sensitivity > ReadClearance(principal)) {
    return Denied(*row, "CLEARANCE_TOO_LOW", "the content is above the caller's clearance");
  }
  return absl::OkStatus();
}

Sensitivity ReadClearance(const Principal& principal) {
  return std::clamp(principal.clearance, v1::SENSITIVITY_C0_PUBLIC,
                    v1::SENSITIVITY_C3_PSEUDONYMISED);
}

}  // namespace trigpoint
