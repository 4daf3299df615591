#include "csv_table.h"

#include <csv.h>

#include <algorithm>
#include <utility>

#include "cells.h"
#include "trigpoint/base/status.h"
#include "trigpoint/base/utf8.h"
#include "whole_file.h"

namespace trigpoint {
namespace {

std::string Plain(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z') {
      plain.push_back(static_cast<char>(c - 'A' + 'a'));
    } else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
      plain.push_back(c);
    }
  }
  return plain;
}

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) {
    row[j] = j;
  }
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({replaced, row[j] + 1, row[j - 1] + 1}));
    }
  }
  return row[b.size()];
}

// Where each wanted column stands.
absl::StatusOr<std::optional<CsvHeader>> FindColumns(const std::vector<std::string>& header,
                                                     const std::vector<std::string_view>& wanted,
                                                     uint64_t line) {
  const std::string at = "line " + std::to_string(line) + ": the column \"";
  CsvHeader found_header{.columns = header.size(), .places = {}, .is_data = false};
  for (std::string_view name : wanted) {
    const auto found = std::find(header.begin(), header.end(), name);
    if (found == header.end()) {
      std::string text = at + std::string(name) + "\" is missing";
      const std::string nearest = NearestName(name, header);
      if (!nearest.empty()) {
        text += "; the file has \"" + nearest + "\"";
      }
      return absl::InvalidArgumentError(text);
    }
    if (std::find(found + 1, header.end(), name) != header.end()) {
      return absl::InvalidArgumentError(at + std::string(name) + "\" is there twice");
    }
    found_header.places.push_back(static_cast<size_t>(found - header.begin()));
  }
  return std::optional<CsvHeader>(std::move(found_header));
}

// Feeds libcsv one line at a time, so that every row knows its lines and bytes.
class TableReader {
 public:
  TableReader(CsvTable* table, char delimiter, const CsvHeaderFinder& finder)
      : table_(table), delimiter_(delimiter), finder_(finder) {
    Start();
  }
  ~TableReader() { csv_free(&parser_); }
  TableReader(const TableReader&) = delete;
  TableReader& operator=(const TableReader&) = delete;

  absl::Status Read() {
    const std::string& bytes = table_->bytes;
    uint64_t line = 0;
    for (size_t at = 0; at < bytes.size();) {
      ++line;
      const size_t newline = bytes.find('\n', at);
      const size_t end = newline == std::string::npos ? bytes.size() : newline + 1;
      TP_RETURN_IF_ERROR(Feed(at, end, line));
      at = end;
    }
    return Finish();
  }

 private:
  static constexpr unsigned char kOptions = CSV_STRICT | CSV_STRICT_FINI;

  static void OnCell(void* data, size_t size, void* self) {
    static_cast<TableReader*>(self)->cells_.emplace_back(static_cast<const char*>(data), size);
  }

  static void OnRow(int /*terminator*/, void* self) {
    auto* reader = static_cast<TableReader*>(self);
    reader->row_ended_ = true;
  }

  void Start() {
    csv_init(&parser_, kOptions);
    csv_set_delim(&parser_, static_cast<unsigned char>(delimiter_));
  }

  absl::Status Feed(size_t begin, size_t end, uint64_t line) {
    const std::string& bytes = table_->bytes;
    if (!in_row_) {
      if (bytes[begin] == '\n' || (bytes[begin] == '\r' && end - begin == 2)) {
        return absl::OkStatus();
      }
      row_ = CsvRow();
      row_.line = line;
      row_.offset = begin;
      in_row_ = true;
    }
    row_.size = end - row_.offset;
    const size_t taken =
        csv_parse(&parser_, bytes.data() + begin, end - begin, OnCell, OnRow, this);
    if (taken != end - begin) {
      row_.problem = CsvProblem::kQuotesBroken;
      Restart();
      return EndRow();
    }
    if (std::exchange(row_ended_, false)) {
      return EndRow();
    }
    return absl::OkStatus();
  }

  // The parser keeps a half-read cell after an error.
  void Restart() {
    csv_free(&parser_);
    Start();
    row_ended_ = false;
  }

  absl::Status EndRow() {
    in_row_ = false;
    std::vector<std::string> cells = std::exchange(cells_, {});
    if (!header_read_) {
      TP_RETURN_IF_ERROR(TakeHeader(cells));
      if (!header_.is_data) {
        return absl::OkStatus();
      }
    }
    row_.columns_found = cells.size();
    if (row_.problem == CsvProblem::kNone) {
      if (!IsUtf8(table_->Original(row_))) {
        row_.problem = CsvProblem::kNotUtf8;
      } else if (cells.size() != table_->columns) {
        row_.problem = CsvProblem::kWrongColumnCount;
      } else {
        for (const size_t place : header_.places) {
          row_.cells.push_back(std::move(cells[place]));
        }
      }
    }
    table_->rows.push_back(std::move(row_));
    return absl::OkStatus();
  }

  absl::Status TakeHeader(const std::vector<std::string>& cells) {
    if (row_.problem != CsvProblem::kNone || !IsUtf8(table_->Original(row_))) {
      return absl::InvalidArgumentError("line " + std::to_string(row_.line) +
                                        ": the names of the columns cannot be read");
    }
    any_row_ = true;
    TP_ASSIGN_OR_RETURN(std::optional<CsvHeader> header, finder_(cells, row_.line));
    if (header) {
      header_read_ = true;
      header_ = *std::move(header);
      table_->columns = header_.columns;
    }
    return absl::OkStatus();
  }

  absl::Status Finish() {
    if (csv_fini(&parser_, OnCell, OnRow, this) != 0) {
      return absl::InvalidArgumentError("line " + std::to_string(row_.line) +
                                        ": the file ends inside a quoted cell that began in this "
                                        "row: it is truncated, or a quote is not closed");
    }
    const bool no_line_end = in_row_;
    if (no_line_end) {
      TP_RETURN_IF_ERROR(EndRow());
    }
    if (!header_read_) {
      return absl::InvalidArgumentError(any_row_ ? "the file ends before the names of its columns"
                                                 : "the file is empty");
    }
    if (!table_->rows.empty()) {
      const CsvRow& last = table_->rows.back();
      if (last.problem == CsvProblem::kWrongColumnCount && last.columns_found < table_->columns) {
        return absl::InvalidArgumentError(
            "line " + std::to_string(last.line) + ": the last row has " +
            std::to_string(last.columns_found) + " of " + std::to_string(table_->columns) +
            " columns" + (no_line_end ? " and no line end" : "") + ": the file is truncated");
      }
    }
    return absl::OkStatus();
  }

  CsvTable* table_;
  char delimiter_;
  const CsvHeaderFinder& finder_;
  csv_parser parser_{};
  CsvHeader header_;
  std::vector<std::string> cells_;
  CsvRow row_;
  bool in_row_ = false;
  bool row_ended_ = false;
  bool header_read_ = false;
  bool any_row_ = false;
};

}  // namespace

std::string NearestName(std::string_view wanted, const std::vector<std::string>& names) {
  const std::string plain = Plain(wanted);
  size_t least = std::max<size_t>(2, plain.size() / 3) + 1;
  std::string nearest;
  for (const std::string& name : names) {
    const size_t distance = EditDistance(plain, Plain(name));
    if (distance < least) {
      least = distance;
      nearest = name;
    }
  }
  return nearest;
}

v1::FieldViolation ViolationOf(const CsvTable& table, const CsvRow& row) {
  switch (row.problem) {
    case CsvProblem::kNotUtf8:
      return Violation("", "NOT_UTF8", "the row is not UTF-8");
    case CsvProblem::kQuotesBroken:
      return Violation("", "QUOTES_BROKEN", "a quote stands inside a cell without a second");
    case CsvProblem::kWrongColumnCount:
    case CsvProblem::kNone:
      break;
  }
  return Violation("", "WRONG_COLUMN_COUNT",
                   "has " + std::to_string(row.columns_found) + " columns; the header " +
                       std::to_string(table.columns));
}

absl::StatusOr<CsvTable> ReadCsvTable(std::istream& input, const CsvHeaderFinder& finder) {
  TP_ASSIGN_OR_RETURN(std::string bytes, ReadWholeFile(input));
  return ReadCsvText(std::move(bytes), ',', finder);
}

absl::StatusOr<CsvTable> ReadCsvText(std::string bytes, char delimiter,
                                     const CsvHeaderFinder& finder) {
  CsvTable table;
  table.bytes = std::move(bytes);
  TP_RETURN_IF_ERROR(TableReader(&table, delimiter, finder).Read());
  return table;
}

absl::StatusOr<CsvTable> ReadCsvTable(std::istream& input,
                                      const std::vector<std::string_view>& wanted) {
  return ReadCsvTable(input, [&wanted](const std::vector<std::string>& cells, uint64_t line) {
    return FindColumns(cells, wanted, line);
  });
}

}  // namespace trigpoint
