#pragma once

#include <cstdint>
#include <istream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace trigpoint {

/// Why a row of a table could not be used as it stands.
enum class CsvProblem {
  kNone,
  kNotUtf8,
  kQuotesBroken,
  kWrongColumnCount,
};

/// One row below the header.
struct CsvRow {
  uint64_t line = 0;  ///< First line of the row, from 1.
  size_t offset = 0;  ///< Of the row's bytes in the file.
  size_t size = 0;    ///< Of the row's bytes, line end included.
  CsvProblem problem = CsvProblem::kNone;
  size_t columns_found = 0;
  std::vector<std::string> cells;  ///< Of the wanted columns, in their order; empty on a problem.
};

/// A whole CSV file: the wanted columns of every row.
struct CsvTable {
  std::string bytes;  ///< The file, unpacked, without its byte order mark.
  size_t columns = 0;
  std::vector<CsvRow> rows;

  std::string_view Original(const CsvRow& row) const {
    return std::string_view(bytes).substr(row.offset, row.size);
  }
};

/// Reads a CSV file (RFC 4180; quotes doubled; LF or CRLF; UTF-8 with or without a byte order mark)
/// with the wanted columns, found by their exact names in the first row.
/// Errors: InvalidArgument when the file is empty or UTF-16, a wanted column is missing (with the
/// nearest name found) or twice there, or the file ends in the middle of a row (with the line);
/// DataLoss when compressed data is damaged; ResourceExhausted over 2 GiB.
absl::StatusOr<CsvTable> ReadCsvTable(std::istream& input,
                                      const std::vector<std::string_view>& wanted);

}  // namespace trigpoint
