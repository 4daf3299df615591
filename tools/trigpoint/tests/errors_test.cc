#include "errors.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace trigpoint {
namespace {

grpc::Status WithDetails(grpc::StatusCode code, const std::string& message) {
  google::rpc::Status status;
  status.set_code(static_cast<int>(code));
  status.set_message(message);
  google::rpc::ErrorInfo info;
  info.set_reason("AUTHORITY_MISSING");
  info.set_domain("trigpoint");
  (*info.mutable_metadata())["clause"] = "S2 3.4.3";
  status.add_details()->PackFrom(info);
  google::rpc::BadRequest bad_request;
  auto* violation = bad_request.add_field_violations();
  violation->set_field("cqc_rating_published.overall");
  violation->set_description("is not a rating (CL-04) [UNKNOWN_ENUM_VALUE]");
  status.add_details()->PackFrom(bad_request);
  return {code, message, status.SerializeAsString()};
}

TEST(ExitCodeOf, MapsEveryCodeOfGrpc) {
  const struct {
    grpc::StatusCode code;
    int exit;
  } rows[] = {
      {grpc::StatusCode::OK, 0},
      {grpc::StatusCode::CANCELLED, 3},
      {grpc::StatusCode::UNKNOWN, 7},
      {grpc::StatusCode::INVALID_ARGUMENT, 2},
      {grpc::StatusCode::DEADLINE_EXCEEDED, 3},
      {grpc::StatusCode::NOT_FOUND, 4},
      {grpc::StatusCode::ALREADY_EXISTS, 1},
      {grpc::StatusCode::PERMISSION_DENIED, 5},
      {grpc::StatusCode::RESOURCE_EXHAUSTED, 3},
      {grpc::StatusCode::FAILED_PRECONDITION, 6},
      {grpc::StatusCode::ABORTED, 6},
      {grpc::StatusCode::OUT_OF_RANGE, 7},
      {grpc::StatusCode::UNIMPLEMENTED, 7},
      {grpc::StatusCode::INTERNAL, 7},
      {grpc::StatusCode::UNAVAILABLE, 3},
      {grpc::StatusCode::DATA_LOSS, 7},
      {grpc::StatusCode::UNAUTHENTICATED, 5},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(static_cast<int>(ExitCodeOf(row.code)), row.exit) << CodeName(row.code);
  }
}

TEST(ExitCodeOf, TakesOurOwnStatusesAlike) {
  EXPECT_EQ(ExitCodeOf(absl::OkStatus()), ExitCode::kOk);
  EXPECT_EQ(ExitCodeOf(absl::NotFoundError("")), ExitCode::kNotFound);
}

TEST(CodeName, IsTheCanonicalName) {
  EXPECT_EQ(CodeName(grpc::StatusCode::FAILED_PRECONDITION), "FAILED_PRECONDITION");
  EXPECT_EQ(CodeName(grpc::StatusCode::UNAUTHENTICATED), "UNAUTHENTICATED");
}

TEST(ErrorText, GivesOneLineForTheErrorAndOneForEachField) {
  const auto report =
      Decode(WithDetails(grpc::StatusCode::FAILED_PRECONDITION, "a team manager may not do this"));
  EXPECT_EQ(ErrorText(report, "127.0.0.1:7447"),
            "error: a team manager may not do this (AUTHORITY_MISSING)\n"
            "  cqc_rating_published.overall: is not a rating (CL-04) (UNKNOWN_ENUM_VALUE)\n"
            "  clause: S2 3.4.3\n");
}

TEST(ErrorText, DoesNotRepeatAClauseThatTheMessageNames) {
  const auto report =
      Decode(WithDetails(grpc::StatusCode::FAILED_PRECONDITION, "the panel decides (S2 3.4.3)"));
  EXPECT_EQ(ErrorText(report, "").find("clause:"), std::string::npos);
}

TEST(ErrorText, SaysWhatToDoWhenNobodyAnswers) {
  const auto report = Decode({grpc::StatusCode::UNAVAILABLE, "connection refused"});
  EXPECT_EQ(ErrorText(report, "10.0.0.7:7447"),
            "error: the server does not answer: connection refused\n"
            "  Asked: 10.0.0.7:7447 (another: --server HOST:PORT or TRIGPOINT_SERVER)\n"
            "  Start it with: tools/demo or trigpoint serve\n");
}

TEST(ErrorText, NeverPassesControlCharactersOn) {
  const auto report = Decode({grpc::StatusCode::NOT_FOUND, "no \x1b[2J provider\n"});
  EXPECT_EQ(ErrorText(report, ""), "error: no  [2J provider \n");
}

TEST(ErrorText, FallsBackOnTheCode) {
  EXPECT_EQ(ErrorText(Decode({grpc::StatusCode::INTERNAL, ""}), ""), "error: INTERNAL\n");
}

TEST(Decode, LeavesOutDetailsThatCannotBeRead) {
  const auto report = Decode({grpc::StatusCode::INTERNAL, "broken", "\xff\xff\xff"});
  EXPECT_EQ(report.message, "broken");
  EXPECT_TRUE(report.reason.empty());
  EXPECT_TRUE(report.fields.empty());
}

TEST(ErrorJson, IsOneLineWithEverything) {
  const std::string text =
      ErrorJson(Decode(WithDetails(grpc::StatusCode::INVALID_ARGUMENT, "not valid")), "here:1");
  EXPECT_EQ(text.find('\n'), text.size() - 1);
  const auto json = nlohmann::json::parse(text);
  EXPECT_EQ(json["error"]["code"], "INVALID_ARGUMENT");
  EXPECT_EQ(json["error"]["reason"], "AUTHORITY_MISSING");
  EXPECT_EQ(json["error"]["metadata"]["clause"], "S2 3.4.3");
  EXPECT_EQ(json["error"]["fields"][0]["rule"], "UNKNOWN_ENUM_VALUE");
}

}  // namespace
}  // namespace trigpoint
