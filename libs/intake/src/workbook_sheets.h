#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "sheet_table.h"
#include "zip_parts.h"

namespace trigpoint {

/// Reads one sheet of an Office Open XML workbook (ISO/IEC 29500); `sheet` empty: the first. Hidden
/// rows count; of merged cells the first holds the value; formulas give the value that was saved.
/// Errors: of ReadSheetTable.
absl::Status ReadXlsxSheet(const ZipParts& parts, const std::string& sheet, SheetRows& rows);

/// The same of an OpenDocument spreadsheet (ISO/IEC 26300). Comments on cells are not read.
absl::Status ReadOdsSheet(const ZipParts& parts, const std::string& sheet, SheetRows& rows);

/// The error of a sheet that is not there.
absl::Status SheetMissing(const std::string& sheet, const std::vector<std::string>& sheets);

/// Writes a number without an exponent where it is whole, else as short as it reads back.
/// Gives the text itself where it is no number.
std::string PlainNumber(std::string_view text);

}  // namespace trigpoint
