#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "sheet_table.h"
#include "trigpoint/base/time.h"
#include "trigpoint/intake/feed_mapping.h"

namespace trigpoint {

/// What a cell says of a time.
struct When {
  std::optional<CivilDate> date;      ///< None of a time of day alone; day 1 where !has_day.
  bool has_day = true;                ///< Else a month.
  std::optional<Micros> time_of_day;  ///< Since midnight on the clock.
  std::optional<Micros> instant;      ///< Where the text has a zone.
  bool has_minutes = true;            ///< Of time_of_day.
};

/// Reads how dates are written: "iso", "excel-serial", or a pattern of dd, mm, mmm (Jan), mmmm
/// (January), yyyy, yy (of this century), hh, mm after hh, ss and what stands between them.
/// Errors: InvalidArgument that says what a pattern may hold.
absl::StatusOr<DateForm> ParseDateForm(std::string_view text);

/// Reads a cell; a date of a workbook is read whatever the form says. Nothing when it is written
/// otherwise or the day does not exist.
std::optional<When> ReadWhen(const DateForm& form, const SheetCell& cell);

/// Gives the instant of a time in Europe/London; of the hour that comes twice in October the first.
/// Nothing for a time that the clocks leave out in March.
std::optional<Micros> LondonInstant(CivilDate date, Micros time_of_day);

/// Gives "2026-03-01" or "2026-03-01T09:30:00" for the number of a day in Excel; nothing for days
/// that its two calendars count differently, and after 9999.
std::optional<std::string> ExcelDayText(double serial, bool from_1904);

}  // namespace trigpoint
