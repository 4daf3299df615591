#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "csv_table.h"
#include "trigpoint/base/time.h"

namespace trigpoint {

/// The tables of organisations of ODS.
enum class OdsFile {
  kTrusts,         ///< etr
  kPractices,      ///< epraccur and its amendments
  kCommissioners,  ///< eccg
};

/// The columns that are read, in this order; the last one is missing where columns were cut.
enum OdsColumn : size_t {
  kOdsCode,
  kOdsName,
  kOdsGeography,
  kOdsOpened,
  kOdsClosed,
  kOdsStatus,
  kOdsSubtype,
  kOdsParent,
  kOdsJoined,
  kOdsLeft,
  kOdsRegionLetter,
  kOdsSetting,
  kOdsColumns,
};

/// What a violation calls a column: "2 name".
std::string_view OdsFieldName(OdsColumn column);

/// Finds the columns by their places. Errors: InvalidArgument when the first row is not one of ODS.
absl::StatusOr<std::optional<CsvHeader>> FindOdsColumns(const std::vector<std::string>& cells,
                                                        uint64_t line);

/// Tells whether a file with this line as its first is a table of ODS.
bool IsOdsLine(std::string_view line);

/// Tells by the cells which table it is.
/// Errors: InvalidArgument when they do not tell.
absl::StatusOr<OdsFile> OdsFileOf(const CsvTable& table);

/// Reads "20240401"; nothing for another form or a day that there is not.
std::optional<CivilDate> ReadOdsDate(std::string_view text);

/// Tells an integrated care board (QHM, Z9B2Z) from the area teams (Q74) that older files have in
/// the same column, and from Wales (Q99).
bool IsIcbCode(std::string_view code);

/// The type that the normalised name of a trust says; unspecified where it says none, or
/// several.
v1::ServiceType TrustTypeByName(std::string_view normal_name);

}  // namespace trigpoint
