#include "services/notify/schedule.h"

#include <gtest/gtest.h>

#include "services/notify/verdict.h"

namespace trigpoint {
namespace {

constexpr int kEight = 8 * 60;
constexpr int kHalfPastOne = 90;

Micros At(const char* text) {
  const auto instant = ParseInstant(text);
  EXPECT_TRUE(instant.ok()) << text;
  return instant.value_or(0);
}

TEST(DigestSchedule, IsEightOnLondonsClocksInWinterAndSummer) {
  EXPECT_EQ(DigestInstant({2026, 1, 15}, kEight), At("2026-01-15T08:00:00Z"));
  EXPECT_EQ(DigestInstant({2026, 7, 15}, kEight), At("2026-07-15T07:00:00Z"));
  // On the days of change the night has 7 or 9 hours before it.
  EXPECT_EQ(DigestInstant({2026, 3, 29}, kEight), At("2026-03-29T07:00:00Z"));
  EXPECT_EQ(DigestInstant({2026, 10, 25}, kEight), At("2026-10-25T08:00:00Z"));
}

TEST(DigestSchedule, IsOnceOnADayThatHasTheTimeTwiceOrNotAtAll) {
  EXPECT_EQ(DigestInstant({2026, 10, 25}, kHalfPastOne), At("2026-10-25T00:30:00Z"));
  EXPECT_EQ(NextDigestInstant(At("2026-10-25T00:30:00Z"), kHalfPastOne),
            At("2026-10-26T01:30:00Z"));
  EXPECT_EQ(DigestInstant({2026, 3, 29}, kHalfPastOne), At("2026-03-29T01:30:00Z"));
  EXPECT_EQ(NextDigestInstant(At("2026-03-29T01:30:00Z"), kHalfPastOne),
            At("2026-03-30T00:30:00Z"));
}

TEST(DigestSchedule, GivesTheLastAndTheNextAroundAnInstant) {
  EXPECT_EQ(LastDigestInstant(At("2026-07-15T07:00:00Z"), kEight), At("2026-07-15T07:00:00Z"));
  EXPECT_EQ(LastDigestInstant(At("2026-07-15T06:59:59Z"), kEight), At("2026-07-14T07:00:00Z"));
  EXPECT_EQ(NextDigestInstant(At("2026-07-15T07:00:00Z"), kEight), At("2026-07-16T07:00:00Z"));
  EXPECT_EQ(NextDigestInstant(At("2026-07-15T06:59:59Z"), kEight), At("2026-07-15T07:00:00Z"));
}

TEST(DigestSchedule, HasOneOnEveryDayOfAYear) {
  for (const int minute : {0, 30, kHalfPastOne, kEight, 24 * 60 - 1}) {
    Micros at = DigestInstant({2026, 1, 1}, minute);
    for (CivilDate day{2026, 1, 2}; day.year == 2026; day = AddDays(day, 1)) {
      const Micros next = NextDigestInstant(at, minute);
      ASSERT_EQ(LondonDate(next), day) << minute;
      ASSERT_EQ(LastDigestInstant(next, minute), next);
      ASSERT_EQ(LastDigestInstant(next - 1, minute), at);
      at = next;
    }
  }
}

TEST(DigestSchedule, IsDueAtOnceWhenThereWasNoneThenOnceADay) {
  const Micros noon = At("2026-07-15T11:00:00Z");
  EXPECT_TRUE(IsDigestDue(noon, 0, kEight));
  EXPECT_FALSE(IsDigestDue(noon, noon, kEight));
  EXPECT_FALSE(IsDigestDue(At("2026-07-16T06:59:59Z"), noon, kEight));
  EXPECT_TRUE(IsDigestDue(At("2026-07-16T07:00:00Z"), noon, kEight));
  EXPECT_FALSE(IsDigestDue(At("2026-07-16T07:00:01Z"), At("2026-07-16T07:00:00Z"), kEight));
  // Four days without a node: one, and not before the next morning another.
  const Micros back = At("2026-07-20T12:00:00Z");
  EXPECT_TRUE(IsDigestDue(back, At("2026-07-16T07:00:00Z"), kEight));
  EXPECT_FALSE(IsDigestDue(back, LastDigestInstant(back, kEight), kEight));
}

TEST(DigestSchedule, IsNotSilencedByAClockThatWasWrong) {
  const Micros now = At("2026-07-15T11:00:00Z");
  EXPECT_TRUE(IsDigestDue(now, At("2031-01-01T00:00:00Z"), kEight));
  EXPECT_FALSE(IsDigestDue(now, now + kMicrosPerHour, kEight));
}

TEST(Judge, GivesUpOnlyWhatTheSameBytesWillNeverMend) {
  for (const long status : {200L, 201L, 202L, 204L}) EXPECT_EQ(Judge(status), Verdict::kTaken);
  for (const long status : {400L, 410L, 413L, 422L}) EXPECT_EQ(Judge(status), Verdict::kRefused);
  for (const long status : {0L, 101L, 301L, 302L, 401L, 403L, 404L, 408L, 429L, 500L, 503L})
    EXPECT_EQ(Judge(status), Verdict::kAgain) << status;
}

}  // namespace
}  // namespace trigpoint
