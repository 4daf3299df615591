#include "trigpoint/base/duration.h"

#include <array>
#include <charconv>
#include <system_error>

#include "absl/status/status.h"
#include "trigpoint/base/check.h"

namespace trigpoint {
namespace {

constexpr int kAmountMax = 100'000;

struct UnitName {
  DurationUnit unit;
  std::string_view prefix;
};

constexpr std::array<UnitName, 4> kUnitNames = {{
    {DurationUnit::kWorkingDays, "WD("},
    {DurationUnit::kCalendarDays, "CD("},
    {DurationUnit::kCalendarMonths, "CM("},
    {DurationUnit::kHours, "H("},
}};

absl::Status FormError() {
  return absl::InvalidArgumentError("not a duration of the form WD(n), CD(n), CM(n) or H(n)");
}

// Reads "10)" with nothing around the digits.
absl::StatusOr<int> ParseAmount(std::string_view text) {
  if (text.size() < 2 || text.back() != ')') {
    return FormError();
  }
  text.remove_suffix(1);
  if (text.front() < '0' || text.front() > '9') {
    return FormError();
  }
  int amount = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, amount);
  if (stop != end) {
    return FormError();
  }
  if (error != std::errc() || amount > kAmountMax) {
    return absl::InvalidArgumentError("a duration over 100000");
  }
  return amount;
}

}  // namespace

absl::StatusOr<Duration> ParseDuration(std::string_view text) {
  for (const UnitName& name : kUnitNames) {
    if (text.substr(0, name.prefix.size()) == name.prefix) {
      const absl::StatusOr<int> amount = ParseAmount(text.substr(name.prefix.size()));
      if (!amount.ok()) {
        return amount.status();
      }
      return Duration{.unit = name.unit, .amount = *amount};
    }
  }
  return FormError();
}

std::string FormatDuration(Duration duration) {
  for (const UnitName& name : kUnitNames) {
    if (name.unit == duration.unit) {
      return std::string(name.prefix) + std::to_string(duration.amount) + ")";
    }
  }
  TP_CHECK(false, "an unknown unit of duration");
}

Micros DueAt(Micros start, Duration duration, const WorkingCalendar& calendar) {
  const CivilDate date = LondonDate(start);
  switch (duration.unit) {
    case DurationUnit::kWorkingDays:
      return LondonEndOfDay(calendar.AddWorkingDays(date, duration.amount));
    case DurationUnit::kCalendarDays:
      return LondonEndOfDay(AddDays(date, duration.amount));
    case DurationUnit::kCalendarMonths:
      return LondonEndOfDay(AddMonths(date, duration.amount));
    case DurationUnit::kHours:
      return start + duration.amount * kMicrosPerHour;
  }
  TP_CHECK(false, "an unknown unit of duration");
}

}  // namespace trigpoint
