#include "trigpoint/base/nhs_number.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>

namespace trigpoint {
namespace {

// domain.md 2.6
TEST(IsNhsNumber, AcceptsTheReferenceVectors) {
  for (const char* number : {"9434765919", "4010232137", "6541003238"}) {
    EXPECT_TRUE(IsNhsNumber(number)) << number;
  }
}

TEST(IsNhsNumber, RefusesAWrongCheckDigit) {
  EXPECT_FALSE(IsNhsNumber("9434765918"));
  for (char check = '0'; check <= '9'; ++check) {
    // The check value of this prefix is 10, which no digit can stand for.
    EXPECT_FALSE(IsNhsNumber(std::string("100000001") + check)) << check;
  }
}

// domain.md 3.10, ruling 10
TEST(IsNhsNumber, RefusesIdenticalDigits) {
  for (char digit = '0'; digit <= '9'; ++digit) {
    EXPECT_FALSE(IsNhsNumber(std::string(10, digit))) << digit;
  }
}

TEST(IsNhsNumber, RefusesOtherForms) {
  for (const char* text : {"", "943476591", "94347659190", "943 476 5919", "943-476-5919",
                           "94347659l9", " 434765919"}) {
    EXPECT_FALSE(IsNhsNumber(text)) << text;
  }
}

// The shared test values; the column mod11_ok speaks of the digits alone.
TEST(IsNhsNumber, AgreesWithTheSharedTestValues) {
  std::ifstream file(std::string(TRIGPOINT_SOURCE_DIR) +
                     "/../shared/data/nhs_number_test_values/nhs_number_test_values.csv");
  if (!file) {
    GTEST_SKIP() << "nhs_number_test_values.csv is not beside this checkout";
  }
  int rows = 0;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    const size_t first = line.find(',');
    ASSERT_NE(first, std::string::npos) << line;
    std::string number = line.substr(0, first);
    const std::string expected = line.substr(first + 1, line.find(',', first + 1) - first - 1);
    const bool plain = expected != "valid_with_spaces" && expected != "valid_with_padding" &&
                       expected != "valid_with_dashes";
    if (!plain) {
      EXPECT_FALSE(IsNhsNumber(number)) << line;
      std::erase_if(number, [](char c) { return c < '0' || c > '9'; });
    }
    EXPECT_EQ(IsNhsNumber(number), expected.starts_with("valid")) << line;
    ++rows;
  }
  EXPECT_GE(rows, 18);
}

}  // namespace
}  // namespace trigpoint
