#include "trigpoint/base/check.h"

#include <gtest/gtest.h>

#include <string>

namespace trigpoint {
namespace {

TEST(Check, PassesWithoutEvaluatingTheMessage) {
  int evaluated = 0;
  const auto message = [&evaluated] {
    ++evaluated;
    return std::string("unused");
  };
  TP_CHECK(evaluated == 0, message());
  EXPECT_EQ(evaluated, 0);
}

TEST(CheckDeathTest, AbortsWithExpressionFileAndMessage) {
  const int beds = -1;
  EXPECT_DEATH(TP_CHECK(beds >= 0, "beds are counted"),
               "check_test.cc:[0-9]+: check failed: beds >= 0: beds are counted");
}

}  // namespace
}  // namespace trigpoint
