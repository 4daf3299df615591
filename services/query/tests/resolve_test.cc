#include "services/query/resolve.h"

#include <gmock/gmock.h>

#include "services/common/field_error.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

constexpr int64_t kNow = 1'767'225'600'000'000;  // 2026-01-01
constexpr int64_t kDay = 86'400'000'000;

google::protobuf::Timestamp At(int64_t micros) {
  google::protobuf::Timestamp timestamp;
  SetMicros(micros, &timestamp);
  return timestamp;
}

/// "field RULE" of the error, or "" where the instants are good.
std::string Problem(const google::protobuf::Timestamp* as_of,
                    const google::protobuf::Timestamp* valid_at) {
  const auto instants = InstantsOf(as_of, valid_at, kNow);
  if (instants.ok()) return "";
  const auto violation = FieldErrorOf(instants.status());
  EXPECT_TRUE(violation.has_value()) << instants.status();
  return violation.has_value() ? violation->field() + " " + violation->rule() : "?";
}

TEST(InstantsOf, NamesTheInstantThatCannotBe) {
  const auto past = At(kNow - kDay);
  const auto earlier = At(kNow - 2 * kDay);
  const auto future = At(kNow + kDay);
  EXPECT_EQ(Problem(nullptr, nullptr), "");
  EXPECT_EQ(Problem(&past, &earlier), "");
  EXPECT_EQ(Problem(&future, nullptr), "as_of IN_FUTURE");
  EXPECT_EQ(Problem(nullptr, &future), "valid_at IN_FUTURE");
  EXPECT_EQ(Problem(&earlier, &past), "valid_at AFTER_AS_OF");
}

TEST(InstantsOf, RefusesATimestampThatIsNone) {
  google::protobuf::Timestamp wrong;
  wrong.set_seconds(INT64_MAX);
  EXPECT_EQ(Problem(&wrong, nullptr), "as_of TIMESTAMP_INVALID");
  wrong.set_seconds(0);
  wrong.set_nanos(-1);
  EXPECT_EQ(Problem(nullptr, &wrong), "valid_at TIMESTAMP_INVALID");
}

}  // namespace
}  // namespace trigpoint
