#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "trigpoint/base/time.h"
#include "trigpoint/base/working_days.h"

namespace trigpoint {

/// What a typed duration counts.
enum class DurationUnit : uint8_t {
  kWorkingDays,     ///< WD(n)
  kCalendarDays,    ///< CD(n)
  kCalendarMonths,  ///< CM(n)
  kHours,           ///< H(n)
};

/// A length of time as a policy states it; working days and months have no fixed length in seconds.
struct Duration {
  DurationUnit unit = DurationUnit::kCalendarDays;
  int amount = 0;  ///< 0..100000 when parsed.

  friend bool operator==(const Duration&, const Duration&) = default;
};

/// Reads "WD(10)", "CD(14)", "CM(3)" or "H(4)"; no spaces, no sign, upper case.
/// Errors: InvalidArgument for any other text and for an amount over 100000.
absl::StatusOr<Duration> ParseDuration(std::string_view text);

/// Writes the form that ParseDuration reads.
std::string FormatDuration(Duration duration);

/// Gives the instant at which something that started at `start` falls due.
/// Rule: working days, calendar days and calendar months count from the Europe/London date of the
/// start, day 0 excluded, and fall due at 23:59:59 Europe/London of the resulting date; hours are
/// exact (domain.md 3.7; S0 10 working days, S3 App 1 3 months, S2 5.4 and App 2).
Micros DueAt(Micros start, Duration duration, const WorkingCalendar& calendar);

}  // namespace trigpoint
