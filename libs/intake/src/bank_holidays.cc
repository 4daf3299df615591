#include "trigpoint/intake/bank_holidays.h"

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "json_fields.h"

namespace trigpoint {
namespace {

using nlohmann::json;

// England and Wales have eight in every year, Scotland nine, Northern Ireland ten.
constexpr size_t kDaysOfAYearMin = 6;

absl::Status Wrong(std::string_view place, std::string_view rule, std::string_view what) {
  std::string text(place);
  text += text.empty() ? "" : ": ";
  return absl::InvalidArgumentError(text + std::string(rule) + ": " + std::string(what));
}

}  // namespace

absl::StatusOr<v1::HolidaysPublished> ReadBankHolidays(std::string_view document,
                                                       const std::string& division) {
  const json object = json::parse(document.begin(), document.end(), nullptr, false);
  if (object.is_discarded()) return Wrong("", "JSON_SYNTAX", "it is not JSON, or ends early");
  if (!object.is_object()) return Wrong("", "NOT_A_DOCUMENT", "must be an object");
  std::vector<v1::FieldViolation> problems;
  const auto calendar = JsonFields(object, "", &problems).Object(division);
  if (!calendar.has_value())
    return Wrong(division, "DIVISION_NOT_THERE", "must be an object with the division's events");
  std::set<CivilDate> days;
  for (const JsonFields& holiday : calendar->List("events")) {
    const auto day = holiday.Date("date");
    if (day.has_value()) {
      days.insert(*day);
    } else if (problems.empty()) {
      holiday.Refuse("date", "REQUIRED", "must be the day of the holiday");
    }
  }
  if (!problems.empty()) {
    return Wrong(problems.front().field(), problems.front().rule(), problems.front().description());
  }
  if (days.empty()) return Wrong(division + ".events", "REQUIRED", "must have at least one");

  v1::HolidaysPublished holidays;
  holidays.set_calendar(division);
  holidays.set_first_year(days.begin()->year);
  holidays.set_last_year(days.rbegin()->year);
  std::map<int, size_t> of_year;
  for (const CivilDate& day : days) {
    ++of_year[day.year];
    v1::Date* date = holidays.add_holidays();
    date->set_year(day.year);
    date->set_month(day.month);
    date->set_day(day.day);
  }
  for (int year = holidays.first_year(); year <= holidays.last_year(); ++year) {
    if (of_year[year] < kDaysOfAYearMin) {
      return Wrong(
          division + ".events", "YEAR_NOT_WHOLE",
          "year " + std::to_string(year) + " has " + std::to_string(of_year[year]) + " days only");
    }
  }
  return holidays;
}

}  // namespace trigpoint
