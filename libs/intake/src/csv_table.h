#pragma once

#include <cstdint>
#include <functional>
#include <istream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "trigpoint/v1/events.pb.h"

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

/// Which columns of a file are wanted.
struct CsvHeader {
  size_t columns = 0;          ///< Of every row.
  std::vector<size_t> places;  ///< Of the wanted columns, from 0.
  bool is_data = false;        ///< The file has no names of columns: the row is the first of data.
};

/// Sees the rows of a file from the first on until it knows the columns: nothing for a row that
/// stands before their names. Its error is the error of the file.
using CsvHeaderFinder = std::function<absl::StatusOr<std::optional<CsvHeader>>(
    const std::vector<std::string>& cells, uint64_t line)>;

/// Reads a CSV file (RFC 4180; quotes doubled; LF or CRLF; UTF-8 with or without a byte order mark)
/// with the columns that `finder` wants.
/// Errors: InvalidArgument when the file is empty or UTF-16, has no names of columns, or ends in
/// the middle of a row (with the line); DataLoss when compressed data is damaged; ResourceExhausted
/// over 2 GiB; what `finder` returned.
absl::StatusOr<CsvTable> ReadCsvTable(std::istream& input, const CsvHeaderFinder& finder);

/// The same of a text that was read, UTF-8 without a byte order mark, with another delimiter.
absl::StatusOr<CsvTable> ReadCsvText(std::string bytes, char delimiter,
                                     const CsvHeaderFinder& finder);

/// The same with the wanted columns, found by their exact names in the first row.
/// Errors: also InvalidArgument when a wanted column is missing (with the nearest name found) or
/// twice there.
absl::StatusOr<CsvTable> ReadCsvTable(std::istream& input,
                                      const std::vector<std::string_view>& wanted);

/// The name most like `wanted`; empty where none is near.
std::string NearestName(std::string_view wanted, const std::vector<std::string>& names);

/// Says why a row could not be read, for the problems kNotUtf8, kQuotesBroken, kWrongColumnCount.
v1::FieldViolation ViolationOf(const CsvTable& table, const CsvRow& row);

}  // namespace trigpoint
