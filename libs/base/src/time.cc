#include "trigpoint/base/time.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdio>

#include "absl/status/status.h"
#include "trigpoint/base/check.h"

namespace trigpoint {
namespace {

constexpr int kYearMin = 1;
constexpr int kYearMax = 9999;

std::chrono::year_month_day ToChrono(CivilDate date) {
  return {std::chrono::year(date.year), std::chrono::month(date.month), std::chrono::day(date.day)};
}

CivilDate FromChrono(std::chrono::year_month_day ymd) {
  return {.year = static_cast<int>(ymd.year()),
          .month = static_cast<unsigned>(ymd.month()),
          .day = static_cast<unsigned>(ymd.day())};
}

int64_t FloorDiv(int64_t value, int64_t divisor) {
  const int64_t quotient = value / divisor;
  return value % divisor < 0 ? quotient - 1 : quotient;
}

// Instant at which the clocks change in a month: 01:00 UTC on its last Sunday.
Micros ChangeInstant(int year, std::chrono::month month) {
  const std::chrono::sys_days last_sunday{std::chrono::year(year) / month /
                                          std::chrono::Sunday[std::chrono::last]};
  return last_sunday.time_since_epoch().count() * kMicrosPerDay + kMicrosPerHour;
}

// Reads a fixed number of digits and literal characters from the front of a text.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  // -1 when there are fewer than `width` digits; the reader then stays in its failed state.
  int Digits(size_t width) {
    if (rest_.size() < width) {
      ok_ = false;
      return -1;
    }
    int value = 0;
    for (size_t i = 0; i < width; ++i) {
      const char c = rest_[i];
      if (c < '0' || c > '9') {
        ok_ = false;
        return -1;
      }
      value = value * 10 + (c - '0');
    }
    rest_.remove_prefix(width);
    return value;
  }

  bool TryLiteral(char c) {
    if (rest_.empty() || rest_.front() != c) {
      return false;
    }
    rest_.remove_prefix(1);
    return true;
  }

  void Literal(char c) { ok_ = TryLiteral(c) && ok_; }

  bool ok() const { return ok_; }
  bool AtEnd() const { return rest_.empty(); }
  bool AtDigit() const { return !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

CivilDate ReadDate(Reader& reader) {
  const int year = reader.Digits(4);
  reader.Literal('-');
  const int month = reader.Digits(2);
  reader.Literal('-');
  const int day = reader.Digits(2);
  if (!reader.ok()) {
    return {.year = 0, .month = 0, .day = 0};
  }
  return {.year = year, .month = static_cast<unsigned>(month), .day = static_cast<unsigned>(day)};
}

// Reads ".1" to ".123456" as microseconds; nothing is 0, an empty or longer fraction is -1.
Micros ReadFraction(Reader& reader) {
  if (!reader.TryLiteral('.')) {
    return 0;
  }
  if (!reader.AtDigit()) {
    return -1;
  }
  Micros fraction = 0;
  Micros unit = kMicrosPerSecond / 10;
  while (reader.AtDigit()) {
    const int digit = reader.Digits(1);
    if (unit == 0 && digit != 0) {
      return -1;
    }
    fraction += digit * unit;
    unit /= 10;
  }
  return fraction;
}

// Reads "Z" or "+hh:mm"; gives false when there is neither.
bool ReadZone(Reader& reader, Micros& offset) {
  if (reader.TryLiteral('Z') || reader.TryLiteral('z')) {
    offset = 0;
    return true;
  }
  const bool east = reader.TryLiteral('+');
  if (!east && !reader.TryLiteral('-')) {
    return false;
  }
  const int hours = reader.Digits(2);
  reader.Literal(':');
  const int minutes = reader.Digits(2);
  if (!reader.ok() || hours > 23 || minutes > 59) {
    return false;
  }
  offset = hours * kMicrosPerHour + minutes * kMicrosPerMinute;
  if (!east) {
    offset = -offset;
  }
  return true;
}

}  // namespace

bool IsValidDate(CivilDate date) {
  return date.year >= kYearMin && date.year <= kYearMax && date.month <= 12 && date.day <= 31 &&
         ToChrono(date).ok();
}

int64_t DaysFromCivil(CivilDate date) {
  TP_CHECK(IsValidDate(date), "a civil date that does not exist");
  return std::chrono::sys_days(ToChrono(date)).time_since_epoch().count();
}

CivilDate CivilFromDays(int64_t days) {
  constexpr int64_t kDaysMin = -719'162;   // 0001-01-01
  constexpr int64_t kDaysMax = 2'932'896;  // 9999-12-31
  TP_CHECK(days >= kDaysMin && days <= kDaysMax, "a day outside the years 1 to 9999");
  return FromChrono(std::chrono::sys_days(std::chrono::days(days)));
}

CivilDate AddDays(CivilDate date, int64_t days) {
  return CivilFromDays(DaysFromCivil(date) + days);
}

CivilDate AddMonths(CivilDate date, int months) {
  TP_CHECK(IsValidDate(date), "a civil date that does not exist");
  constexpr int kMonthsMax = 12 * kYearMax;
  TP_CHECK(months >= -kMonthsMax && months <= kMonthsMax, "too many months");
  std::chrono::year_month_day moved = ToChrono(date) + std::chrono::months(months);
  if (!moved.ok()) {
    moved = moved.year() / moved.month() / std::chrono::last;
  }
  const CivilDate result = FromChrono(moved);
  TP_CHECK(IsValidDate(result), "a date outside the years 1 to 9999");
  return result;
}

Weekday WeekdayOf(CivilDate date) {
  const std::chrono::weekday weekday{std::chrono::sys_days(std::chrono::days(DaysFromCivil(date)))};
  return static_cast<Weekday>(weekday.iso_encoding());
}

absl::StatusOr<CivilDate> ParseDate(std::string_view text) {
  Reader reader(text);
  const CivilDate date = ReadDate(reader);
  if (!reader.ok() || !reader.AtEnd() || !IsValidDate(date)) {
    return absl::InvalidArgumentError("not a date of the form YYYY-MM-DD");
  }
  return date;
}

std::string FormatDate(CivilDate date) {
  TP_CHECK(IsValidDate(date), "a civil date that does not exist");
  std::array<char, 32> text{};
  const int size =
      std::snprintf(text.data(), text.size(), "%04d-%02u-%02u", date.year, date.month, date.day);
  return {text.data(), static_cast<size_t>(size)};
}

absl::StatusOr<Micros> ParseInstant(std::string_view text) {
  Reader reader(text);
  const CivilDate date = ReadDate(reader);
  if (!reader.TryLiteral('T')) {
    reader.Literal('t');
  }
  const int hour = reader.Digits(2);
  reader.Literal(':');
  const int minute = reader.Digits(2);
  reader.Literal(':');
  const int second = reader.Digits(2);
  const Micros fraction = ReadFraction(reader);
  Micros offset = 0;
  const bool has_zone = ReadZone(reader, offset);
  if (!reader.ok() || !has_zone || !reader.AtEnd()) {
    return absl::InvalidArgumentError("not an instant of the form YYYY-MM-DDThh:mm:ss[.ffffff]Z");
  }
  if (!IsValidDate(date) || hour > 23 || minute > 59 || second > 59 || fraction < 0) {
    return absl::InvalidArgumentError("an instant with a field out of range");
  }
  const Micros instant = DaysFromCivil(date) * kMicrosPerDay + hour * kMicrosPerHour +
                         minute * kMicrosPerMinute + second * kMicrosPerSecond + fraction - offset;
  // An offset may carry the instant out of the years that FormatInstant can write.
  static const int64_t kFirstDay = DaysFromCivil({.year = kYearMin, .month = 1, .day = 1});
  static const int64_t kLastDay = DaysFromCivil({.year = kYearMax, .month = 12, .day = 31});
  const int64_t day = FloorDiv(instant, kMicrosPerDay);
  if (day < kFirstDay || day > kLastDay) {
    return absl::InvalidArgumentError("an instant outside the years 1 to 9999");
  }
  return instant;
}

std::string FormatInstant(Micros instant) {
  const int64_t day = FloorDiv(instant, kMicrosPerDay);
  const Micros within = instant - day * kMicrosPerDay;
  std::array<char, 48> clock{};
  const int size = std::snprintf(clock.data(), clock.size(), "T%02d:%02d:%02d.%06d",
                                 static_cast<int>(within / kMicrosPerHour),
                                 static_cast<int>(within / kMicrosPerMinute % 60),
                                 static_cast<int>(within / kMicrosPerSecond % 60),
                                 static_cast<int>(within % kMicrosPerSecond));
  std::string text = FormatDate(CivilFromDays(day));
  text.append(clock.data(), static_cast<size_t>(size));
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') {
    text.pop_back();
  }
  text.push_back('Z');
  return text;
}

Micros LondonOffset(Micros instant) {
  const int year = CivilFromDays(FloorDiv(instant, kMicrosPerDay)).year;
  const bool summer = instant >= ChangeInstant(year, std::chrono::March) &&
                      instant < ChangeInstant(year, std::chrono::October);
  return summer ? kMicrosPerHour : 0;
}

CivilDate LondonDate(Micros instant) {
  return CivilFromDays(FloorDiv(instant + LondonOffset(instant), kMicrosPerDay));
}

// The clocks change at 01:00 UTC, never at a midnight, so the offset one hour before and at
// midnight UTC is that of the London midnight between them.
Micros LondonMidnight(CivilDate date) {
  const Micros utc_midnight = DaysFromCivil(date) * kMicrosPerDay;
  return utc_midnight - LondonOffset(utc_midnight);
}

Micros LondonEndOfDay(CivilDate date) {
  return LondonMidnight(AddDays(date, 1)) - kMicrosPerSecond;
}

}  // namespace trigpoint
