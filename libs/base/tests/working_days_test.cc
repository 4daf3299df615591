#include "trigpoint/base/working_days.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace trigpoint {
namespace {

CivilDate Day(std::string_view text) { return ParseDate(text).value(); }

// domain.md 3.7: the report chain of S0, ten working days for each step, if sent on the due day.
TEST(WorkingCalendar, GivesTheReportChainOfTheReference) {
  struct Row {
    const char* visit;
    const char* draft;
    const char* accuracy_check;
    const char* final_report;
    const char* reschedule;
  };
  const std::vector<Row> rows = {
      {"2025-12-12", "2025-12-30", "2026-01-14", "2026-01-28", "2026-01-14"},
      {"2026-03-27", "2026-04-14", "2026-04-28", "2026-05-13", "2026-04-28"},
      {"2026-05-01", "2026-05-18", "2026-06-02", "2026-06-16", "2026-06-02"},
      {"2026-08-20", "2026-09-04", "2026-09-18", "2026-10-02", "2026-09-18"},
      {"2026-12-18", "2027-01-06", "2027-01-20", "2027-02-03", "2027-01-20"},
  };
  const WorkingCalendar calendar(EnglandAndWalesHolidays());
  for (const Row& row : rows) {
    const CivilDate draft = calendar.AddWorkingDays(Day(row.visit), 10);
    const CivilDate accuracy_check = calendar.AddWorkingDays(draft, 10);
    EXPECT_EQ(FormatDate(draft), row.draft) << row.visit;
    EXPECT_EQ(FormatDate(accuracy_check), row.accuracy_check) << row.visit;
    EXPECT_EQ(FormatDate(calendar.AddWorkingDays(accuracy_check, 10)), row.final_report)
        << row.visit;
    EXPECT_EQ(FormatDate(calendar.AddWorkingDays(Day(row.visit), 20)), row.reschedule) << row.visit;
    EXPECT_EQ(calendar.WorkingDaysBetween(Day(row.visit), draft), 10) << row.visit;
  }
}

TEST(WorkingCalendar, ExcludesDayZero) {
  const WorkingCalendar calendar({});
  EXPECT_EQ(FormatDate(calendar.AddWorkingDays(Day("2026-03-02"), 1)), "2026-03-03");
  EXPECT_EQ(FormatDate(calendar.AddWorkingDays(Day("2026-03-06"), 1)), "2026-03-09");
  EXPECT_EQ(FormatDate(calendar.AddWorkingDays(Day("2026-03-07"), 1)), "2026-03-09");
  EXPECT_EQ(FormatDate(calendar.AddWorkingDays(Day("2026-03-07"), 0)), "2026-03-07");
}

TEST(WorkingCalendar, CountsBack) {
  const WorkingCalendar calendar(EnglandAndWalesHolidays());
  EXPECT_EQ(FormatDate(calendar.AddWorkingDays(Day("2026-04-07"), -1)), "2026-04-02");
  EXPECT_EQ(calendar.WorkingDaysBetween(Day("2026-04-07"), Day("2026-04-02")), 0);
}

TEST(WorkingCalendar, TakesHolidaysInAnyOrderAndTwice) {
  const WorkingCalendar calendar({Day("2026-03-04"), Day("2026-03-03"), Day("2026-03-04")});
  EXPECT_FALSE(calendar.IsWorkingDay(Day("2026-03-03")));
  EXPECT_FALSE(calendar.IsWorkingDay(Day("2026-03-04")));
  EXPECT_TRUE(calendar.IsWorkingDay(Day("2026-03-05")));
  EXPECT_FALSE(calendar.IsWorkingDay(Day("2026-03-07")));
}

TEST(WorkingCalendar, KnowsTheYearsItCovers) {
  const WorkingCalendar calendar(EnglandAndWalesHolidays());
  EXPECT_FALSE(calendar.CoversYear(2011));
  EXPECT_TRUE(calendar.CoversYear(2012));
  EXPECT_TRUE(calendar.CoversYear(2028));
  EXPECT_FALSE(calendar.CoversYear(2029));
  EXPECT_FALSE(WorkingCalendar({}).CoversYear(2026));
}

TEST(EnglandAndWalesHolidays, AreInOrderAndHaveTheOneOffDays) {
  const std::vector<CivilDate>& days = EnglandAndWalesHolidays();
  EXPECT_EQ(days.size(), 140U);
  EXPECT_TRUE(std::is_sorted(days.begin(), days.end()));
  for (const char* day : {"2020-05-08", "2022-06-03", "2022-09-19", "2023-05-08", "2026-12-28",
                          "2027-12-27", "2027-12-28"}) {
    EXPECT_TRUE(std::binary_search(days.begin(), days.end(), Day(day))) << day;
  }
  EXPECT_FALSE(std::binary_search(days.begin(), days.end(), Day("2020-05-04")));
}

}  // namespace
}  // namespace trigpoint
