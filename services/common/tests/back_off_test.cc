#include "services/common/back_off.h"

#include <gtest/gtest.h>

namespace trigpoint {
namespace {

TEST(BackOff, DoublesFromOneSecondToFiveMinutesAndSpreads) {
  const BackOffRange range;
  EXPECT_EQ(BackOff(range, 1, 0, 0), kMicrosPerSecond);
  EXPECT_LE(BackOff(range, 1, 0.999, 0), 2 * kMicrosPerSecond);
  EXPECT_EQ(BackOff(range, 3, 0, 0), 4 * kMicrosPerSecond);
  EXPECT_EQ(BackOff(range, 3, 0.5, 0), 6 * kMicrosPerSecond);
  for (const uint32_t failed : {9U, 31U, 1000U, 4'000'000'000U}) {
    EXPECT_EQ(BackOff(range, failed, 0, 0), 150 * kMicrosPerSecond) << failed;
    EXPECT_LE(BackOff(range, failed, 0.999, 0), 300 * kMicrosPerSecond) << failed;
  }
}

TEST(BackOff, WaitsLongerWhenTheReceiverAsksForItWithinReason) {
  EXPECT_EQ(BackOff({}, 1, 0.5, 20 * kMicrosPerSecond), 20 * kMicrosPerSecond);
  EXPECT_EQ(BackOff({}, 9, 0, 20 * kMicrosPerSecond), 150 * kMicrosPerSecond);
  EXPECT_EQ(BackOff({}, 1, 0, 400 * kMicrosPerDay), kRetryAfterMax);
}

}  // namespace
}  // namespace trigpoint
