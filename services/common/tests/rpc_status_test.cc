#include "services/common/rpc_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace trigpoint {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kFile[] = "data/log/log/000004.log";

std::string ReasonOf(const grpc::Status& status) {
  google::rpc::Status details;
  google::rpc::ErrorInfo info;
  if (!details.ParseFromString(status.error_details()) || details.details().empty()) return "";
  return details.details(0).UnpackTo(&info) ? info.reason() : "";
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

}  // namespace
}  // namespace trigpoint
