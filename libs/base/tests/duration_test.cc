#include "trigpoint/base/duration.h"

#include <gtest/gtest.h>

#include <string>

namespace trigpoint {
namespace {

Micros At(std::string_view text) { return ParseInstant(text).value(); }

std::string Due(std::string_view start, std::string_view duration) {
  const WorkingCalendar calendar(EnglandAndWalesHolidays());
  return FormatInstant(DueAt(At(start), ParseDuration(duration).value(), calendar));
}

TEST(ParseDuration, RoundTripsEachUnit) {
  EXPECT_EQ(*ParseDuration("WD(10)"), (Duration{DurationUnit::kWorkingDays, 10}));
  EXPECT_EQ(*ParseDuration("CD(14)"), (Duration{DurationUnit::kCalendarDays, 14}));
  EXPECT_EQ(*ParseDuration("CM(3)"), (Duration{DurationUnit::kCalendarMonths, 3}));
  EXPECT_EQ(*ParseDuration("H(4)"), (Duration{DurationUnit::kHours, 4}));
  for (const char* text : {"WD(10)", "CD(0)", "CM(3)", "H(100000)"}) {
    EXPECT_EQ(FormatDuration(*ParseDuration(text)), text);
  }
}

TEST(ParseDuration, RefusesOtherForms) {
  for (const char* text :
       {"", "10", "WD", "WD()", "WD(10", "WD 10", "wd(10)", "WD(-1)", "WD(+1)", "WD( 1)", "WD(1.5)",
        "WD(10) ", "Y(1)", "H(100001)", "H(99999999999999999999)", "CD(14))"}) {
    EXPECT_FALSE(ParseDuration(text).ok()) << text;
  }
}

// S0: draft report within 10 working days; due at 23:59:59 Europe/London (domain.md 3.7).
TEST(DueAt, WorkingDaysEndAtTheLastSecondOfTheLondonDay) {
  EXPECT_EQ(Due("2025-12-12T15:00:00Z", "WD(10)"), "2025-12-30T23:59:59Z");
  EXPECT_EQ(Due("2026-03-27T15:00:00Z", "WD(10)"), "2026-04-14T22:59:59Z");
}

TEST(DueAt, CountsFromTheLondonDateOfTheStart) {
  EXPECT_EQ(Due("2026-06-30T23:30:00Z", "CD(14)"), "2026-07-15T22:59:59Z");
  EXPECT_EQ(Due("2026-06-30T22:30:00Z", "CD(14)"), "2026-07-14T22:59:59Z");
}

// S2 App 2, H-L3-7; S3 App 1 (hold of three months).
TEST(DueAt, MonthsClipToTheEndOfTheMonth) {
  EXPECT_EQ(Due("2026-01-31T09:00:00Z", "CM(3)"), "2026-04-30T22:59:59Z");
}

TEST(DueAt, HoursAreExactAcrossAClockChange) {
  EXPECT_EQ(Due("2026-03-28T23:15:00.25Z", "H(4)"), "2026-03-29T03:15:00.25Z");
}

}  // namespace
}  // namespace trigpoint
