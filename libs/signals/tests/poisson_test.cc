#include "trigpoint/signals/poisson.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

namespace trigpoint {
namespace {

struct TailRow {
  int64_t k;
  double mean;
  double tail;
};

// Computed with 60 digits (mpmath) from the definition.
const std::vector<TailRow> kTails = {
    {1, 0.001, 0.00099950016662500835},
    {2, 0.2, 0.017523096306421771},
    {3, 0.2, 0.0011484812448621326},
    {3, 0.25, 0.0021614966897625126},
    {5, 0.5, 0.00017211562995584078},
    {20, 0.5, 2.4354654299253143e-25},
    {21, 0.01, 1.9386999143909361e-62},
    {8, 3, 0.011904503856357389},
    {14, 8, 0.034180701793819326},
    {25, 12, 0.0006856332013882278},
    {60, 12, 5.1747227418074778e-23},
    {90, 100, 0.85365382530126721},
    {100, 100, 0.51329879827914866},
    {101, 100, 0.47343780147000153},
    {160, 100, 2.0506975416904382e-8},
    {1000, 800, 5.5014197761792281e-12},
    {30, 650.5, 1.0},
    {15, 620, 1.0},
    {1200, 500, 1.1157794577844374e-154},
    {21, 20, 0.44090741576867479},
    {22, 3.7, 8.2853115629660598e-11},
    {900, 650, 1.1299147904617131e-20},
};

TEST(PoissonUpperTail, AgreesWithHighPrecisionValues) {
  for (const TailRow& row : kTails) {
    EXPECT_NEAR(PoissonUpperTail(row.k, row.mean) / row.tail, 1, 1e-12)
        << "k " << row.k << " mean " << row.mean;
  }
}

TEST(PoissonUpperTail, StaysAccurateForLargeMeans) {
  EXPECT_NEAR(PoissonUpperTail(100'300, 100'000), 0.17177944996081052, 1e-10);
  EXPECT_NEAR(PoissonUpperTail(1'000'000, 1'000'000), 0.50013298076087259, 1e-10);
}

TEST(PoissonUpperTail, HasItsLimits) {
  EXPECT_EQ(PoissonUpperTail(0, 3), 1);
  EXPECT_EQ(PoissonUpperTail(-4, 3), 1);
  EXPECT_EQ(PoissonUpperTail(0, 0), 1);
  EXPECT_EQ(PoissonUpperTail(1, 0), 0);
  EXPECT_EQ(PoissonUpperTail(2000, 500), 0);  // About 2e-555.
}

TEST(PoissonUpperTail, FallsWithTheCountAndRisesWithTheMean) {
  for (const double mean : {0.05, 0.7, 3.0, 12.5, 40.0, 250.0, 700.0}) {
    for (int64_t k = 1; k < 1000; ++k) {
      const double tail = PoissonUpperTail(k, mean);
      ASSERT_LE(tail, PoissonUpperTail(k - 1, mean)) << k << " " << mean;
      ASSERT_LE(tail, PoissonUpperTail(k, mean * 1.01)) << k << " " << mean;
    }
  }
}

// Both branches of the sum meet at the mean: P(X >= k) - P(X >= k + 1) = P(X = k).
TEST(PoissonUpperTail, HasNoStepBetweenItsBranches) {
  for (const double mean : {1.5, 19.5, 20.5, 99.5, 599.5, 600.5}) {
    const auto k = static_cast<int64_t>(mean);
    double log_mass = -mean;
    for (int64_t i = 1; i <= k; ++i) {
      log_mass += std::log(mean / static_cast<double>(i));
    }
    EXPECT_NEAR(PoissonUpperTail(k, mean) - PoissonUpperTail(k + 1, mean), std::exp(log_mass),
                1e-12)
        << mean;
  }
}

TEST(PoissonUpperTail, RepeatsBitForBit) {
  for (const TailRow& row : kTails) {
    EXPECT_EQ(PoissonUpperTail(row.k, row.mean), PoissonUpperTail(row.k, row.mean));
  }
}

// domain.md 3.1, reference table.
TEST(PoissonCriticalCount, AgreesWithTheReferenceTable) {
  struct Row {
    double mean;
    std::array<int64_t, 4> critical;
  };
  constexpr std::array<double, 4> kAlphas = {0.05, 0.025, 0.01, 0.001};
  const std::vector<Row> rows = {
      {0.25, {2, 3, 3, 4}}, {0.5, {3, 3, 4, 5}},   {1, {4, 4, 5, 6}},     {2, {6, 6, 7, 9}},
      {3, {7, 8, 9, 11}},   {5, {10, 11, 12, 14}}, {8, {14, 15, 16, 19}}, {12, {19, 20, 22, 25}},
  };
  for (const Row& row : rows) {
    for (size_t i = 0; i < kAlphas.size(); ++i) {
      EXPECT_EQ(PoissonCriticalCount(row.mean, kAlphas[i]), row.critical[i])
          << "mean " << row.mean << " alpha " << kAlphas[i];
    }
  }
}

TEST(PoissonCriticalCount, IsTheSmallestSuchCount) {
  for (const double mean : {0.0, 0.01, 0.9, 7.3, 55.0, 480.0}) {
    for (const double alpha : {0.5, 0.025, 1e-6}) {
      const int64_t k = PoissonCriticalCount(mean, alpha);
      EXPECT_LE(PoissonUpperTail(k, mean), alpha);
      EXPECT_GT(PoissonUpperTail(k - 1, mean), alpha);
    }
  }
}

}  // namespace
}  // namespace trigpoint
