#include "trigpoint/access/authorise.h"

#include <gmock/gmock.h>

#include <string>

#include "trigpoint/base/reason.h"

namespace trigpoint {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

Principal WithRole(std::string_view role) {
  return {.id = "id-of-a-person",
          .organisation = "organisation-of-a-person",
          .roles = {std::string(role)},
          .sources = {"hfd/safeguarding"},
          .clearance = v1::SENSITIVITY_C3_PSEUDONYMISED};
}

std::string Message(const absl::Status& status) { return std::string(status.message()); }

TEST(Authorise, DeniesAMethodThatIsNotInTheTableToEveryRole) {
  Principal everything = WithRole("PARTNER");
  const auto all = roles::All();
  everything.roles.assign(all.begin(), all.end());
  everything.sources = {"*"};
  for (const std::string_view method :
       {"", "/", "trigpoint.v1.OperationService/Shutdown", "trigpoint.v1.OperationService",
        "trigpoint.v1.OperationService/GetStatus ", "trigpoint.v1.operationservice/getstatus",
        "//trigpoint.v1.OperationService/GetStatus", "trigpoint.v2.OperationService/GetStatus"}) {
    const absl::Status got = Authorise(everything, method, {});
    EXPECT_EQ(got.code(), absl::StatusCode::kPermissionDenied) << method;
  }
}

TEST(Authorise, TakesTheMethodAsGrpcSpellsItToo) {
  EXPECT_TRUE(Authorise(WithRole("OPERATOR"), "/trigpoint.v1.OperationService/GetStatus", {}).ok());
}

TEST(Authorise, NamesMethodAndMissingRoleAndNothingOfTheCaller) {
  const absl::Status got =
      Authorise(WithRole("OPERATOR"), "trigpoint.v1.AlertService/AcknowledgeAlert",
                {.source = "source-of-a-person"});
  EXPECT_THAT(Message(got), AllOf(HasSubstr("trigpoint.v1.AlertService/AcknowledgeAlert"),
                                  HasSubstr("ALERT_RECEIVER"), Not(HasSubstr("of-a-person"))));
  const absl::Status decision =
      Authorise(WithRole("PARTNER"), "trigpoint.v1.DecisionService/ProposeDecision", {});
  EXPECT_THAT(Message(decision), HasSubstr("QUALITY_DECIDER or an authority role"));
}

TEST(Authorise, TellsProgramsWhyNot) {
  constexpr std::string_view kAcknowledge = "trigpoint.v1.AlertService/AcknowledgeAlert";
  const absl::Status role = Authorise(WithRole("OPERATOR"), kAcknowledge, {});
  EXPECT_EQ(ReasonOf(role), "ROLE_MISSING");
  EXPECT_EQ(ReasonMetadataOf(role),
            (ReasonMetadata{{"method", std::string(kAcknowledge)}, {"roles", "ALERT_RECEIVER"}}));
  const absl::Status source =
      Authorise(WithRole("PARTNER"), "trigpoint.v1.IntelligenceService/SubmitEvent",
                {.source = "9434765919"});
  EXPECT_EQ(ReasonOf(source), "SOURCE_NOT_OWNED");
  EXPECT_EQ(ReasonMetadataOf(source).count("source"), 0U) << "not even here";
  EXPECT_EQ(ReasonOf(Authorise(WithRole("PARTNER"), "nothing", {})), "METHOD_CLOSED");
}

TEST(Authorise, DoesNotRepeatTheSourceOfAnother) {
  const absl::Status got =
      Authorise(WithRole("PARTNER"), "trigpoint.v1.IntelligenceService/SubmitEvent",
                {.source = "9434765919"});
  EXPECT_EQ(got.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(Message(got), AllOf(HasSubstr("PARTNER"), Not(HasSubstr("9434765919"))));
}

TEST(Authorise, ListsAllQuarantineOnlyForAnOwnerOfAllSources) {
  Principal partner = WithRole("PARTNER");
  constexpr std::string_view kMethod = "trigpoint.v1.IntelligenceService/ListQuarantined";
  EXPECT_FALSE(Authorise(partner, kMethod, {}).ok());
  EXPECT_FALSE(Authorise(partner, kMethod, {.source = ""}).ok());
  partner.sources = {"*"};
  EXPECT_TRUE(Authorise(partner, kMethod, {}).ok());
}

TEST(Authorise, KeepsEachSubmittedItemToTheCallersSources) {
  const Principal partner = WithRole("PARTNER");
  constexpr std::string_view kMethod = "trigpoint.v1.IntelligenceService/SubmitEvents";
  EXPECT_TRUE(Authorise(partner, kMethod, {}).ok());
  EXPECT_TRUE(Authorise(partner, kMethod, {.source = "hfd/safeguarding/night"}).ok());
  EXPECT_FALSE(Authorise(partner, kMethod, {.source = ""}).ok());
  EXPECT_FALSE(Authorise(partner, kMethod, {.source = "hfd"}).ok());
}

TEST(Authorise, LetsOnlyThoseWithBothRolesLoadHistory) {
  constexpr std::string_view kMethod = "trigpoint.v1.IntelligenceService/SubmitEvents";
  Principal caller = WithRole("PARTNER");
  const Target history{.source = "hfd/safeguarding", .backfill = true};
  EXPECT_FALSE(Authorise(caller, kMethod, history).ok());
  caller.roles = {"BACKFILL"};
  EXPECT_FALSE(Authorise(caller, kMethod, history).ok());
  caller.roles = {"PARTNER", "BACKFILL"};
  EXPECT_TRUE(Authorise(caller, kMethod, history).ok());
  EXPECT_FALSE(Authorise(caller, kMethod, {.source = "another", .backfill = true}).ok());
}

TEST(Authorise, OpensHealthAndReflectionToProbesWithoutARole) {
  for (const std::string_view method :
       {"grpc.health.v1.Health/Check", "grpc.health.v1.Health/Watch",
        "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"}) {
    EXPECT_TRUE(Authorise({}, method, {}).ok()) << method;
  }
}

TEST(Authorise, GrantsMetricsToOperatorsOnly) {
  for (const std::string_view role : roles::All()) {
    EXPECT_EQ(Authorise(WithRole(role), kMetricsMethod, {}).ok(), role == roles::kOperator) << role;
  }
}

TEST(Authorise, HidesContentAboveTheClearanceAndC4AndC5FromEverybody) {
  constexpr std::string_view kMethod = "trigpoint.v1.ProviderService/GetProvider";
  for (int clearance = v1::Sensitivity_MIN; clearance <= v1::Sensitivity_MAX; ++clearance) {
    Principal reader = WithRole("QUALITY_READER");
    reader.clearance = static_cast<Sensitivity>(clearance);
    for (int content = v1::SENSITIVITY_C0_PUBLIC; content <= v1::Sensitivity_MAX; ++content) {
      const bool readable = content == v1::SENSITIVITY_C0_PUBLIC ||
                            (content <= clearance && content <= v1::SENSITIVITY_C3_PSEUDONYMISED);
      EXPECT_EQ(Authorise(reader, kMethod, {.sensitivity = static_cast<Sensitivity>(content)}).ok(),
                readable)
          << "clearance " << clearance << " content " << content;
    }
  }
}

TEST(Authorise, LetsAPartnerSendWhatItMayNotRead) {
  Principal partner = WithRole("PARTNER");
  partner.clearance = v1::SENSITIVITY_C0_PUBLIC;
  EXPECT_TRUE(
      Authorise(partner, "trigpoint.v1.IntelligenceService/SubmitEvent",
                {.source = "hfd/safeguarding", .sensitivity = v1::SENSITIVITY_C5_PROTECTED_SOURCE})
          .ok());
}

TEST(ReadClearance, LiesBetweenC0AndC3) {
  EXPECT_EQ(ReadClearance({}), v1::SENSITIVITY_C0_PUBLIC);
  EXPECT_EQ(ReadClearance({.clearance = v1::SENSITIVITY_C2_IN_CONFIDENCE}),
            v1::SENSITIVITY_C2_IN_CONFIDENCE);
  EXPECT_EQ(ReadClearance({.clearance = v1::SENSITIVITY_C5_PROTECTED_SOURCE}),
            v1::SENSITIVITY_C3_PSEUDONYMISED);
}

TEST(OwnsSource, TakesAPrefixAtASlashOnly) {
  const Principal partner{.sources = {"hfd/safeguarding", "cqc/", ""}};
  EXPECT_TRUE(OwnsSource(partner, "hfd/safeguarding"));
  EXPECT_TRUE(OwnsSource(partner, "hfd/safeguarding/night"));
  EXPECT_TRUE(OwnsSource(partner, "cqc/ratings"));
  EXPECT_FALSE(OwnsSource(partner, "cqc"));
  EXPECT_FALSE(OwnsSource(partner, "hfd/safeguarding-2"));
  EXPECT_FALSE(OwnsSource(partner, "hfd"));
  EXPECT_FALSE(OwnsSource(partner, "HFD/safeguarding"));
  EXPECT_FALSE(OwnsSource(partner, ""));
  EXPECT_FALSE(OwnsSource(Principal{.sources = {"*"}}, ""));
  EXPECT_TRUE(OwnsSource(Principal{.sources = {"*"}}, "anything"));
}

}  // namespace
}  // namespace trigpoint
