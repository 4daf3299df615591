#include "words.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "trigpoint/base/time.h"

namespace trigpoint {
namespace {

std::string Words(CivilDate date) {
  constexpr std::array<std::string_view, 12> kMonths = {
      "January", "February", "March",     "April",   "May",      "June",
      "July",    "August",   "September", "October", "November", "December"};
  if (!IsValidDate(date)) return "date not known";
  return std::to_string(date.day) + ' ' + std::string(kMonths[date.month - 1]) + ' ' +
         std::to_string(date.year);
}

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

std::string TwoDigits(int64_t number) { return (number < 10 ? "0" : "") + std::to_string(number); }

}  // namespace

std::string DateWords(int64_t instant_us) { return Words(LondonDate(instant_us)); }

std::string InstantWords(int64_t instant_us) {
  const CivilDate date = LondonDate(instant_us);
  const int64_t minutes =
      (instant_us + LondonOffset(instant_us)) / kMicrosPerMinute - DaysFromCivil(date) * 24 * 60;
  return Words(date) + ", " + TwoDigits(minutes / 60) + ':' + TwoDigits(minutes % 60);
}

std::string DateWords(const v1::Date& date) {
  return Words({.year = date.year(), .month = date.month(), .day = date.day()});
}

std::string StateWords(std::string_view state) { return Capital(Lower(std::string(state))); }

std::string Capital(std::string text) {
  if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text;
}

std::string CodeWords(std::string_view name, std::string_view prefix) {
  if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
  return Lower(std::string(name));
}

std::string CountWords(size_t count, std::string_view one, std::string_view many) {
  return std::to_string(count) + ' ' + std::string(count == 1 ? one : many);
}

std::string ListWords(const std::vector<std::string>& words) {
  std::string text;
  for (size_t i = 0; i < words.size(); ++i)
    text += (i == 0 ? "" : i + 1 == words.size() ? " and " : ", ") + words[i];
  return text;
}

}  // namespace trigpoint
