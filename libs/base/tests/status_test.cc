#include "trigpoint/base/status.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "absl/strings/cord.h"

namespace trigpoint {
namespace {

absl::StatusOr<int> Half(int value) {
  if (value % 2 != 0) {
    return absl::InvalidArgumentError("odd");
  }
  return value / 2;
}

absl::StatusOr<int> Quarter(int value) {
  TP_ASSIGN_OR_RETURN(const int half, Half(value));
  int quarter = 0;
  TP_ASSIGN_OR_RETURN(quarter, Half(half));
  return quarter;
}

absl::StatusOr<std::string> Guarded(const absl::Status& status) {
  TP_RETURN_IF_ERROR(status);
  return "passed";
}

absl::StatusOr<std::unique_ptr<int>> MakeOwned() { return std::make_unique<int>(7); }

absl::Status TakeOwned(int& out) {
  TP_ASSIGN_OR_RETURN(const std::unique_ptr<int> owned, MakeOwned());
  out = *owned;
  return absl::OkStatus();
}

TEST(AssignOrReturn, GivesTheValueOrTheFirstError) {
  EXPECT_EQ(Quarter(12).value(), 3);
  EXPECT_EQ(Quarter(3).status().message(), "odd");
  EXPECT_EQ(Quarter(6).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(AssignOrReturn, MovesTheValue) {
  int out = 0;
  EXPECT_TRUE(TakeOwned(out).ok());
  EXPECT_EQ(out, 7);
}

TEST(ReturnIfError, ReturnsOnlyErrors) {
  EXPECT_EQ(Guarded(absl::OkStatus()).value(), "passed");
  EXPECT_EQ(Guarded(absl::DataLossError("gone")).status(), absl::DataLossError("gone"));
}

TEST(Annotate, PutsTheActionInFrontAndKeepsCodeAndPayloads) {
  absl::Status status = absl::AbortedError("revision 7");
  status.SetPayload("trigpoint/position", absl::Cord("41"));
  const absl::Status annotated = Annotate(status, "append case-42");
  EXPECT_EQ(annotated.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(annotated.message(), "append case-42: revision 7");
  ASSERT_TRUE(annotated.GetPayload("trigpoint/position").has_value());
  EXPECT_EQ(std::string(*annotated.GetPayload("trigpoint/position")), "41");
}

TEST(Annotate, LeavesOkAlone) { EXPECT_TRUE(Annotate(absl::OkStatus(), "append case-42").ok()); }

TEST(StatusText, LeavesPayloadsOut) {
  absl::Status status = MakeStatus(absl::StatusCode::kNotFound, "no such provider");
  status.SetPayload("trigpoint/secret", absl::Cord("name"));
  EXPECT_EQ(StatusText(status), "NOT_FOUND: no such provider");
  EXPECT_EQ(StatusText(absl::OkStatus()), "OK");
}

TEST(StringViews, ViewTheSameBytes) {
  const std::string text("a\0b", 3);
  EXPECT_EQ(FromAbsl(ToAbsl(text)), text);
}

}  // namespace
}  // namespace trigpoint
