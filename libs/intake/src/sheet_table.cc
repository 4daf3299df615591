#include "sheet_table.h"

#include <iconv.h>

#include <algorithm>
#include <memory>
#include <type_traits>

#include "cells.h"
#include "csv_table.h"
#include "trigpoint/base/status.h"
#include "trigpoint/events/violation.h"
#include "whole_file.h"
#include "workbook_sheets.h"

namespace trigpoint {
namespace {

constexpr size_t kColumnsMax = 500;
constexpr uint64_t kRowsMax = 1'000'000;
// A row that stands a million times takes a few bytes in a workbook and much here.
constexpr size_t kKeptMax = size_t{512} << 20;

constexpr std::string_view kEncodings[] = {"utf-8", "windows-1252", "iso-8859-1", "iso-8859-15",
                                           "cp850"};

std::string At(uint64_t line) { return "line " + std::to_string(line) + ": "; }

absl::Status TooManyColumns(uint64_t line) {
  return absl::ResourceExhaustedError(At(line) + "the table has more than 500 columns");
}

absl::Status TooManyRows() {
  return absl::ResourceExhaustedError("the table has more than 1,000,000 rows");
}

// Places of the wanted columns among the names that the file has.
absl::StatusOr<std::vector<size_t>> PlacesOf(const std::vector<std::string>& wanted,
                                             const std::vector<std::string>& names, uint64_t line) {
  std::vector<std::string> folded;
  std::transform(names.begin(), names.end(), std::back_inserter(folded),
                 [](const std::string& name) { return FoldedText(name); });
  std::vector<size_t> places;
  for (const std::string& name : wanted) {
    const std::string key = FoldedText(name);
    const auto found = std::find(folded.begin(), folded.end(), key);
    if (found == folded.end()) {
      const std::string nearest = NearestName(name, names);
      return absl::InvalidArgumentError(
          At(line) + "the column \"" + name + "\" is missing" +
          (nearest.empty() ? "" : "; the file has \"" + nearest + "\""));
    }
    if (std::find(found + 1, folded.end(), key) != folded.end()) {
      return absl::InvalidArgumentError(At(line) + "the column \"" + name + "\" is there twice");
    }
    places.push_back(static_cast<size_t>(found - folded.begin()));
  }
  return places;
}

bool IsEmpty(const std::vector<SheetCell>& cells) {
  return std::all_of(cells.begin(), cells.end(), [](const SheetCell& cell) {
    return Trim(cell.text).empty() && cell.kind != CellKind::kFormula;
  });
}

// Keeps of a workbook's sheet what is wanted.
class TableBuilder : public SheetRows {
 public:
  TableBuilder(const SheetLayout& layout, const std::vector<std::string>& wanted, SheetTable* table)
      : layout_(layout), wanted_(wanted), table_(table) {}

  absl::Status OnRow(uint64_t line, const Cells& cells, uint64_t times) override {
    if (!cells.empty() && cells.back().first >= kColumnsMax) return TooManyColumns(line);
    if (layout_.header_row >= line && layout_.header_row < line + times) {
      return TakeHeader(cells);
    }
    if (line < layout_.header_row || cells.empty()) return absl::OkStatus();
    if (!header_) return HeaderEmpty();
    if (times > kRowsMax || line + times - 1 - layout_.header_row > kRowsMax) return TooManyRows();
    for (uint64_t i = 0; i < times; ++i) TP_RETURN_IF_ERROR(TakeRow(line + i, cells));
    return absl::OkStatus();
  }

  absl::Status Finish() const { return header_ ? absl::OkStatus() : HeaderEmpty(); }

 private:
  absl::Status HeaderEmpty() const {
    return absl::InvalidArgumentError(At(layout_.header_row) +
                                      "holds no names of columns; see header_row in the mapping");
  }

  absl::Status TakeHeader(const Cells& cells) {
    std::vector<std::string> names;
    for (const auto& [column, cell] : cells) {
      names.resize(column);
      names.push_back(cell.text);
    }
    if (names.empty()) return HeaderEmpty();
    TP_ASSIGN_OR_RETURN(places_, PlacesOf(wanted_, names, layout_.header_row));
    header_ = true;
    return absl::OkStatus();
  }

  absl::Status TakeRow(uint64_t line, const Cells& cells) {
    SheetRow row{.line = line, .problem = std::nullopt, .cells = {}};
    kept_ += sizeof(SheetRow);
    for (const size_t place : places_) {
      const auto found =
          std::lower_bound(cells.begin(), cells.end(), place,
                           [](const auto& cell, size_t column) { return cell.first < column; });
      const bool there = found != cells.end() && found->first == place;
      row.cells.push_back(there ? found->second : SheetCell());
      kept_ += sizeof(SheetCell) + row.cells.back().text.size();
    }
    if (IsEmpty(row.cells)) {
      ++table_->empty_rows;
      return absl::OkStatus();
    }
    if (kept_ > kKeptMax) {
      return absl::ResourceExhaustedError(At(line) + "the table is larger than 512 MiB up to here");
    }
    table_->rows.push_back(std::move(row));
    return absl::OkStatus();
  }

  const SheetLayout& layout_;
  const std::vector<std::string>& wanted_;
  SheetTable* table_;
  std::vector<size_t> places_;
  bool header_ = false;
  size_t kept_ = 0;
};

// A byte that the encoding does not have becomes one that UTF-8 does not have: its row is refused,
// and the others are not.
absl::StatusOr<std::string> ToUtf8(const std::string& bytes, const std::string& encoding) {
  if (encoding == "utf-8") return bytes;
  iconv_t converter = iconv_open("UTF-8", encoding.c_str());
  // NOLINTNEXTLINE(performance-no-int-to-ptr): how iconv says that it failed.
  if (converter == reinterpret_cast<iconv_t>(-1)) {
    return absl::InternalError("the encoding " + encoding + " is not on this machine");
  }
  const std::unique_ptr<std::remove_pointer_t<iconv_t>, decltype(&iconv_close)> closing(
      converter, &iconv_close);
  std::string text(bytes.size() * 3 + 4, '\0');
  char* from = const_cast<char*>(bytes.data());
  size_t from_left = bytes.size();
  char* to = text.data();
  size_t to_left = text.size();
  while (from_left > 0) {
    if (iconv(converter, &from, &from_left, &to, &to_left) != static_cast<size_t>(-1)) break;
    if (from_left == 0 || to_left == 0) break;
    *to++ = '\xFF';
    ++from;
    --from_left;
    --to_left;
  }
  text.resize(text.size() - to_left);
  return text;
}

v1::FieldViolation ProblemOf(const CsvTable& csv, const CsvRow& row, const SheetLayout& layout) {
  if (row.problem != CsvProblem::kNotUtf8 || layout.encoding == "utf-8") {
    return ViolationOf(csv, row);
  }
  return Violation("", "NOT_IN_ENCODING", "holds bytes that " + layout.encoding + " does not have");
}

absl::StatusOr<SheetTable> ReadCsvSheet(const std::string& bytes, const SheetLayout& layout,
                                        const std::vector<std::string>& wanted) {
  const auto finder = [&](const std::vector<std::string>& cells,
                          uint64_t line) -> absl::StatusOr<std::optional<CsvHeader>> {
    if (line < layout.header_row) return std::optional<CsvHeader>();
    if (cells.size() > kColumnsMax) return TooManyColumns(line);
    CsvHeader header{.columns = cells.size(), .places = {}, .is_data = false};
    TP_ASSIGN_OR_RETURN(header.places, PlacesOf(wanted, cells, line));
    return std::optional<CsvHeader>(std::move(header));
  };
  TP_ASSIGN_OR_RETURN(std::string text, ToUtf8(bytes, layout.encoding));
  TP_ASSIGN_OR_RETURN(CsvTable csv, ReadCsvText(std::move(text), layout.delimiter, finder));
  if (csv.rows.size() > kRowsMax) return TooManyRows();
  SheetTable table;
  for (CsvRow& from : csv.rows) {
    SheetRow row{.line = from.line, .problem = std::nullopt, .cells = {}};
    if (from.problem != CsvProblem::kNone) row.problem = ProblemOf(csv, from, layout);
    for (std::string& cell : from.cells) {
      row.cells.push_back({.kind = CellKind::kText, .text = std::move(cell)});
    }
    if (!row.problem && IsEmpty(row.cells)) {
      ++table.empty_rows;
    } else {
      table.rows.push_back(std::move(row));
    }
  }
  return table;
}

}  // namespace

bool IsSheetEncoding(std::string_view name) {
  return std::find(std::begin(kEncodings), std::end(kEncodings), name) != std::end(kEncodings);
}

std::string FoldedText(std::string_view text) {
  constexpr std::string_view kNoBreakSpace = "\xC2\xA0";
  std::string folded;
  bool space = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (text.substr(i).starts_with(kNoBreakSpace)) {
      space = true;
      ++i;
    } else if (c == ' ' || (c >= '\t' && c <= '\r')) {
      space = true;
    } else {
      if (space && !folded.empty()) folded.push_back(' ');
      space = false;
      folded.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
    }
  }
  return folded;
}

absl::StatusOr<SheetTable> ReadSheetTable(std::istream& input, const SheetLayout& layout,
                                          const std::vector<std::string>& wanted) {
  TP_ASSIGN_OR_RETURN(const std::string bytes, ReadWholeFile(input));
  if (layout.format == SheetFormat::kCsv) {
    if (bytes.starts_with("PK\x03\x04")) {
      return absl::InvalidArgumentError(
          "the file is a workbook or another zip file; the mapping says csv");
    }
    return ReadCsvSheet(bytes, layout, wanted);
  }
  TP_ASSIGN_OR_RETURN(const std::unique_ptr<ZipParts> parts, ZipParts::Open(bytes));
  SheetTable table;
  TableBuilder builder(layout, wanted, &table);
  TP_RETURN_IF_ERROR(layout.format == SheetFormat::kXlsx
                         ? ReadXlsxSheet(*parts, layout.sheet, builder)
                         : ReadOdsSheet(*parts, layout.sheet, builder));
  TP_RETURN_IF_ERROR(builder.Finish());
  return table;
}

}  // namespace trigpoint
