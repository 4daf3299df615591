#include "date_form.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "cells.h"

namespace trigpoint {
namespace {

constexpr std::string_view kMonths[] = {"january",   "february", "march",    "april",
                                        "may",       "june",     "july",     "august",
                                        "september", "october",  "november", "december"};

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// A run of one letter in a pattern, or one other character.
struct Part {
  std::string_view text;
  bool minutes = false;  // "mm" after "hh".
};

std::vector<Part> PartsOf(std::string_view pattern) {
  std::vector<Part> parts;
  bool after_hours = false;
  while (!pattern.empty()) {
    size_t size = 1;
    while (IsLetter(pattern[0]) && size < pattern.size() && pattern[size] == pattern[0]) ++size;
    Part part{.text = pattern.substr(0, size)};
    if (part.text == "hh") after_hours = true;
    if (part.text == "mm" && after_hours) {
      part.minutes = true;
      after_hours = false;
    }
    parts.push_back(part);
    pattern.remove_prefix(size);
  }
  return parts;
}

// Takes figures off the front: `least` to `most` of them.
std::optional<int> TakeNumber(std::string_view* text, size_t least, size_t most) {
  size_t size = 0;
  int number = 0;
  while (size < std::min(text->size(), most) && (*text)[size] >= '0' && (*text)[size] <= '9') {
    number = number * 10 + ((*text)[size++] - '0');
  }
  if (size < least) return std::nullopt;
  text->remove_prefix(size);
  return number;
}

// Takes the name of a month, or its first three letters, off the front.
std::optional<int> TakeMonth(std::string_view* text, bool whole) {
  const std::string folded = FoldedText(*text);
  if (text->empty() || !IsLetter(text->front())) return std::nullopt;
  for (int i = 0; i < 12; ++i) {
    const std::string_view name = kMonths[i];
    const std::string_view wanted = whole ? name : name.substr(0, 3);
    if (!std::string_view(folded).starts_with(wanted)) continue;
    // "Sept" is as common as "Sep".
    const bool sept = !whole && i == 8 && folded.size() > 3 && folded[3] == 't';
    text->remove_prefix(wanted.size() + (sept ? 1 : 0));
    return i + 1;
  }
  return std::nullopt;
}

// What a text said of each part; -1: nothing.
struct Taken {
  int year = -1;
  int month = -1;
  int day = -1;
  int hour = -1;
  int minute = -1;
  int second = -1;
};

bool TakePart(const Part& part, std::string_view* text, Taken* taken) {
  const auto into = [](std::optional<int> number, int* to) {
    *to = number.value_or(-1);
    return number.has_value();
  };
  if (part.text == "dd") return into(TakeNumber(text, 1, 2), &taken->day);
  if (part.minutes) return into(TakeNumber(text, 2, 2), &taken->minute);
  if (part.text == "mm") return into(TakeNumber(text, 1, 2), &taken->month);
  if (part.text == "mmm") return into(TakeMonth(text, false), &taken->month);
  if (part.text == "mmmm") return into(TakeMonth(text, true), &taken->month);
  if (part.text == "yyyy") return into(TakeNumber(text, 4, 4), &taken->year);
  if (part.text == "hh") return into(TakeNumber(text, 1, 2), &taken->hour);
  if (part.text == "ss") return into(TakeNumber(text, 2, 2), &taken->second);
  if (part.text == "yy") {
    const std::optional<int> year = TakeNumber(text, 2, 2);
    return into(year ? std::optional<int>(2000 + *year) : year, &taken->year);
  }
  const bool same = text->starts_with(part.text);
  if (same) text->remove_prefix(part.text.size());
  return same;
}

std::optional<When> Whole(const Taken& taken) {
  When when;
  if (taken.year >= 0) {
    const CivilDate date{.year = taken.year,
                         .month = static_cast<unsigned>(taken.month),
                         .day = taken.day < 0 ? 1U : static_cast<unsigned>(taken.day)};
    if (taken.year < 1 || !IsValidDate(date)) return std::nullopt;
    when.date = date;
    when.has_day = taken.day >= 0;
  }
  if (taken.hour >= 0) {
    const int minute = std::max(0, taken.minute);
    const int second = std::max(0, taken.second);
    if (taken.hour > 23 || minute > 59 || second > 59) return std::nullopt;
    when.time_of_day =
        taken.hour * kMicrosPerHour + minute * kMicrosPerMinute + second * kMicrosPerSecond;
    when.has_minutes = taken.minute >= 0;
  }
  return when;
}

std::optional<When> ReadPattern(std::string_view pattern, std::string_view text) {
  Taken taken;
  for (const Part& part : PartsOf(pattern)) {
    if (!TakePart(part, &text, &taken)) return std::nullopt;
  }
  return text.empty() ? Whole(taken) : std::nullopt;
}

std::optional<When> ReadIso(std::string_view text) {
  constexpr size_t kDateBytes = 10;
  if (text.size() > kDateBytes) {
    if (const auto instant = ParseInstant(text); instant.ok()) {
      When when{.date = LondonDate(*instant), .time_of_day = std::nullopt, .instant = *instant};
      when.time_of_day =
          *instant + LondonOffset(*instant) - DaysFromCivil(*when.date) * kMicrosPerDay;
      return when;
    }
    // Excel and LibreOffice write decimals of a second, which nobody meant.
    text = text.substr(0, std::min(text.find('.'), text.size()));
    for (const char* pattern :
         {"yyyy-mm-ddThh:mm:ss", "yyyy-mm-dd hh:mm:ss", "yyyy-mm-ddThh:mm", "yyyy-mm-dd hh:mm"}) {
      if (auto when = ReadPattern(pattern, text); when) return when;
    }
    return std::nullopt;
  }
  auto when = ReadPattern("yyyy-mm-dd", text);
  if (!when) when = ReadPattern("yyyy-mm", text);
  return when ? when : ReadPattern("hh:mm", text);
}

bool IsKnownPart(std::string_view part) {
  constexpr std::string_view kKnown[] = {"dd", "mm", "mmm", "mmmm", "yyyy", "yy", "hh", "ss", "T"};
  return !IsLetter(part[0]) ||
         std::find(std::begin(kKnown), std::end(kKnown), part) != std::end(kKnown);
}

}  // namespace

absl::StatusOr<DateForm> ParseDateForm(std::string_view text) {
  if (text == "iso") return DateForm{.kind = DateForm::Kind::kIso, .pattern = {}};
  if (text == "excel-serial") return DateForm{.kind = DateForm::Kind::kExcelSerial, .pattern = {}};
  bool month = false;
  bool year = false;
  bool hours = false;
  bool known = !text.empty();
  for (const Part& part : PartsOf(text)) {
    known = known && IsKnownPart(part.text);
    month = month || (part.text.starts_with("mm") && !part.minutes);
    year = year || part.text.starts_with("yy");
    hours = hours || part.text == "hh";
  }
  if (!known || month != year || !(month || hours)) {
    return absl::InvalidArgumentError(
        "iso, excel-serial, or a pattern such as dd/mm/yyyy, dd/mm/yyyy hh:mm, mmm yyyy or hh:mm");
  }
  return DateForm{.kind = DateForm::Kind::kPattern, .pattern = std::string(text)};
}

std::optional<When> ReadWhen(const DateForm& form, const SheetCell& cell) {
  std::string_view text = Trim(cell.text);
  if (cell.kind == CellKind::kDateTime) return ReadIso(text);
  if (form.kind == DateForm::Kind::kPattern) return ReadPattern(form.pattern, text);
  if (form.kind == DateForm::Kind::kIso) return ReadIso(text);
  double serial = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), serial);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  const std::optional<std::string> day = ExcelDayText(serial, false);
  return day ? ReadIso(*day) : std::nullopt;
}

std::optional<Micros> LondonInstant(CivilDate date, Micros time_of_day) {
  const Micros clock = DaysFromCivil(date) * kMicrosPerDay + time_of_day;
  for (const Micros offset : {kMicrosPerHour, Micros{0}}) {
    if (LondonOffset(clock - offset) == offset) return clock - offset;
  }
  return std::nullopt;
}

std::optional<std::string> ExcelDayText(double serial, bool from_1904) {
  // Before 1 March 1900 Excel counts a day that never was.
  constexpr double kFirst1900 = 61;
  constexpr double kLast = 2958465;  // 9999-12-31
  constexpr int64_t kEpoch1900 = -25569;
  constexpr int64_t kEpoch1904 = -24107;
  constexpr int64_t kSecondsPerDay = 86400;
  if (!(serial >= (from_1904 ? 1 : kFirst1900)) || !(serial < kLast)) return std::nullopt;
  const auto seconds = static_cast<int64_t>(std::llround(serial * kSecondsPerDay));
  const int64_t day = seconds / kSecondsPerDay;
  const int64_t rest = seconds % kSecondsPerDay;
  const std::string date = FormatDate(CivilFromDays(day + (from_1904 ? kEpoch1904 : kEpoch1900)));
  if (rest == 0) return date;
  const auto two = [](int64_t number) { return (number < 10 ? "0" : "") + std::to_string(number); };
  return date + "T" + two(rest / 3600) + ":" + two(rest / 60 % 60) + ":" + two(rest % 60);
}

}  // namespace trigpoint
