#include "trigpoint/base/reason.h"

#include <gtest/gtest.h>

#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

TEST(WithReason, KeepsCodeAndTextAndGivesTheReasonBack) {
  const absl::Status status =
      WithReason(absl::NotFoundError("no alert a-1"), "ALERT_NOT_FOUND", {{"alert_id", "a-1"}});
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "no alert a-1");
  EXPECT_EQ(ReasonOf(status), "ALERT_NOT_FOUND");
  EXPECT_EQ(ReasonMetadataOf(status), (ReasonMetadata{{"alert_id", "a-1"}}));
}

TEST(WithReason, SurvivesAnAnnotation) {
  const absl::Status status = Annotate(
      WithReason(absl::NotFoundError("none"), "ALERT_NOT_FOUND", {{"alert_id", "a-1"}}), "look");
  EXPECT_EQ(ReasonOf(status), "ALERT_NOT_FOUND");
  EXPECT_EQ(ReasonMetadataOf(status).at("alert_id"), "a-1");
}

TEST(WithReason, LeavesOkAndOtherErrorsAsTheyAre) {
  EXPECT_TRUE(WithReason(absl::OkStatus(), "WHY", {{"a", "b"}}).ok());
  EXPECT_EQ(ReasonOf(absl::OkStatus()), "");
  EXPECT_EQ(ReasonOf(absl::NotFoundError("none")), "");
  EXPECT_TRUE(ReasonMetadataOf(absl::NotFoundError("none")).empty());
}

}  // namespace
}  // namespace trigpoint
