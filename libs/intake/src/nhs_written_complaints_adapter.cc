#include "trigpoint/intake/nhs_written_complaints_adapter.h"

#include <map>
#include <sstream>
#include <string_view>

#include "cells.h"
#include "complaints_layout.h"
#include "cqc_events.h"
#include "csv_table.h"
#include "indicators.h"
#include "table_rows.h"
#include "trigpoint/base/status.h"
#include "whole_file.h"
#include "windows_1252.h"

namespace trigpoint {
namespace {

constexpr std::string_view kSource = "nhs-england/written-complaints";

// Order of the wanted columns.
enum Column : size_t { kYear, kGroup, kCode, kPart, kFirstMeasure };

using Values = std::vector<std::optional<double>>;

// What a row says, once it was read.
struct Return {
  std::string key;     // "2024-25/ko41a/RJ1".
  std::string family;  // "ko41a".
  std::string code;
  std::string part;
  FinancialYear year;
  Values values;
};

// The rows of one organisation, site or area.
struct Sum {
  Return total;
  size_t first_row = 0;
  std::map<std::string, std::pair<Values, size_t>> parts;  // With the row.
  std::optional<size_t> refused_row;                       // Then nothing of it is used.
};

class Import {
 public:
  Import(const CsvTable& table, const ComplaintsLayout& layout, std::optional<CivilDate> edition,
         NhsWrittenComplaintsCounts* counts)
      : table_(table), layout_(layout), edition_(edition), counts_(counts) {}

  absl::Status Run(RowSink& sink) {
    counts_->rows = table_.rows.size();
    for (size_t i = 0; i < table_.rows.size(); ++i) {
      TakeRow(i);
    }
    for (const auto& [key, sum] : sums_) {
      if (!sum.refused_row) first_rows_.emplace(sum.first_row, &sum);
    }
    for (size_t i = 0; i < table_.rows.size(); ++i) {
      TP_RETURN_IF_ERROR(EmitRow(i, sink));
    }
    return absl::OkStatus();
  }

 private:
  std::string_view Cell(size_t row, size_t column) const {
    return Trim(table_.rows[row].cells[column]);
  }
  std::string Name(size_t column) const { return std::string(layout_.columns[column]); }

  // "ko41b-gp"; empty for a return that is not known.
  std::string Family(size_t i) const {
    if (layout_.file == ComplaintsFile::kOrganisations) return "ko41a";
    if (layout_.file == ComplaintsFile::kSites) return "ko41a-site";
    const std::string_view name = Cell(i, kGroup);
    return name == "GP"       ? "ko41b-gp"
           : name == "Dental" ? "ko41b-dental"
           : name == "ICB"    ? "ko41b-icb"
                              : "";
  }

  std::optional<v1::FieldViolation> ReadKey(size_t i, Return* row) const {
    const auto year = ReadFinancialYear(Cell(i, kYear));
    if (!year) return Violation("Year", "YEAR_NOT_READ", "must be a financial year, as 2024-25");
    row->year = *year;
    row->family = Family(i);
    if (row->family.empty()) {
      return Violation("Return", "RETURN_NOT_KNOWN", "must be GP, Dental or ICB");
    }
    const bool areas = layout_.file == ComplaintsFile::kSubIcbs;
    const bool sites = layout_.file == ComplaintsFile::kSites;
    // A return of a whole ICB has no sub-ICB.
    const bool whole = areas && NotFiller(Cell(i, kCode)).empty();
    row->code = Cell(i, whole ? kPart : kCode);
    if (!IsUsableId(row->code)) return IdNotUsable(Name(whole ? kPart : kCode));
    if (sites && !IsUsableId(Cell(i, kGroup))) return IdNotUsable(Name(kGroup));
    row->key = std::string(Cell(i, kYear)) + "/" + row->family + "/" +
               (sites ? std::string(Cell(i, kGroup)) + "/" : "") + row->code;
    if (sites || layout_.file == ComplaintsFile::kPractices) row->part = Cell(i, kPart);
    return std::nullopt;
  }

  std::optional<v1::FieldViolation> ReadValues(size_t i, Return* row) const {
    for (size_t at = kFirstMeasure; at < layout_.columns.size(); ++at) {
      const CountCell count = ReadCountCell(Cell(i, at));
      if (!count.readable) {
        return Violation(Name(at), "NUMBER_NOT_READ",
                         "must be a whole number that is not negative");
      }
      row->values.push_back(count.value);
    }
    return std::nullopt;
  }

  void TakeRow(size_t i) {
    Return row;
    auto problem = RowProblem(table_, table_.rows[i]);
    if (!problem) problem = ReadKey(i, &row);
    if (problem) {
      refused_.emplace(i, *std::move(problem));
      return;
    }
    problem = ReadValues(i, &row);
    const auto [it, added] = sums_.try_emplace(
        row.key, Sum{.total = row, .first_row = i, .parts = {}, .refused_row = {}});
    Sum& sum = it->second;
    sum_of_row_.emplace(i, &sum);
    if (problem) {
      sum.refused_row = i;
      refused_.emplace(i, *std::move(problem));
    } else if (added) {
      sum.parts.try_emplace(row.part, row.values, i);
    } else {
      AddPart(i, row, &sum);
    }
  }

  void AddPart(size_t i, const Return& row, Sum* sum) {
    const auto [part, added] = sum->parts.try_emplace(row.part, row.values, i);
    if (added) {
      ++counts_->parts;
      for (size_t at = 0; at < sum->total.values.size(); ++at) {
        std::optional<double>& value = sum->total.values[at];
        value = value && row.values[at] ? std::optional(*value + *row.values[at]) : std::nullopt;
      }
    } else if (part->second.first == row.values) {
      ++counts_->duplicates;
    } else {
      sum->refused_row = i;
      const uint64_t line = table_.rows[part->second.second].line;
      refused_.emplace(i, ConflictWithLine(Name(kCode), line));
    }
  }

  absl::Status EmitRow(size_t i, RowSink& sink) {
    if (const auto refused = refused_.find(i); refused != refused_.end()) {
      ++counts_->refused;
      return GiveRefused(table_.rows[i], {refused->second}, sink);
    }
    if (const auto& bad = sum_of_row_.at(i)->refused_row) {
      ++counts_->refused;
      const std::string line = std::to_string(table_.rows[*bad].line);
      return GiveRefused(table_.rows[i],
                         {Violation(Name(kCode), "ANOTHER_PART_REFUSED",
                                    "line " + line + " of the same was refused")},
                         sink);
    }
    const auto first = first_rows_.find(i);
    return first == first_rows_.end() ? absl::OkStatus() : EmitSum(*first->second, sink);
  }

  absl::Status EmitSum(const Sum& sum, RowSink& sink) {
    ++counts_->organisations;
    for (size_t at = 0; at < layout_.slugs.size(); ++at) {
      const std::string& slug = layout_.slugs[at];
      const std::optional<double>& value = sum.total.values[at];
      ++counts_->figures;
      counts_->suppressed += value ? 0U : 1U;
      TP_RETURN_IF_ERROR(
          sink.OnEvent(IndicatorEvent({.source = kSource,
                                       .id = sum.total.key + "/" + slug,
                                       .version = edition_ ? VersionOfEdition(*edition_) : 1,
                                       .scheme = "ods",
                                       .subject = sum.total.code,
                                       .indicator = sum.total.family + "/" + slug,
                                       .name = "Written complaints: " + slug,
                                       .measured_in = "complaints",
                                       .value = value,
                                       .year = sum.total.year,
                                       .edition = edition_}),
                       table_.rows[sum.first_row].line));
    }
    return absl::OkStatus();
  }

  const CsvTable& table_;
  const ComplaintsLayout& layout_;
  std::optional<CivilDate> edition_;
  NhsWrittenComplaintsCounts* counts_;
  std::map<std::string, Sum> sums_;  // By key.
  std::map<size_t, Sum*> sum_of_row_;
  std::map<size_t, const Sum*> first_rows_;
  std::map<size_t, v1::FieldViolation> refused_;
};

}  // namespace

std::vector<std::pair<std::string, uint64_t>> NhsWrittenComplaintsAdapter::Found() const {
  return {{"rows in the file", counts_.rows},
          {"organisations, sites or areas", counts_.organisations},
          {"figures of them", counts_.figures},
          {"of these without a value: suppressed or blank, not zero", counts_.suppressed},
          {"rows summed up into an earlier one", counts_.parts},
          {"rows that repeat another", counts_.duplicates},
          {"rows refused", counts_.refused}};
}

absl::Status NhsWrittenComplaintsAdapter::Read(std::istream& input, RowSink& sink) {
  counts_ = {};
  TP_ASSIGN_OR_RETURN(std::string bytes, ReadWholeFile(input));
  bytes = Utf8OfWindows1252(std::move(bytes));
  TP_ASSIGN_OR_RETURN(const ComplaintsLayout layout,
                      ComplaintsLayoutOf(std::string_view(bytes).substr(0, bytes.find('\n'))));
  std::istringstream text(std::move(bytes));
  TP_ASSIGN_OR_RETURN(const CsvTable table, ReadCsvTable(text, layout.columns));
  return Import(table, layout, edition_, &counts_).Run(sink);
}

}  // namespace trigpoint
