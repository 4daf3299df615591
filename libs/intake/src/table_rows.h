#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "csv_table.h"
#include "trigpoint/intake/feed_adapter.h"

namespace trigpoint {

/// Says why nothing of a row can be used: it cannot be cut into cells, or a wanted cell begins with
/// an equals sign (FORMULA_IN_CELL).
std::optional<v1::FieldViolation> RowProblem(const CsvTable& table, const CsvRow& row);

/// The violation of a row that says otherwise than an earlier one: CONFLICTING_ROWS.
v1::FieldViolation ConflictWithLine(std::string_view field, uint64_t line);

/// Hands on a refused row of which only the wanted cells are kept: the other columns may name
/// persons. A row that cannot be cut into cells keeps nothing.
absl::Status GiveRefused(const CsvRow& row, std::vector<v1::FieldViolation> violations,
                         RowSink& sink);

}  // namespace trigpoint
