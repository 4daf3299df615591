#include "fhir_fields.h"

#include <algorithm>

namespace trigpoint {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// "https://.../StructureDefinition/detection-factors-5" without what is around the name.
std::string_view NameOf(std::string_view url) {
  url.remove_prefix(url.find_last_of('/') + 1);  // npos + 1 is 0.
  const size_t dash = url.find_last_of('-');
  const bool version =
      dash != std::string_view::npos && dash + 1 < url.size() &&
      std::all_of(url.begin() + static_cast<ptrdiff_t>(dash) + 1, url.end(), IsDigit);
  return version ? url.substr(0, dash) : url;
}

std::optional<FhirTime> Day(std::string_view text, v1::TimePrecision precision) {
  constexpr int kFirstYear = 1900;
  const auto date = ParseDate(text);
  if (!date.ok() || date->year < kFirstYear) return std::nullopt;
  return FhirTime{.at = LondonMidnight(*date), .precision = precision};
}

// Some systems write seven decimals.
std::string WithSixDecimals(std::string_view text) {
  constexpr size_t kDecimals = 6;
  std::string cut;
  const size_t point = text.find('.');
  for (size_t i = 0; i < text.size(); ++i) {
    const bool surplus = point != std::string_view::npos && i > point + kDecimals &&
                         std::all_of(text.begin() + static_cast<ptrdiff_t>(point) + 1,
                                     text.begin() + static_cast<ptrdiff_t>(i) + 1, IsDigit);
    if (!surplus) cut.push_back(text[i]);
  }
  return cut;
}

}  // namespace

std::vector<JsonFields> FhirExtensions(const JsonFields& element, std::string_view name) {
  std::vector<JsonFields> found;
  for (const JsonFields& extension : element.List("extension")) {
    if (NameOf(extension.Text("url")) == name) found.push_back(extension);
  }
  return found;
}

std::vector<JsonFields> FhirContained(const JsonFields& resource, std::string_view type) {
  std::vector<JsonFields> found;
  for (const JsonFields& contained : resource.List("contained")) {
    if (contained.Text("resourceType") == type) found.push_back(contained);
  }
  return found;
}

std::vector<JsonFields> FhirAnswers(const JsonFields& extension, std::string_view question) {
  std::vector<JsonFields> found;
  for (const JsonFields& answer : extension.List("extension")) {
    if (answer.Text("url") == question) found.push_back(answer);
  }
  return found;
}

std::string FhirValue(const JsonFields& answer, std::string_view key) {
  std::string text = answer.Text(key);
  if (text.empty()) answer.Refuse(key, "VALUE_MISSING", "must be there");
  return text;
}

std::optional<FhirTime> ReadFhirTime(std::string_view text) {
  constexpr size_t kYear = 4;
  constexpr size_t kMonth = 7;
  constexpr size_t kDay = 10;
  if (text.size() == kDay) return Day(text, v1::TIME_PRECISION_DAY);
  if (text.size() == kMonth) return Day(std::string(text) + "-01", v1::TIME_PRECISION_APPROXIMATE);
  if (text.size() == kYear) {
    return Day(std::string(text) + "-01-01", v1::TIME_PRECISION_APPROXIMATE);
  }
  const auto instant = ParseInstant(WithSixDecimals(text));
  if (!instant.ok() || !Day(text.substr(0, kDay), v1::TIME_PRECISION_DAY)) return std::nullopt;
  return FhirTime{.at = *instant, .precision = v1::TIME_PRECISION_MINUTE};
}

}  // namespace trigpoint
