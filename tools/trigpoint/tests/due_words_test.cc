#include "due_words.h"

#include <gtest/gtest.h>

#include "arguments.h"

namespace trigpoint {
namespace {

constexpr Micros kHour = kMicrosPerHour;

std::string Words(v1::Obligation::Status status, Micros due, Micros now) {
  v1::Obligation owed;
  owed.set_status(status);
  if (due != 0) *owed.mutable_due_at() = ToTimestamp(due);
  return DueInWords(owed, now);
}

TEST(DueInWords, CountsDaysInLondon) {
  const Micros due = LondonEndOfDay({2026, 6, 10});
  const auto open = v1::Obligation::STATUS_OPEN;
  EXPECT_EQ(Words(open, due, LondonMidnight({2026, 6, 7})), "in 3 days");
  EXPECT_EQ(Words(open, due, LondonMidnight({2026, 6, 10}) - 1), "in 1 day");
  EXPECT_EQ(Words(open, due, LondonMidnight({2026, 6, 10})), "today");
  const auto overdue = v1::Obligation::STATUS_OVERDUE;
  EXPECT_EQ(Words(overdue, due, LondonMidnight({2026, 6, 11})), "1 day overdue");
  EXPECT_EQ(Words(overdue, due, LondonMidnight({2026, 6, 14})), "4 days overdue");
}

TEST(DueInWords, CountsHoursWhereTheDueTimeIsOne) {
  const Micros due = LondonMidnight({2026, 6, 10}) + 14 * kHour;
  EXPECT_EQ(Words(v1::Obligation::STATUS_OPEN, due, due - 2 * kHour), "in 2 hours");
  EXPECT_EQ(Words(v1::Obligation::STATUS_OVERDUE, due, due + 3 * kHour), "3 hours overdue");
}

TEST(DueInWords, SaysWhereNothingIsToBeCounted) {
  EXPECT_EQ(Words(v1::Obligation::STATUS_OPEN, 0, 1), "no date");
  EXPECT_EQ(Words(v1::Obligation::STATUS_PAUSED, 0, 1), "clock stopped");
  EXPECT_EQ(Words(v1::Obligation::STATUS_DISCHARGED, 5, 1), "done");
  EXPECT_EQ(Words(v1::Obligation::STATUS_DISCHARGED_LATE, 5, 9), "done late");
  EXPECT_EQ(Words(v1::Obligation::STATUS_LAPSED, 5, 9), "lapsed");
}

}  // namespace
}  // namespace trigpoint
