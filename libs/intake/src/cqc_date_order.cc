#include "cqc_date_order.h"

#include <charconv>
#include <string>

namespace trigpoint {
namespace {

constexpr unsigned kMonthsInYear = 12;

struct Parts {
  unsigned first = 0;
  unsigned second = 0;
  int year = 0;
};

std::optional<unsigned> ReadNumber(std::string_view text) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return number;
}

// What stands before a time: "16/11/2015 - 00:00", "2024-09-17 15:19:48", "2024-09-17T15:19:48Z".
std::string_view WithoutTime(std::string_view text) {
  const size_t end = text.find_first_of(" T");
  if (end == std::string_view::npos ||
      text.find_first_not_of("0123456789:.-+ZT ", end) != std::string_view::npos) {
    return text;
  }
  return text.substr(0, end);
}

// Two numbers of one or two digits and a year of four, with one kind of separator.
std::optional<Parts> Split(std::string_view text) {
  const size_t one = text.find_first_of("/-.");
  if (one == std::string_view::npos || one == 0 || one > 2) {
    return std::nullopt;
  }
  const size_t two = text.find(text[one], one + 1);
  if (two == std::string_view::npos || two - one < 2 || two - one > 3 || text.size() - two != 5) {
    return std::nullopt;
  }
  const auto first = ReadNumber(text.substr(0, one));
  const auto second = ReadNumber(text.substr(one + 1, two - one - 1));
  const auto year = ReadNumber(text.substr(two + 1));
  if (!first || !second || !year) {
    return std::nullopt;
  }
  return Parts{.first = *first, .second = *second, .year = static_cast<int>(*year)};
}

std::string Name(DateOrder order) {
  return order == DateOrder::kDayFirst ? "day first" : "month first";
}

}  // namespace

absl::StatusOr<std::optional<DateOrder>> DecideDateOrder(const std::vector<DateCell>& cells,
                                                         std::optional<DateOrder> given) {
  uint64_t day_first_line = 0;
  uint64_t month_first_line = 0;
  bool any = false;
  for (const DateCell& cell : cells) {
    const std::optional<Parts> parts = Split(WithoutTime(cell.text));
    if (!parts) {
      continue;
    }
    any = true;
    const bool first_is_day = parts->first > kMonthsInYear;
    const bool second_is_day = parts->second > kMonthsInYear;
    if (first_is_day && !second_is_day && day_first_line == 0) day_first_line = cell.line;
    if (second_is_day && !first_is_day && month_first_line == 0) month_first_line = cell.line;
  }
  if (!any) {
    return std::optional<DateOrder>();
  }
  if (day_first_line != 0 && month_first_line != 0) {
    return absl::InvalidArgumentError("the dates contradict each other: line " +
                                      std::to_string(day_first_line) + " has the day first, line " +
                                      std::to_string(month_first_line) + " the month");
  }
  if (day_first_line == 0 && month_first_line == 0) {
    if (given) {
      return given;
    }
    return absl::InvalidArgumentError(
        "the dates do not tell whether the day or the month comes first: say which");
  }
  const DateOrder told = day_first_line != 0 ? DateOrder::kDayFirst : DateOrder::kMonthFirst;
  if (given && *given != told) {
    return absl::InvalidArgumentError("line " + std::to_string(day_first_line + month_first_line) +
                                      ": the date is " + Name(told) + ", but " + Name(*given) +
                                      " was asked for");
  }
  return std::optional<DateOrder>(told);
}

std::optional<CivilDate> ReadDateCell(std::string_view text, std::optional<DateOrder> order) {
  text = WithoutTime(text);
  if (const absl::StatusOr<CivilDate> iso = ParseDate(text); iso.ok()) {
    return *iso;
  }
  const std::optional<Parts> parts = Split(text);
  if (!parts || !order) {
    return std::nullopt;
  }
  const bool day_first = *order == DateOrder::kDayFirst;
  const CivilDate date{.year = parts->year,
                       .month = day_first ? parts->second : parts->first,
                       .day = day_first ? parts->first : parts->second};
  if (date.year < 1 || !IsValidDate(date)) {
    return std::nullopt;
  }
  return date;
}

}  // namespace trigpoint
