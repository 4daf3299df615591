#include "trigpoint/base/time.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

namespace trigpoint {

// GoogleTest finds this by its name.
void PrintTo(const CivilDate& date, std::ostream* out) { *out << FormatDate(date); }

namespace {

Micros At(std::string_view text) { return ParseInstant(text).value(); }
CivilDate Day(std::string_view text) { return ParseDate(text).value(); }

TEST(CivilDate, RoundTripsThroughDayNumbers) {
  EXPECT_EQ(DaysFromCivil({1970, 1, 1}), 0);
  EXPECT_EQ(DaysFromCivil({2000, 3, 1}), 11'017);
  EXPECT_EQ(CivilFromDays(-1), (CivilDate{1969, 12, 31}));
  for (int64_t day = -800; day < 40'000; day += 1) {
    ASSERT_EQ(DaysFromCivil(CivilFromDays(day)), day);
  }
}

TEST(CivilDate, IsOrderedByTime) {
  EXPECT_LT(Day("2025-12-31"), Day("2026-01-01"));
  EXPECT_LT(Day("2026-01-31"), Day("2026-02-01"));
  EXPECT_EQ(Day("2026-01-31"), (CivilDate{2026, 1, 31}));
}

TEST(CivilDate, HasWeekdays) {
  EXPECT_EQ(WeekdayOf(Day("1970-01-01")), Weekday::kThursday);
  EXPECT_EQ(WeekdayOf(Day("2025-12-12")), Weekday::kFriday);
  EXPECT_EQ(WeekdayOf(Day("2026-03-29")), Weekday::kSunday);
}

TEST(ParseDate, AcceptsOnlyTheIsoForm) {
  EXPECT_EQ(Day("2024-02-29"), (CivilDate{2024, 2, 29}));
  EXPECT_EQ(FormatDate({987, 6, 5}), "0987-06-05");
  for (const char* text : {"", "2026-2-01", "2026-02-29", "2026-13-01", "2026-00-10", "2026-01-00",
                           "2026-01-32", "20260101", "2026-01-01 ", " 2026-01-01", "2026/01/01",
                           "+026-01-01", "0000-01-01", "2026-01-01T00:00:00Z"}) {
    EXPECT_FALSE(ParseDate(text).ok()) << text;
  }
}

// domain.md 3.7; S2 App 2, H-L3-7.
TEST(AddMonths, ClipsToTheEndOfTheMonth) {
  EXPECT_EQ(AddMonths(Day("2026-01-31"), 3), Day("2026-04-30"));
  EXPECT_EQ(AddMonths(Day("2025-11-30"), 3), Day("2026-02-28"));
  EXPECT_EQ(AddMonths(Day("2023-11-30"), 3), Day("2024-02-29"));
  EXPECT_EQ(AddMonths(Day("2026-10-15"), 3), Day("2027-01-15"));
  EXPECT_EQ(AddMonths(Day("2026-03-31"), -1), Day("2026-02-28"));
  EXPECT_EQ(AddMonths(Day("2026-03-31"), 0), Day("2026-03-31"));
  EXPECT_EQ(AddMonths(Day("2024-02-29"), 12), Day("2025-02-28"));
}

TEST(AddDays, CrossesMonthsAndYears) {
  EXPECT_EQ(AddDays(Day("2024-02-28"), 2), Day("2024-03-01"));
  EXPECT_EQ(AddDays(Day("2026-01-01"), -1), Day("2025-12-31"));
}

TEST(ParseInstant, ReadsUtcAndOffsets) {
  EXPECT_EQ(At("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(At("2026-03-01T10:00:00.123456Z"), 1'772'359'200'123'456);
  EXPECT_EQ(At("2026-03-01T11:00:00+01:00"), At("2026-03-01T10:00:00Z"));
  EXPECT_EQ(At("2026-03-01T04:30:00-05:30"), At("2026-03-01T10:00:00Z"));
  EXPECT_EQ(At("2026-03-01t10:00:00.5z"), At("2026-03-01T10:00:00.500000Z"));
  EXPECT_EQ(At("2026-03-01T10:00:00.123456000Z"), At("2026-03-01T10:00:00.123456Z"));
  EXPECT_EQ(At("1969-12-31T23:59:59.999999Z"), -1);
}

TEST(ParseInstant, RefusesWhatItCannotKeep) {
  for (const char* text :
       {"", "2026-03-01", "2026-03-01T10:00:00", "2026-03-01T10:00Z", "2026-03-01 10:00:00Z",
        "2026-03-01T24:00:00Z", "2026-03-01T10:60:00Z", "2026-03-01T10:00:60Z",
        "2026-02-30T10:00:00Z", "2026-03-01T10:00:00.Z", "2026-03-01T10:00:00.1234567Z",
        "2026-03-01T10:00:00+0100", "2026-03-01T10:00:00+01", "2026-03-01T10:00:00+24:00",
        "2026-03-01T10:00:00+01:60", "2026-03-01T10:00:00ZZ", "2026-03-01T10:00:00,5Z",
        "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"}) {
    EXPECT_EQ(ParseInstant(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(FormatInstant, TrimsDecimalsAndRoundTrips) {
  EXPECT_EQ(FormatInstant(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(FormatInstant(-1), "1969-12-31T23:59:59.999999Z");
  for (const char* text :
       {"2026-03-01T10:00:00Z", "2026-03-01T10:00:00.5Z", "2026-03-01T10:00:00.123456Z",
        "2026-12-31T23:59:50.00001Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"}) {
    EXPECT_EQ(FormatInstant(At(text)), text);
  }
}

TEST(London, ChangesClocksOnTheLastSundays) {
  struct Row {
    const char* first_summer_instant;
    const char* first_winter_instant;
  };
  // Published dates of British Summer Time.
  const std::vector<Row> rows = {
      {"1996-03-31T01:00:00Z", "1996-10-27T01:00:00Z"},
      {"2018-03-25T01:00:00Z", "2018-10-28T01:00:00Z"},
      {"2020-03-29T01:00:00Z", "2020-10-25T01:00:00Z"},
      {"2024-03-31T01:00:00Z", "2024-10-27T01:00:00Z"},
      {"2025-03-30T01:00:00Z", "2025-10-26T01:00:00Z"},
      {"2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z"},
      {"2027-03-28T01:00:00Z", "2027-10-31T01:00:00Z"},
  };
  for (const Row& row : rows) {
    const Micros summer = At(row.first_summer_instant);
    const Micros winter = At(row.first_winter_instant);
    EXPECT_EQ(LondonOffset(summer - 1), 0) << row.first_summer_instant;
    EXPECT_EQ(LondonOffset(summer), kMicrosPerHour) << row.first_summer_instant;
    EXPECT_EQ(LondonOffset(winter - 1), kMicrosPerHour) << row.first_winter_instant;
    EXPECT_EQ(LondonOffset(winter), 0) << row.first_winter_instant;
  }
}

TEST(London, DateIsAheadOfUtcInTheLastSummerHour) {
  EXPECT_EQ(LondonDate(At("2026-06-30T22:59:59.999999Z")), Day("2026-06-30"));
  EXPECT_EQ(LondonDate(At("2026-06-30T23:00:00Z")), Day("2026-07-01"));
  EXPECT_EQ(LondonDate(At("2026-12-31T23:30:00Z")), Day("2026-12-31"));
}

TEST(London, DayBeginsAtMidnightAndFallsDueASecondBeforeTheNext) {
  EXPECT_EQ(FormatInstant(LondonMidnight(Day("2026-01-10"))), "2026-01-10T00:00:00Z");
  EXPECT_EQ(FormatInstant(LondonMidnight(Day("2026-07-10"))), "2026-07-09T23:00:00Z");
  EXPECT_EQ(FormatInstant(LondonEndOfDay(Day("2026-01-10"))), "2026-01-10T23:59:59Z");
  EXPECT_EQ(FormatInstant(LondonEndOfDay(Day("2026-07-10"))), "2026-07-10T22:59:59Z");
}

TEST(London, DaysOfChangeHave23And25Hours) {
  const auto length = [](std::string_view day) {
    return LondonMidnight(AddDays(Day(day), 1)) - LondonMidnight(Day(day));
  };
  EXPECT_EQ(length("2026-03-29"), 23 * kMicrosPerHour);
  EXPECT_EQ(length("2026-10-25"), 25 * kMicrosPerHour);
  EXPECT_EQ(length("2026-05-05"), kMicrosPerDay);
}

TEST(London, EveryMidnightLiesInItsOwnDay) {
  for (int64_t day = DaysFromCivil({1996, 1, 1}); day < DaysFromCivil({2040, 1, 1}); ++day) {
    const CivilDate date = CivilFromDays(day);
    ASSERT_EQ(LondonDate(LondonMidnight(date)), date);
    ASSERT_EQ(LondonDate(LondonMidnight(date) - 1), CivilFromDays(day - 1));
    ASSERT_EQ(LondonDate(LondonEndOfDay(date)), date);
  }
}

}  // namespace
}  // namespace trigpoint
