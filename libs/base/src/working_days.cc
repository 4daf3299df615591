#include "trigpoint/base/working_days.h"

#include <algorithm>
#include <utility>

namespace trigpoint {

WorkingCalendar::WorkingCalendar(std::vector<CivilDate> holidays) : holidays_(std::move(holidays)) {
  std::sort(holidays_.begin(), holidays_.end());
  holidays_.erase(std::unique(holidays_.begin(), holidays_.end()), holidays_.end());
}

bool WorkingCalendar::IsWorkingDay(CivilDate date) const {
  return WeekdayOf(date) < Weekday::kSaturday &&
         !std::binary_search(holidays_.begin(), holidays_.end(), date);
}

CivilDate WorkingCalendar::AddWorkingDays(CivilDate start, int n) const {
  const int step = n < 0 ? -1 : 1;
  CivilDate date = start;
  for (int left = n; left != 0;) {
    date = AddDays(date, step);
    if (IsWorkingDay(date)) {
      left -= step;
    }
  }
  return date;
}

int WorkingCalendar::WorkingDaysBetween(CivilDate from, CivilDate to) const {
  int count = 0;
  for (CivilDate date = from; date < to;) {
    date = AddDays(date, 1);
    if (IsWorkingDay(date)) {
      ++count;
    }
  }
  return count;
}

bool WorkingCalendar::CoversYear(int year) const {
  return !holidays_.empty() && year >= holidays_.front().year && year <= holidays_.back().year;
}

// Source: https://www.gov.uk/bank-holidays.json, division "england-and-wales", by way of
// ministryofjustice/govuk-bank-holidays at 35fc7558e1f7c33bddd2ec484b3549225b152c2a. Contains
// public sector information licensed under the Open Government Licence v3.0. 140 days; substitute
// days and the one-off days of 2012, 2020, 2022 and 2023 are as published.
const std::vector<CivilDate>& EnglandAndWalesHolidays() {
  // clang-format off
  static const std::vector<CivilDate> kHolidays = {
      {2012, 1, 2}, {2012, 4, 6}, {2012, 4, 9}, {2012, 5, 7}, {2012, 6, 4}, {2012, 6, 5},
      {2012, 8, 27}, {2012, 12, 25}, {2012, 12, 26},
      {2013, 1, 1}, {2013, 3, 29}, {2013, 4, 1}, {2013, 5, 6}, {2013, 5, 27}, {2013, 8, 26},
      {2013, 12, 25}, {2013, 12, 26},
      {2014, 1, 1}, {2014, 4, 18}, {2014, 4, 21}, {2014, 5, 5}, {2014, 5, 26}, {2014, 8, 25},
      {2014, 12, 25}, {2014, 12, 26},
      {2015, 1, 1}, {2015, 4, 3}, {2015, 4, 6}, {2015, 5, 4}, {2015, 5, 25}, {2015, 8, 31},
      {2015, 12, 25}, {2015, 12, 28},
      {2016, 1, 1}, {2016, 3, 25}, {2016, 3, 28}, {2016, 5, 2}, {2016, 5, 30}, {2016, 8, 29},
      {2016, 12, 26}, {2016, 12, 27},
      {2017, 1, 2}, {2017, 4, 14}, {2017, 4, 17}, {2017, 5, 1}, {2017, 5, 29}, {2017, 8, 28},
      {2017, 12, 25}, {2017, 12, 26},
      {2018, 1, 1}, {2018, 3, 30}, {2018, 4, 2}, {2018, 5, 7}, {2018, 5, 28}, {2018, 8, 27},
      {2018, 12, 25}, {2018, 12, 26},
      {2019, 1, 1}, {2019, 4, 19}, {2019, 4, 22}, {2019, 5, 6}, {2019, 5, 27}, {2019, 8, 26},
      {2019, 12, 25}, {2019, 12, 26},
      {2020, 1, 1}, {2020, 4, 10}, {2020, 4, 13}, {2020, 5, 8}, {2020, 5, 25}, {2020, 8, 31},
      {2020, 12, 25}, {2020, 12, 28},
      {2021, 1, 1}, {2021, 4, 2}, {2021, 4, 5}, {2021, 5, 3}, {2021, 5, 31}, {2021, 8, 30},
      {2021, 12, 27}, {2021, 12, 28},
      {2022, 1, 3}, {2022, 4, 15}, {2022, 4, 18}, {2022, 5, 2}, {2022, 6, 2}, {2022, 6, 3},
      {2022, 8, 29}, {2022, 9, 19}, {2022, 12, 26}, {2022, 12, 27},
      {2023, 1, 2}, {2023, 4, 7}, {2023, 4, 10}, {2023, 5, 1}, {2023, 5, 8}, {2023, 5, 29},
      {2023, 8, 28}, {2023, 12, 25}, {2023, 12, 26},
      {2024, 1, 1}, {2024, 3, 29}, {2024, 4, 1}, {2024, 5, 6}, {2024, 5, 27}, {2024, 8, 26},
      {2024, 12, 25}, {2024, 12, 26},
      {2025, 1, 1}, {2025, 4, 18}, {2025, 4, 21}, {2025, 5, 5}, {2025, 5, 26}, {2025, 8, 25},
      {2025, 12, 25}, {2025, 12, 26},
      {2026, 1, 1}, {2026, 4, 3}, {2026, 4, 6}, {2026, 5, 4}, {2026, 5, 25}, {2026, 8, 31},
      {2026, 12, 25}, {2026, 12, 28},
      {2027, 1, 1}, {2027, 3, 26}, {2027, 3, 29}, {2027, 5, 3}, {2027, 5, 31}, {2027, 8, 30},
      {2027, 12, 27}, {2027, 12, 28},
      {2028, 1, 3}, {2028, 4, 14}, {2028, 4, 17}, {2028, 5, 1}, {2028, 5, 29}, {2028, 8, 28},
      {2028, 12, 25}, {2028, 12, 26},
  };
  // clang-format on
  return kHolidays;
}

}  // namespace trigpoint
