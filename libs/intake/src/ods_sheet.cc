#include <algorithm>
#include <charconv>

#include "workbook_sheets.h"
#include "xml_part.h"

namespace trigpoint {
namespace {

// How often an element stands.
uint64_t Times(std::string_view text) {
  constexpr uint64_t kTimesMax = uint64_t{1} << 32;
  uint64_t times = 1;
  std::from_chars(text.data(), text.data() + text.size(), times);
  return std::clamp<uint64_t>(times, 1, kTimesMax);
}

class ContentHandler : public XmlHandler {
 public:
  ContentHandler(const std::string& sheet, SheetRows& rows) : sheet_(sheet), rows_(rows) {}

  void OnStart(std::string_view name, const XmlAttributes& attributes) override {
    ++depth_;
    if (name == "table") {
      StartTable(attributes);
    } else if (!in_table_) {
      return;
    } else if (name == "table-row" && row_depth_ == 0) {
      row_depth_ = depth_;
      times_ = Times(attributes.Get("number-rows-repeated"));
      column_ = 0;
      cells_.clear();
    } else if (row_depth_ != 0 && depth_ == row_depth_ + 1 &&
               (name == "table-cell" || name == "covered-table-cell")) {
      StartCell(attributes);
    } else if (cell_depth_ != 0) {
      StartText(name, attributes);
    }
  }

  void OnEnd(std::string_view name) override {
    if (depth_ == cell_depth_) {
      EndCell();
    } else if (depth_ == row_depth_) {
      EndRow();
    } else if (depth_ == table_depth_ && name == "table") {
      in_table_ = false;
      table_depth_ = 0;
    }
    if (depth_ == paragraph_depth_) paragraph_depth_ = 0;
    --depth_;
  }

  void OnText(std::string_view text) override {
    if (paragraph_depth_ != 0) text_.append(text);
  }

  bool found() const { return found_; }
  const std::vector<std::string>& names() const { return names_; }

 private:
  void StartTable(const XmlAttributes& attributes) {
    if (table_depth_ != 0) return;  // A table within a cell.
    table_depth_ = depth_;
    names_.emplace_back(attributes.Get("name"));
    in_table_ = !found_ && (sheet_.empty() || names_.back() == sheet_);
    found_ = found_ || in_table_;
  }

  void StartCell(const XmlAttributes& attributes) {
    cell_depth_ = depth_;
    cell_times_ = Times(attributes.Get("number-columns-repeated"));
    type_ = attributes.Get("value-type");
    formula_ = attributes.Has("formula");
    text_.clear();
    paragraphs_ = 0;
    value_.clear();
    if (type_ == "date") {
      value_ = attributes.Get("date-value");
    } else if (type_ == "boolean") {
      value_ = attributes.Get("boolean-value");
    } else if (type_ == "string") {
      value_ = attributes.Get("string-value");
    } else if (type_ != "time") {
      value_ = attributes.Get("value");
    }
  }

  // Paragraphs of the cell itself: those of a comment or a drawing lie deeper.
  void StartText(std::string_view name, const XmlAttributes& attributes) {
    if (name == "p" && depth_ == cell_depth_ + 1) {
      paragraph_depth_ = depth_;
      if (paragraphs_++ > 0) text_.push_back('\n');
    } else if (paragraph_depth_ != 0 && name == "s") {
      constexpr uint64_t kSpacesMax = 100;
      text_.append(std::min(Times(attributes.Get("c")), kSpacesMax), ' ');
    } else if (paragraph_depth_ != 0 && (name == "tab" || name == "line-break")) {
      text_.push_back(name == "tab" ? '\t' : '\n');
    }
  }

  void EndCell() {
    cell_depth_ = 0;
    SheetCell cell = Cell();
    const uint64_t first = column_;
    column_ += cell_times_;
    if (cell.empty()) return;
    // One beyond what a table may have says that there are too many.
    constexpr uint64_t kColumnsMax = 501;
    for (uint64_t i = first; i < std::min(column_, kColumnsMax); ++i) cells_.emplace_back(i, cell);
    if (first >= kColumnsMax) cells_.emplace_back(kColumnsMax, std::move(cell));
  }

  SheetCell Cell() {
    if (type_.empty()) {
      return {.kind = formula_ ? CellKind::kFormula : CellKind::kText,
              .text = formula_ ? "" : std::move(text_)};
    }
    if (type_ == "float" || type_ == "percentage" || type_ == "currency") {
      return {.kind = CellKind::kNumber, .text = PlainNumber(value_)};
    }
    if (type_ == "date") return {.kind = CellKind::kDateTime, .text = value_};
    if (type_ == "boolean") return {.kind = CellKind::kTruth, .text = value_};
    std::string text = value_.empty() ? std::move(text_) : value_;
    const bool error = formula_ && (text.starts_with('#') || text.starts_with("Err:"));
    return {.kind = error ? CellKind::kError : CellKind::kText, .text = std::move(text)};
  }

  void EndRow() {
    row_depth_ = 0;
    const uint64_t first = line_ + 1;
    line_ += times_;
    if (absl::Status status = rows_.OnRow(first, cells_, times_); !status.ok()) Stop(status);
  }

  const std::string& sheet_;
  SheetRows& rows_;
  SheetRows::Cells cells_;
  std::vector<std::string> names_;
  bool found_ = false;
  bool in_table_ = false;
  int depth_ = 0;  // Of elements; 0 in the others: not within one.
  int table_depth_ = 0;
  int row_depth_ = 0;
  int cell_depth_ = 0;
  int paragraph_depth_ = 0;
  int paragraphs_ = 0;
  uint64_t line_ = 0;
  uint64_t times_ = 1;
  uint64_t column_ = 0;
  uint64_t cell_times_ = 1;
  std::string type_;
  std::string value_;
  std::string text_;
  bool formula_ = false;
};

}  // namespace

absl::Status ReadOdsSheet(const ZipParts& parts, const std::string& sheet, SheetRows& rows) {
  ContentHandler handler(sheet, rows);
  const absl::Status status = ReadXmlPart(parts, "content.xml", handler);
  if (!status.ok()) return status;
  return handler.found() ? absl::OkStatus() : SheetMissing(sheet, handler.names());
}

}  // namespace trigpoint
