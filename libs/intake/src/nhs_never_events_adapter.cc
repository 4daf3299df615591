#include "trigpoint/intake/nhs_never_events_adapter.h"

#include <map>
#include <set>
#include <string_view>

#include "cells.h"
#include "cqc_events.h"
#include "csv_table.h"
#include "indicators.h"
#include "names.h"
#include "table_rows.h"
#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

constexpr std::string_view kSource = "nhs-england/never-events";
constexpr size_t kNameBytesMax = 180;

// Order of the wanted columns.
enum Column : size_t { kYear, kName, kNumber, kStatus };

// What a row says, once it was read.
struct Figure {
  std::string name;
  std::string year_text;
  FinancialYear year;
  std::optional<double> value;
  bool provisional = false;
};

class Import {
 public:
  Import(const CsvTable& table, std::optional<CivilDate> edition, NhsNeverEventsCounts* counts)
      : table_(table), edition_(edition), counts_(counts) {}

  absl::Status Run(RowSink& sink) {
    counts_->rows = table_.rows.size();
    for (size_t i = 0; i < table_.rows.size(); ++i) {
      TakeRow(i);
    }
    for (size_t i = 0; i < table_.rows.size(); ++i) {
      TP_RETURN_IF_ERROR(EmitRow(i, sink));
    }
    counts_->names = names_.size();
    return absl::OkStatus();
  }

 private:
  std::string_view Cell(size_t row, Column column) const {
    return Trim(table_.rows[row].cells[column]);
  }

  std::optional<v1::FieldViolation> ReadRow(size_t i, Figure* figure) const {
    if (auto problem = RowProblem(table_, table_.rows[i])) return problem;
    const auto year = ReadFinancialYear(Cell(i, kYear));
    if (!year) return Violation("year", "YEAR_NOT_READ", "must be a financial year, as 2024-25");
    figure->year = *year;
    figure->year_text = Cell(i, kYear);
    figure->name = NormalName(Cell(i, kName));
    if (figure->name.empty()) return Violation("organisation_name", "NAME_MISSING", "is empty");
    if (figure->name.size() > kNameBytesMax) {
      return Violation("organisation_name", "NAME_TOO_LONG", "has more than 180 bytes");
    }
    const CountCell count = ReadCountCell(Cell(i, kNumber));
    if (!count.readable) {
      return Violation("never_events", "NUMBER_NOT_READ",
                       "must be a whole number that is not negative");
    }
    figure->value = count.value;
    figure->provisional = Cell(i, kStatus) == "provisional";
    if (!figure->provisional && Cell(i, kStatus) != "final") {
      return Violation("status", "STATUS_NOT_KNOWN", "must be final or provisional");
    }
    return std::nullopt;
  }

  void TakeRow(size_t i) {
    Figure figure;
    if (auto problem = ReadRow(i, &figure)) {
      refused_.emplace(i, *std::move(problem));
      return;
    }
    const auto [it, added] = first_rows_.try_emplace({figure.year_text, figure.name}, i);
    if (added) {
      figures_.emplace(i, std::move(figure));
      return;
    }
    const size_t first = it->second;
    const auto known = figures_.find(first);
    if (known != figures_.end() && known->second.value == figure.value &&
        known->second.provisional == figure.provisional) {
      ++counts_->duplicates;
      return;
    }
    figures_.erase(first);
    refused_.try_emplace(first, ConflictWithLine("never_events", table_.rows[i].line));
    refused_.emplace(i, ConflictWithLine("never_events", table_.rows[first].line));
  }

  absl::Status EmitRow(size_t i, RowSink& sink) {
    if (const auto refused = refused_.find(i); refused != refused_.end()) {
      ++counts_->refused;
      return GiveRefused(table_.rows[i], {refused->second}, sink);
    }
    const auto found = figures_.find(i);
    if (found == figures_.end()) {
      return absl::OkStatus();  // Repeats another.
    }
    const Figure& figure = found->second;
    names_.insert(figure.name);
    ++counts_->figures;
    counts_->provisional += figure.provisional ? 1U : 0U;
    counts_->suppressed += figure.value ? 0U : 1U;
    const uint32_t by_status = figure.provisional ? 1 : 2;
    return sink.OnEvent(
        IndicatorEvent({.source = kSource,
                        .id = figure.year_text + "/" + figure.name,
                        .version = edition_ ? VersionOfEdition(*edition_) : by_status,
                        .scheme = "nhs-trust-name",
                        .subject = figure.name,
                        .indicator = "never-events/total",
                        .name = "Never events",
                        .measured_in = "never events",
                        .value = figure.value,
                        .year = figure.year,
                        .edition = edition_}),
        table_.rows[i].line);
  }

  const CsvTable& table_;
  std::optional<CivilDate> edition_;
  NhsNeverEventsCounts* counts_;
  std::map<std::pair<std::string, std::string>, size_t> first_rows_;  // By year and name.
  std::map<size_t, Figure> figures_;                                  // By row.
  std::map<size_t, v1::FieldViolation> refused_;
  std::set<std::string> names_;
};

}  // namespace

std::vector<std::pair<std::string, uint64_t>> NhsNeverEventsAdapter::Found() const {
  return {{"rows in the file", counts_.rows},
          {"figures of an organisation and year", counts_.figures},
          {"of these provisional", counts_.provisional},
          {"of these without a value: suppressed or blank, not zero", counts_.suppressed},
          {"names of organisations", counts_.names},
          {"rows that repeat another", counts_.duplicates},
          {"rows refused", counts_.refused}};
}

absl::Status NhsNeverEventsAdapter::Read(std::istream& input, RowSink& sink) {
  counts_ = {};
  TP_ASSIGN_OR_RETURN(const CsvTable table,
                      ReadCsvTable(input, {"year", "organisation_name", "never_events", "status"}));
  return Import(table, edition_, &counts_).Run(sink);
}

}  // namespace trigpoint
