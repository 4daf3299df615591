#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

/// Instants, civil dates and Europe/London, without a clock and without a time-zone database.
///
/// Europe/London is computed: summer time runs from 01:00 UTC on the last Sunday of March to 01:00
/// UTC on the last Sunday of October (Summer Time Order 2002, SI 2002/262). That is exact from 1996
/// on; earlier years are treated alike, although their changes fell on other days.
namespace trigpoint {

/// An instant (microseconds since 1970-01-01T00:00:00Z, without leap seconds) or a span.
using Micros = int64_t;

inline constexpr Micros kMicrosPerMilli = 1'000;
inline constexpr Micros kMicrosPerSecond = 1'000'000;
inline constexpr Micros kMicrosPerMinute = 60 * kMicrosPerSecond;
inline constexpr Micros kMicrosPerHour = 60 * kMicrosPerMinute;
/// 24 hours; a London day has 23 or 25 on the two days of change.
inline constexpr Micros kMicrosPerDay = 24 * kMicrosPerHour;

/// A day of the proleptic Gregorian calendar, without a time zone. Ordered by time.
struct CivilDate {
  int year = 1970;     ///< 1..9999 in text.
  unsigned month = 1;  ///< 1..12
  unsigned day = 1;    ///< 1..31

  friend bool operator==(const CivilDate&, const CivilDate&) = default;
  // NOLINTNEXTLINE(modernize-use-nullptr): the check takes the comparison with 0 for a pointer.
  friend auto operator<=>(const CivilDate&, const CivilDate&) = default;
};

/// The seven days, numbered as in ISO 8601.
enum class Weekday : uint8_t {
  kMonday = 1,
  kTuesday,
  kWednesday,
  kThursday,
  kFriday,
  kSaturday,
  kSunday,
};

/// Tells whether the month and the day exist (29 February only in leap years).
bool IsValidDate(CivilDate date);

/// Counts the days from 1970-01-01 (negative before it). The date must be valid.
int64_t DaysFromCivil(CivilDate date);

/// Gives the date that lies `days` after 1970-01-01.
CivilDate CivilFromDays(int64_t days);

/// Adds calendar days; `days` may be negative.
CivilDate AddDays(CivilDate date, int64_t days);

/// Adds calendar months; `months` may be negative.
/// Rule: the day clips to the end of the month: 31 January plus 3 months is 30 April (domain.md
/// 3.7; a suspension of "more than 3 months" in S2 App 2, Level 3, is tested with it).
CivilDate AddMonths(CivilDate date, int months);

/// Gives the day of the week.
Weekday WeekdayOf(CivilDate date);

/// Reads "YYYY-MM-DD" (exactly ten characters).
/// Errors: InvalidArgument when the form is another or the date does not exist.
absl::StatusOr<CivilDate> ParseDate(std::string_view text);

/// Writes "YYYY-MM-DD".
std::string FormatDate(CivilDate date);

/// Reads an RFC 3339 instant: "2026-03-01T10:00:00Z", with up to six decimals of a second, and
/// with "Z" or an offset such as "+01:00".
/// Errors: InvalidArgument when the form is another, a field is out of range, the zone is missing,
/// or the instant has more precision than a microsecond. A leap second (":60") is refused.
absl::StatusOr<Micros> ParseInstant(std::string_view text);

/// Writes RFC 3339 in UTC with "Z"; decimals only when needed, without zeros at the end.
std::string FormatInstant(Micros instant);

/// Gives the difference of Europe/London from UTC at an instant: 0 or one hour.
Micros LondonOffset(Micros instant);

/// Gives the date in Europe/London at an instant.
CivilDate LondonDate(Micros instant);

/// Gives the instant at which a day begins in Europe/London.
Micros LondonMidnight(CivilDate date);

/// Gives 23:59:59 Europe/London of a day: the moment deadlines fall due (domain.md 3.7).
Micros LondonEndOfDay(CivilDate date);

}  // namespace trigpoint
