#include "table_rows.h"

#include <algorithm>
#include <string>
#include <utility>

#include "cells.h"

namespace trigpoint {

std::optional<v1::FieldViolation> RowProblem(const CsvTable& table, const CsvRow& row) {
  if (row.problem != CsvProblem::kNone) {
    return ViolationOf(table, row);
  }
  if (std::any_of(row.cells.begin(), row.cells.end(),
                  [](const std::string& cell) { return Trim(cell).starts_with('='); })) {
    return Violation("", "FORMULA_IN_CELL", "begins with an equals sign");
  }
  return std::nullopt;
}

v1::FieldViolation ConflictWithLine(std::string_view field, uint64_t line) {
  return Violation(field, "CONFLICTING_ROWS",
                   "line " + std::to_string(line) + " says otherwise of the same");
}

absl::Status GiveRefused(const CsvRow& row, std::vector<v1::FieldViolation> violations,
                         RowSink& sink) {
  std::string original;
  for (const std::string& cell : row.cells) {
    original += (original.empty() ? "" : " | ") + cell;
  }
  return sink.OnRefused(
      {.line = row.line, .original = std::move(original), .violations = std::move(violations)});
}

}  // namespace trigpoint
