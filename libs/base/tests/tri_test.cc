#include "trigpoint/base/tri.h"

#include <gtest/gtest.h>

#include <array>

namespace trigpoint {
namespace {

constexpr Truth F = Truth::kFalse;
constexpr Truth U = Truth::kUnknown;
constexpr Truth T = Truth::kTrue;
constexpr Truth N = Truth::kNotApplicable;
constexpr std::array<Truth, 4> kAll = {F, U, T, N};

// Rows and columns in the order F, U, T, N.
constexpr std::array<std::array<Truth, 4>, 4> kAndTable = {
    {{F, F, F, F}, {F, U, U, U}, {F, U, T, T}, {F, U, T, N}}};
constexpr std::array<std::array<Truth, 4>, 4> kOrTable = {
    {{F, U, T, F}, {U, U, T, U}, {T, T, T, T}, {F, U, T, N}}};

TEST(Truth, FollowsKleeneWithNeutralNotApplicable) {
  for (size_t a = 0; a < kAll.size(); ++a) {
    for (size_t b = 0; b < kAll.size(); ++b) {
      EXPECT_EQ(And(kAll[a], kAll[b]), kAndTable[a][b])
          << TruthName(kAll[a]) << " and " << TruthName(kAll[b]);
      EXPECT_EQ(Or(kAll[a], kAll[b]), kOrTable[a][b])
          << TruthName(kAll[a]) << " or " << TruthName(kAll[b]);
      EXPECT_EQ(Not(And(kAll[a], kAll[b])), Or(Not(kAll[a]), Not(kAll[b])));
    }
  }
}

TEST(Truth, NegationKeepsWhatIsNotKnown) {
  EXPECT_EQ(Not(F), T);
  EXPECT_EQ(Not(T), F);
  EXPECT_EQ(Not(U), U);
  EXPECT_EQ(Not(N), N);
}

TEST(Truth, ListsAreNotApplicableOnlyWhenNothingApplies) {
  EXPECT_EQ(AllOf({}), N);
  EXPECT_EQ(AnyOf({}), N);
  EXPECT_EQ(AllOf(std::array{N, N}), N);
  EXPECT_EQ(AnyOf(std::array{N, F, N}), F);
  EXPECT_EQ(AllOf(std::array{T, N, U}), U);
  EXPECT_EQ(AnyOf(std::array{F, U, T}), T);
}

TEST(Truth, NamesRoundTrip) {
  for (const Truth value : kAll) {
    EXPECT_EQ(ParseTruth(TruthName(value)).value(), value);
  }
  EXPECT_EQ(TruthName(N), "NOT_APPLICABLE");
  EXPECT_FALSE(ParseTruth("true").ok());
  EXPECT_FALSE(ParseTruth("").ok());
}

}  // namespace
}  // namespace trigpoint
