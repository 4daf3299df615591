#pragma once

#include <cstdint>
#include <istream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "trigpoint/intake/feed_mapping.h"
#include "trigpoint/v1/events.pb.h"

namespace trigpoint {

/// What a cell says of its text. A CSV file has text only.
enum class CellKind : uint8_t {
  kText,
  kNumber,    ///< In plain figures, whole numbers without a fraction.
  kDateTime,  ///< "2026-03-01" or "2026-03-01T09:30:00".
  kTruth,     ///< "true" or "false".
  kError,     ///< "#N/A" and the like.
  kFormula,   ///< A formula whose value the file does not hold.
};

struct SheetCell {
  CellKind kind = CellKind::kText;
  std::string text;  ///< Empty: an empty cell, save of kFormula.

  bool empty() const { return text.empty() && kind != CellKind::kFormula; }
};

/// One row below the header.
struct SheetRow {
  uint64_t line = 0;  ///< As people see it, from 1.
  std::optional<v1::FieldViolation> problem;
  std::vector<SheetCell> cells;  ///< Of the wanted columns, in their order; none on a problem.
};

/// The wanted columns of a table.
struct SheetTable {
  std::vector<SheetRow> rows;  ///< Those with something in a wanted column.
  uint64_t empty_rows = 0;     ///< The others.
};

/// Takes the rows of a sheet from the first on; cells with their columns from 0, in order.
class SheetRows {
 public:
  using Cells = std::vector<std::pair<size_t, SheetCell>>;

  virtual ~SheetRows() = default;

  /// Takes a row that stands `times` times, one below the other.
  virtual absl::Status OnRow(uint64_t line, const Cells& cells, uint64_t times) = 0;
};

/// Reads a table (CSV, XLSX, ODS; gzip is unpacked) with the columns of these names. Names are
/// compared as FoldedText. A column that is not wanted is not kept.
/// Errors: InvalidArgument when the file is not of the format, the sheet or a column is missing
/// (with the nearest name) or twice there, or the file ends in the middle; DataLoss when it is
/// damaged; ResourceExhausted over 1,000,000 rows, 500 columns, 64 MiB of workbook or 512 MiB of
/// what is wanted of it.
absl::StatusOr<SheetTable> ReadSheetTable(std::istream& input, const SheetLayout& layout,
                                          const std::vector<std::string>& wanted);

}  // namespace trigpoint
