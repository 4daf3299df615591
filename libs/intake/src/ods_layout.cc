#include "ods_layout.h"

#include <algorithm>
#include <sstream>

#include "cells.h"
#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

struct Place {
  size_t at;
  std::string_view name;
};

// By OdsColumn. Columns between them are addresses, telephone numbers and nothing.
constexpr Place kPlaces[kOdsColumns] = {
    {0, "1 code"},
    {1, "2 name"},
    {3, "4 geography"},
    {10, "11 open date"},
    {11, "12 close date"},
    {12, "13 status"},
    {13, "14 subtype"},
    {14, "15 parent"},
    {15, "16 join date"},
    {16, "17 left date"},
    {23, "24 region letter"},
    {25, "26 prescribing setting"},
};
constexpr size_t kColumnsMin = 24;  // The last ones are empty in some files and were cut.
constexpr size_t kColumnsMax = 27;

bool IsCode(std::string_view text) {
  constexpr size_t kMin = 3;
  constexpr size_t kMax = 10;
  return text.size() >= kMin && text.size() <= kMax &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); });
}

}  // namespace

std::string_view OdsFieldName(OdsColumn column) { return kPlaces[column].name; }

absl::StatusOr<std::optional<CsvHeader>> FindOdsColumns(const std::vector<std::string>& cells,
                                                        uint64_t line) {
  if (cells.size() < kColumnsMin || cells.size() > kColumnsMax || !IsCode(cells[0])) {
    return absl::InvalidArgumentError(
        "line " + std::to_string(line) +
        ": a row of 24 to 27 columns that begins with an organisation's code must stand here");
  }
  CsvHeader header{.columns = cells.size(), .places = {}, .is_data = true};
  for (const Place& place : kPlaces) {
    if (place.at < cells.size()) header.places.push_back(place.at);
  }
  return std::optional<CsvHeader>(std::move(header));
}

bool IsOdsLine(std::string_view line) {
  std::istringstream input{std::string(line)};
  const auto table = ReadCsvTable(input, FindOdsColumns);
  if (!table.ok() || table->rows.size() != 1 || table->rows[0].cells.empty()) return false;
  const std::vector<std::string>& cells = table->rows[0].cells;
  return ReadOdsDate(cells[kOdsOpened]).has_value() &&
         (cells[kOdsClosed].empty() || ReadOdsDate(cells[kOdsClosed]).has_value());
}

absl::StatusOr<OdsFile> OdsFileOf(const CsvTable& table) {
  const auto any = [&table](OdsColumn column) {
    return std::any_of(table.rows.begin(), table.rows.end(), [column](const CsvRow& row) {
      return row.cells.size() > column && !Trim(row.cells[column]).empty();
    });
  };
  if (any(kOdsStatus)) return OdsFile::kPractices;
  if (any(kOdsRegionLetter)) return OdsFile::kTrusts;
  if (any(kOdsSubtype)) return OdsFile::kCommissioners;
  return absl::InvalidArgumentError(
      "neither a status (column 13, practices), nor a role (14, sub-ICBs), nor a region letter "
      "(24, "
      "trusts) is in the file: which table it is cannot be told");
}

std::optional<CivilDate> ReadOdsDate(std::string_view text) {
  constexpr size_t kBytes = 8;
  constexpr size_t kMonth = 4;
  constexpr size_t kDay = 6;
  constexpr int kFirstYear = 1900;
  constexpr int kLastYear = 2200;
  if (text.size() != kBytes) return std::nullopt;
  const auto date =
      ParseDate(std::string(text.substr(0, kMonth)) + "-" + std::string(text.substr(kMonth, 2)) +
                "-" + std::string(text.substr(kDay)));
  if (!date.ok() || date->year < kFirstYear || date->year > kLastYear) return std::nullopt;
  return *date;
}

bool IsIcbCode(std::string_view code) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!IsCode(code)) return false;
  return code[0] != 'Q' || code.size() != 3 || !(is_digit(code[1]) && is_digit(code[2]));
}

v1::ServiceType TrustTypeByName(std::string_view normal_name) {
  static constexpr std::pair<std::string_view, v1::ServiceType> kWords[] = {
      {"AMBULANCE", v1::SERVICE_TYPE_AMBULANCE},
      {"MENTAL HEALTH", v1::SERVICE_TYPE_MENTAL_HEALTH},
      {"COMMUNITY", v1::SERVICE_TYPE_COMMUNITY_HEALTH},
      {"HOSPITAL", v1::SERVICE_TYPE_ACUTE}};
  v1::ServiceType type = v1::SERVICE_TYPE_UNSPECIFIED;  // Denies nothing that CQC says.
  for (const auto& [word, meant] : kWords) {
    if (normal_name.find(word) == std::string_view::npos) continue;
    if (type != v1::SERVICE_TYPE_UNSPECIFIED) return v1::SERVICE_TYPE_UNSPECIFIED;
    type = meant;
  }
  return type;
}

}  // namespace trigpoint
