// Who may call what, in full: every role x every method of the API x own, another's or no source.
// A method or a role without its place in this table fails the test.
#include <gmock/gmock.h>

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "grpc/health/v1/health.pb.h"
#include "trigpoint/access/authorise.h"
#include "trigpoint/v1/api.pb.h"

namespace trigpoint {
namespace {

// The columns, in the order of roles::All().
const std::vector<std::string> kColumns = {
    "PARTNER",         "BACKFILL",           "QUALITY_READER",
    "QUALITY_DECIDER", "ALERT_RECEIVER",     "OPERATOR",
    "PRIVACY_OFFICER", "INTAKE_OFFICER",  //
    "TEAM_MANAGER",    "MULTI_AGENCY_PANEL", "ICB_AUTHORISER",
    "NHSE_AUTHORISER", "COUNCIL_AUTHORISER", "QUALITY_REVIEW_MEETING",
    "REGULATOR",       "LOCAL_AUTHORITY",    "HEAD_OF_QUALITY_SAFETY"};

struct Expected {
  std::string_view own;      // The source in question is the caller's own.
  std::string_view other;    // It is another partner's.
  std::string_view unnamed;  // No source is named.
};

// clang-format off
// One column for each role:    P B R D A O V W   T M I N C Q G L H   y: may, -: may not.
const std::map<std::string, Expected> kTable = {
  {"trigpoint.v1.IntelligenceService/SubmitEvent",
                       {.own   = "y - - - - - - -   - - - - - - - - -",
                        .other = "- - - - - - - -   - - - - - - - - -",
                        .unnamed="- - - - - - - -   - - - - - - - - -"}},
  {"trigpoint.v1.IntelligenceService/SubmitEvents",
                       {.own   = "y - - - - - - -   - - - - - - - - -",
                        .other = "- - - - - - - -   - - - - - - - - -",
                        .unnamed="y - - - - - - -   - - - - - - - - -"}},
  {"trigpoint.v1.IntelligenceService/ListQuarantined",
                       {.own   = "y - - - - - - -   - - - - - - - - -",
                        .other = "- - - - - - - -   - - - - - - - - -",
                        .unnamed="- - - - - - - -   - - - - - - - - -"}},
  {"trigpoint.v1.IntelligenceService/GetQuarantined",
                       {.own   = "y - - - - - - -   - - - - - - - - -",
                        .other = "- - - - - - - -   - - - - - - - - -",
                        .unnamed="- - - - - - - -   - - - - - - - - -"}},
  {"trigpoint.v1.IntelligenceService/ResolveQuarantined",
                       {.own   = "y - - - - - - -   - - - - - - - - -",
                        .other = "- - - - - - - -   - - - - - - - - -",
                        .unnamed="- - - - - - - -   - - - - - - - - -"}},
  {"trigpoint.v1.IntelligenceService/TraceSubmission",
                       {.own   = "y - - - - - - -   - - - - - - - - -",
                        .other = "- - - - - - - -   - - - - - - - - -",
                        .unnamed="- - - - - - - -   - - - - - - - - -"}},
  {"trigpoint.v1.ProviderService/GetProvider",
                       {.own   = "- - y - - - - -   y y y y y y y y y",
                        .other = "- - y - - - - -   y y y y y y y y y",
                        .unnamed="- - y - - - - -   y y y y y y y y y"}},
  {"trigpoint.v1.ProviderService/ListProviders",
                       {.own   = "- - y - - - - -   y y y y y y y y y",
                        .other = "- - y - - - - -   y y y y y y y y y",
                        .unnamed="- - y - - - - -   y y y y y y y y y"}},
  {"trigpoint.v1.ProviderService/ListTimeline",
                       {.own   = "- - y - - - - -   y y y y y y y y y",
                        .other = "- - y - - - - -   y y y y y y y y y",
                        .unnamed="- - y - - - - -   y y y y y y y y y"}},
  {"trigpoint.v1.ProviderService/AssessProvider",
                       {.own   = "- - y - - - - -   y y y y y y y y y",
                        .other = "- - y - - - - -   y y y y y y y y y",
                        .unnamed="- - y - - - - -   y y y y y y y y y"}},
  {"trigpoint.v1.ProviderService/ListRecommendations",
                       {.own   = "- - y - - - - -   y y y y y y y y y",
                        .other = "- - y - - - - -   y y y y y y y y y",
                        .unnamed="- - y - - - - -   y y y y y y y y y"}},
  {"trigpoint.v1.ProviderService/ListSiblings",
                       {.own   = "- - y - - - - -   y y y y y y y y y",
                        .other = "- - y - - - - -   y y y y y y y y y",
                        .unnamed="- - y - - - - -   y y y y y y y y y"}},
  {"trigpoint.v1.ProviderService/ListDuplicates",
                       {.own   = "- - y - - - - -   y y y y y y y y y",
                        .other = "- - y - - - - -   y y y y y y y y y",
                        .unnamed="- - y - - - - -   y y y y y y y y y"}},
  {"trigpoint.v1.ProviderService/GetCoverage",
                       {.own   = "- - y - - - - -   y y y y y y y y y",
                        .other = "- - y - - - - -   y y y y y y y y y",
                        .unnamed="- - y - - - - -   y y y y y y y y y"}},
  {"trigpoint.v1.ProviderService/ListObligations",
                       {.own   = "- - y - - - - -   y y y y y y y y y",
                        .other = "- - y - - - - -   y y y y y y y y y",
                        .unnamed="- - y - - - - -   y y y y y y y y y"}},
  {"trigpoint.v1.ReportService/ProduceReport",
                       {.own   = "- - y - - - - -   y y y y y y y y y",
                        .other = "- - y - - - - -   y y y y y y y y y",
                        .unnamed="- - y - - - - -   y y y y y y y y y"}},
  {"trigpoint.v1.DecisionService/ProposeDecision",
                       {.own   = "- - - y - - - -   y y y y y y y y y",
                        .other = "- - - y - - - -   y y y y y y y y y",
                        .unnamed="- - - y - - - -   y y y y y y y y y"}},
  {"trigpoint.v1.DecisionService/ConcurDecision",
                       {.own   = "- - - y - - - -   y y y y y y y y y",
                        .other = "- - - y - - - -   y y y y y y y y y",
                        .unnamed="- - - y - - - -   y y y y y y y y y"}},
  {"trigpoint.v1.DecisionService/DecideInheritance",
                       {.own   = "- - - y - - - -   y y y y y y y y y",
                        .other = "- - - y - - - -   y y y y y y y y y",
                        .unnamed="- - - y - - - -   y y y y y y y y y"}},
  {"trigpoint.v1.DecisionService/DecideDuplicates",
                       {.own   = "- - - y - - - -   y y y y y y y y y",
                        .other = "- - - y - - - -   y y y y y y y y y",
                        .unnamed="- - - y - - - -   y y y y y y y y y"}},
  {"trigpoint.v1.AlertService/ListAlerts",
                       {.own   = "- - y - y - - -   y y y y y y y y y",
                        .other = "- - y - y - - -   y y y y y y y y y",
                        .unnamed="- - y - y - - -   y y y y y y y y y"}},
  {"trigpoint.v1.AlertService/WatchAlerts",
                       {.own   = "- - y - y - - -   y y y y y y y y y",
                        .other = "- - y - y - - -   y y y y y y y y y",
                        .unnamed="- - y - y - - -   y y y y y y y y y"}},
  {"trigpoint.v1.AlertService/AcknowledgeAlert",
                       {.own   = "- - - - y - - -   - - - - - - - - -",
                        .other = "- - - - y - - -   - - - - - - - - -",
                        .unnamed="- - - - y - - -   - - - - - - - - -"}},
  {"trigpoint.v1.AlertService/DeclineAlert",
                       {.own   = "- - - - y - - -   - - - - - - - - -",
                        .other = "- - - - y - - -   - - - - - - - - -",
                        .unnamed="- - - - y - - -   - - - - - - - - -"}},
  {"trigpoint.v1.AlertService/ListDeliveries",
                       {.own   = "- - - - y y - -   - - - - - - - - -",
                        .other = "- - - - y y - -   - - - - - - - - -",
                        .unnamed="- - - - y y - -   - - - - - - - - -"}},
  {"trigpoint.v1.AlertService/RetryDeliveries",
                       {.own   = "- - - - - y - -   - - - - - - - - -",
                        .other = "- - - - - y - -   - - - - - - - - -",
                        .unnamed="- - - - - y - -   - - - - - - - - -"}},
  {"trigpoint.v1.PolicyService/ListPolicies",
                       {.own   = "- - y - - y - -   y y y y y y y y y",
                        .other = "- - y - - y - -   y y y y y y y y y",
                        .unnamed="- - y - - y - -   y y y y y y y y y"}},
  {"trigpoint.v1.PolicyService/DryRunPolicy",
                       {.own   = "- - y - - - - -   y y y y y y y y y",
                        .other = "- - y - - - - -   y y y y y y y y y",
                        .unnamed="- - y - - - - -   y y y y y y y y y"}},
  {"trigpoint.v1.PolicyService/ActivatePolicy",
                       {.own   = "- - - - - y - -   - - - - - - - - -",
                        .other = "- - - - - y - -   - - - - - - - - -",
                        .unnamed="- - - - - y - -   - - - - - - - - -"}},
  {"trigpoint.v1.PolicyService/RetirePolicy",
                       {.own   = "- - - - - y - -   - - - - - - - - -",
                        .other = "- - - - - y - -   - - - - - - - - -",
                        .unnamed="- - - - - y - -   - - - - - - - - -"}},
  {"trigpoint.v1.PrivacyService/PlaceLegalHold",
                       {.own   = "- - - - - - y -   - - - - - - - - -",
                        .other = "- - - - - - y -   - - - - - - - - -",
                        .unnamed="- - - - - - y -   - - - - - - - - -"}},
  {"trigpoint.v1.PrivacyService/LiftLegalHold",
                       {.own   = "- - - - - - y -   - - - - - - - - -",
                        .other = "- - - - - - y -   - - - - - - - - -",
                        .unnamed="- - - - - - y -   - - - - - - - - -"}},
  {"trigpoint.v1.PrivacyService/ListLegalHolds",
                       {.own   = "- - - - - - y -   - - - - - - - - -",
                        .other = "- - - - - - y -   - - - - - - - - -",
                        .unnamed="- - - - - - y -   - - - - - - - - -"}},
  {"trigpoint.v1.PrivacyService/ErasePersonalData",
                       {.own   = "- - - - - - y -   - - - - - - - - -",
                        .other = "- - - - - - y -   - - - - - - - - -",
                        .unnamed="- - - - - - y -   - - - - - - - - -"}},
  {"trigpoint.v1.PrivacyService/ReadProtectedIdentity",
                       {.own   = "- - - - - - - y   - - - - - - - - -",
                        .other = "- - - - - - - y   - - - - - - - - -",
                        .unnamed="- - - - - - - y   - - - - - - - - -"}},
  {"trigpoint.v1.PrivacyService/ExportDisclosure",
                       {.own   = "- - - - - - y -   - - - - - - - - -",
                        .other = "- - - - - - y -   - - - - - - - - -",
                        .unnamed="- - - - - - y -   - - - - - - - - -"}},
  {"trigpoint.v1.OperationService/GetStatus",
                       {.own   = "- - - - - y - -   - - - - - - - - -",
                        .other = "- - - - - y - -   - - - - - - - - -",
                        .unnamed="- - - - - y - -   - - - - - - - - -"}},
  {"trigpoint.v1.OperationService/Verify",
                       {.own   = "- - - - - y - -   - - - - - - - - -",
                        .other = "- - - - - y - -   - - - - - - - - -",
                        .unnamed="- - - - - y - -   - - - - - - - - -"}},
  {"trigpoint.v1.OperationService/PublishBaselines",
                       {.own   = "- - - - - y - -   - - - - - - - - -",
                        .other = "- - - - - y - -   - - - - - - - - -",
                        .unnamed="- - - - - y - -   - - - - - - - - -"}},
  {"trigpoint.v1.OperationService/PublishHolidays",
                       {.own   = "- - - - - y - -   - - - - - - - - -",
                        .other = "- - - - - y - -   - - - - - - - - -",
                        .unnamed="- - - - - y - -   - - - - - - - - -"}},
  {"trigpoint.v1.OperationService/CreateBackup",
                       {.own   = "- - - - - y - -   - - - - - - - - -",
                        .other = "- - - - - y - -   - - - - - - - - -",
                        .unnamed="- - - - - y - -   - - - - - - - - -"}},
  {"trigpoint.v1.OperationService/RebuildStore",
                       {.own   = "- - - - - y - -   - - - - - - - - -",
                        .other = "- - - - - y - -   - - - - - - - - -",
                        .unnamed="- - - - - y - -   - - - - - - - - -"}},
  {"trigpoint.v1.OperationService/SwitchStoreBack",
                       {.own   = "- - - - - y - -   - - - - - - - - -",
                        .other = "- - - - - y - -   - - - - - - - - -",
                        .unnamed="- - - - - y - -   - - - - - - - - -"}},
  {"trigpoint.v1.OperationService/ReleaseStore",
                       {.own   = "- - - - - y - -   - - - - - - - - -",
                        .other = "- - - - - y - -   - - - - - - - - -",
                        .unnamed="- - - - - y - -   - - - - - - - - -"}},
  {"trigpoint.v1.OperationService/CreateSeed",
                       {.own   = "- - - - - y - -   - - - - - - - - -",
                        .other = "- - - - - y - -   - - - - - - - - -",
                        .unnamed="- - - - - y - -   - - - - - - - - -"}},
  {"grpc.health.v1.Health/Check",
                       {.own   = "y y y y y y y y   y y y y y y y y y",
                        .other = "y y y y y y y y   y y y y y y y y y",
                        .unnamed="y y y y y y y y   y y y y y y y y y"}},
  {"grpc.health.v1.Health/Watch",
                       {.own   = "y y y y y y y y   y y y y y y y y y",
                        .other = "y y y y y y y y   y y y y y y y y y",
                        .unnamed="y y y y y y y y   y y y y y y y y y"}},
};
// clang-format on

std::vector<std::string> MethodsOfTheApi() {
  std::vector<std::string> methods;
  for (const auto* file : {v1::GetStatusRequest::descriptor()->file(),
                           grpc::health::v1::HealthCheckRequest::descriptor()->file()}) {
    for (int s = 0; s < file->service_count(); ++s) {
      const auto* service = file->service(s);
      for (int m = 0; m < service->method_count(); ++m) {
        methods.push_back(service->full_name() + "/" + service->method(m)->name());
      }
    }
  }
  return methods;
}

bool May(std::string_view cells, size_t column) {
  size_t at = 0;
  for (const char c : cells) {
    if (c != ' ' && at++ == column) {
      return c == 'y';
    }
  }
  ADD_FAILURE() << "the row is too short: " << cells;
  return false;
}

TEST(AccessMatrix, HasARowForEveryMethodOfTheApiAndNoOther) {
  const std::vector<std::string> methods = MethodsOfTheApi();
  std::vector<std::string> rows;
  for (const auto& [method, expected] : kTable) {
    rows.push_back(method);
  }
  EXPECT_THAT(methods, testing::UnorderedElementsAreArray(rows));
  EXPECT_GE(methods.size(), 17U);
}

TEST(AccessMatrix, HasAColumnForEveryRole) {
  EXPECT_THAT(roles::All(), testing::ElementsAreArray(kColumns));
}

TEST(AccessMatrix, HoldsForEveryRoleAndMethodAndSource) {
  int checked = 0;
  for (const std::string& method : MethodsOfTheApi()) {
    const auto row = kTable.find(method);
    ASSERT_NE(row, kTable.end()) << method << " has no row";
    for (size_t column = 0; column < kColumns.size(); ++column) {
      const Principal principal{.id = "p",
                                .organisation = "o",
                                .roles = {kColumns[column]},
                                .sources = {"ours"},
                                .clearance = v1::SENSITIVITY_C3_PSEUDONYMISED};
      struct Case {
        std::string_view name;
        Target target;
        std::string_view cells;
      };
      for (const Case& c : {Case{"own", {.source = "ours/a"}, row->second.own},
                            Case{"other", {.source = "theirs/a"}, row->second.other},
                            Case{"unnamed", {}, row->second.unnamed}}) {
        const absl::Status got = Authorise(principal, method, c.target);
        EXPECT_EQ(got.ok(), May(c.cells, column))
            << kColumns[column] << " " << method << " source " << c.name;
        if (!got.ok()) {
          EXPECT_EQ(got.code(), absl::StatusCode::kPermissionDenied);
          EXPECT_THAT(std::string(got.message()), testing::HasSubstr(method));
        }
        ++checked;
      }
    }
  }
  EXPECT_EQ(checked, static_cast<int>(kTable.size() * kColumns.size() * 3));
}

TEST(AccessMatrix, OpensNothingButHealthToACallerWithoutARole) {
  for (const std::vector<std::string>& names :
       {std::vector<std::string>{}, {"partner"}, {"PARTNER "}, {"ADMIN"}, {""}}) {
    const Principal principal{.id = "p",
                              .organisation = "o",
                              .roles = names,
                              .sources = {"*"},
                              .clearance = v1::SENSITIVITY_C5_PROTECTED_SOURCE};
    for (const std::string& method : MethodsOfTheApi()) {
      const bool health = method.starts_with("grpc.health.");
      EXPECT_EQ(Authorise(principal, method, {.source = "ours"}).ok(), health) << method;
    }
  }
}

}  // namespace
}  // namespace trigpoint
