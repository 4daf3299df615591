#include "services/common/rpc_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "google/rpc/error_details.pb.h"
#include "services/common/field_error.h"
#include "services/common/tests/error_detail.h"

namespace trigpoint {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

v1::FieldViolation Violation(const std::string& field, const std::string& description) {
  v1::FieldViolation violation;
  violation.set_field(field);
  violation.set_rule("RULE");
  violation.set_description(description);
  return violation;
}

/// What message and details take in the trailers of a call, the details being in base64.
size_t TrailerBytes(const grpc::Status& status) {
  return status.error_message().size() + (status.error_details().size() + 2) / 3 * 4;
}

constexpr char kFile[] = "data/log/log/000004.log";

std::string ReasonOf(const grpc::Status& status) {
  return DetailOf<google::rpc::ErrorInfo>(status).reason();
}

TEST(ToGrpc, LeavesOkAsItIs) { EXPECT_TRUE(ToGrpc(absl::OkStatus()).ok()); }

TEST(ToGrpc, KeepsTheFilesOfTheServerFromTheCaller) {
  for (const absl::StatusCode code :
       {absl::StatusCode::kResourceExhausted, absl::StatusCode::kUnavailable,
        absl::StatusCode::kInternal, absl::StatusCode::kDataLoss, absl::StatusCode::kUnknown}) {
    const grpc::Status status =
        ToGrpc(absl::Status(code, std::string("write log: no space left: ") + kFile));
    EXPECT_EQ(static_cast<int>(status.error_code()), static_cast<int>(code));
    EXPECT_EQ(ReasonOf(status), absl::StatusCodeToString(code));
    EXPECT_THAT(status.error_message(), Not(HasSubstr(kFile)));
    EXPECT_THAT(status.error_details(), Not(HasSubstr(kFile)));
  }
}

TEST(ToGrpc, KeepsTheTextOfAnInternalErrorEvenBesideAReason) {
  EXPECT_THAT(ToGrpc(absl::InternalError(kFile), "PAGE_INVALID").error_message(),
              Not(HasSubstr(kFile)));
}

TEST(ToGrpc, TellsTheCallerOfAFullDiskToSendItAgain) {
  EXPECT_THAT(ToGrpc(absl::ResourceExhaustedError(kFile)).error_message(),
              HasSubstr("send it again later"));
}

TEST(ToGrpc, PassesOnTheTextOfAnAnswerWithAReasonAndOfWhatTheCallerCanMend) {
  const grpc::Status busy = ToGrpc(absl::ResourceExhaustedError("too many calls at once"), "BUSY");
  EXPECT_EQ(busy.error_message(), "too many calls at once");
  EXPECT_EQ(ReasonOf(busy), "BUSY");
  EXPECT_EQ(ToGrpc(absl::NotFoundError("no provider prv-1")).error_message(), "no provider prv-1");
}

TEST(ToGrpc, TellsAFieldErrorAsABadRequestThatNamesTheFieldOnce) {
  const grpc::Status status =
      ToGrpc(FieldError("page_size", "NUMBER_OUT_OF_RANGE", "must not be negative"));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "page_size: must not be negative [NUMBER_OUT_OF_RANGE]");
  EXPECT_EQ(ReasonOf(status), "INVALID_FIELDS");
  const auto bad = DetailOf<google::rpc::BadRequest>(status);
  ASSERT_EQ(bad.field_violations_size(), 1);
  EXPECT_EQ(bad.field_violations(0).field(), "page_size");
  EXPECT_EQ(bad.field_violations(0).description(), "must not be negative [NUMBER_OUT_OF_RANGE]");
}

TEST(ToGrpc, GivesTheStatusesOwnReasonAndItsValues) {
  const absl::Status status =
      WithReason(absl::NotFoundError("no alert a-1"), "ALERT_NOT_FOUND", {{"alert_id", "a-1"}});
  const auto info = DetailOf<google::rpc::ErrorInfo>(ToGrpc(status, "OTHER", {{"more", "1"}}));
  EXPECT_EQ(info.reason(), "ALERT_NOT_FOUND");
  EXPECT_EQ(info.metadata().at("alert_id"), "a-1");
  EXPECT_EQ(info.metadata().at("more"), "1");
}

TEST(InvalidArgument, HasRoomForAFewViolationsAndCountsTheOthers) {
  std::vector<v1::FieldViolation> violations;
  for (int i = 0; i < 200; ++i) {
    violations.push_back(
        Violation("visibility[" + std::to_string(i) + "]", "holds an NHS number at byte 4"));
  }
  const grpc::Status status = InvalidArgument(violations);
  EXPECT_LE(TrailerBytes(status), 4'096U) << "some clients take 8 KiB of metadata in all";
  const auto bad = DetailOf<google::rpc::BadRequest>(status);
  EXPECT_GE(bad.field_violations_size(), 5);
  EXPECT_EQ(DetailOf<google::rpc::ErrorInfo>(status).metadata().at("more_violations"),
            std::to_string(200 - bad.field_violations_size()));
  EXPECT_THAT(status.error_message(), testing::MatchesRegex(".*; and 1[0-9][0-9] more"));
}

TEST(InvalidArgument, IsBoundedForOneViolationToo) {
  const grpc::Status status =
      InvalidArgument({Violation(std::string(9'000, 'f'), std::string(9'000, 'd'))});
  EXPECT_LE(TrailerBytes(status), 4'096U);
  EXPECT_EQ(DetailOf<google::rpc::BadRequest>(status).field_violations_size(), 1);
  EXPECT_LE(TrailerBytes(ToGrpc(absl::NotFoundError(std::string(9'000, 'x')))), 4'096U);
}

TEST(InvalidArgument, SaysNothingOfMoreWhereAllFit) {
  const grpc::Status status =
      InvalidArgument({Violation("id", "must be given"), Violation("source", "must be given")});
  EXPECT_EQ(status.error_message(), "id: must be given [RULE]; source: must be given [RULE]");
  EXPECT_TRUE(DetailOf<google::rpc::ErrorInfo>(status).metadata().empty());
}

TEST(Shortened, CutsBetweenCharacters) {
  EXPECT_EQ(Shortened("abc", 3), "abc");
  EXPECT_EQ(Shortened("abcd", 3), "abc");
  EXPECT_EQ(Shortened("a\xc3\xa9z", 2), "a");
  EXPECT_EQ(Shortened("a\xc3\xa9z", 3), "a\xc3\xa9");
}

}  // namespace
}  // namespace trigpoint
