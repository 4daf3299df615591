#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "csv_table.h"
#include "date_form.h"
#include "trigpoint/base/status.h"
#include "workbook_sheets.h"
#include "xml_part.h"

namespace trigpoint {
namespace {

std::optional<uint64_t> Whole(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<double> Real(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) {
    return std::nullopt;
  }
  return number;
}

// What a part refers to: the last word of its kind, and where it lies.
struct Relation {
  std::string id;
  std::string kind;
  std::string target;
};

class RelationsHandler : public XmlHandler {
 public:
  explicit RelationsHandler(std::string folder) : folder_(std::move(folder)) {}

  void OnStart(std::string_view name, const XmlAttributes& attributes) override {
    if (name != "Relationship") return;
    const std::string_view type = attributes.Get("Type");
    const std::string target(attributes.Get("Target"));
    relations.push_back({.id = std::string(attributes.Get("Id")),
                         .kind = std::string(type.substr(type.rfind('/') + 1)),
                         .target = target.starts_with('/') ? target.substr(1) : folder_ + target});
  }
  void OnEnd(std::string_view /*name*/) override {}

  std::vector<Relation> relations;

 private:
  std::string folder_;
};

class WorkbookHandler : public XmlHandler {
 public:
  void OnStart(std::string_view name, const XmlAttributes& attributes) override {
    if (name == "workbookPr") {
      const std::string_view from = attributes.Get("date1904");
      from_1904 = from == "1" || from == "true";
    } else if (name == "sheet") {
      names.emplace_back(attributes.Get("name"));
      ids.emplace_back(attributes.Get("id"));
    }
  }
  void OnEnd(std::string_view /*name*/) override {}

  std::vector<std::string> names;
  std::vector<std::string> ids;
  bool from_1904 = false;
};

// The number formats that Excel has without naming them (ISO/IEC 29500-1, 18.8.30).
bool IsDateFormat(uint64_t id) {
  return (id >= 14 && id <= 17) || id == 22 || (id >= 27 && id <= 36) || (id >= 50 && id <= 58);
}

// A format is a date's when it has a day, a month or a year outside quotes and brackets.
bool IsDateCode(std::string_view code) {
  bool quoted = false;
  bool bracket = false;
  for (size_t i = 0; i < code.size(); ++i) {
    const char c = code[i];
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == '\\' || c == '_' || c == '*') {
      ++i;
    } else if (c == '[' || c == ']') {
      bracket = c == '[';
    } else if (!bracket && (c == 'y' || c == 'Y' || c == 'd' || c == 'D')) {
      return true;
    }
  }
  return false;
}

class StylesHandler : public XmlHandler {
 public:
  void OnStart(std::string_view name, const XmlAttributes& attributes) override {
    if (name == "numFmt") {
      if (IsDateCode(attributes.Get("formatCode"))) {
        dates_.emplace(attributes.Get("numFmtId"));
      } else {
        others_.emplace(attributes.Get("numFmtId"));
      }
    } else if (name == "cellXfs") {
      in_cells_ = true;
    } else if (name == "xf" && in_cells_) {
      const std::string id(attributes.Get("numFmtId"));
      is_date.push_back(dates_.contains(id) ||
                        (!others_.contains(id) && IsDateFormat(Whole(id).value_or(0))));
    }
  }
  void OnEnd(std::string_view name) override {
    if (name == "cellXfs") in_cells_ = false;
  }

  std::vector<bool> is_date;  // By the style of a cell.

 private:
  std::set<std::string> dates_;
  std::set<std::string> others_;
  bool in_cells_ = false;
};

class StringsHandler : public XmlHandler {
 public:
  void OnStart(std::string_view name, const XmlAttributes& /*attributes*/) override {
    if (name == "si") strings.emplace_back();
    if (name == "rPh") ++reading_aid_;
    in_text_ = name == "t" && reading_aid_ == 0 && !strings.empty();
  }
  void OnEnd(std::string_view name) override {
    if (name == "rPh") --reading_aid_;
    in_text_ = false;
  }
  void OnText(std::string_view text) override {
    if (in_text_) strings.back().append(text);
  }

  std::vector<std::string> strings;

 private:
  int reading_aid_ = 0;
  bool in_text_ = false;
};

// What the cells of a sheet refer to.
struct Shared {
  std::vector<std::string> strings;
  std::vector<bool> is_date;
  bool from_1904 = false;
};

class SheetHandler : public XmlHandler {
 public:
  SheetHandler(const Shared& shared, SheetRows& rows) : shared_(shared), rows_(rows) {}

  void OnStart(std::string_view name, const XmlAttributes& attributes) override {
    text_ = nullptr;
    if (name == "row") {
      StartRow(attributes);
    } else if (name == "c") {
      StartCell(attributes);
    } else if (name == "f") {
      formula_ = true;
    } else if (name == "v") {
      text_ = &value_;
    } else if (name == "t" && type_ == "inlineStr" && reading_aid_ == 0) {
      text_ = &value_;
    }
    if (name == "rPh") ++reading_aid_;
  }

  void OnEnd(std::string_view name) override {
    text_ = nullptr;
    if (name == "rPh") --reading_aid_;
    if (name == "c") EndCell();
    if (name == "row") {
      if (absl::Status status = rows_.OnRow(line_, cells_, 1); !status.ok()) Stop(status);
    }
  }

  void OnText(std::string_view text) override {
    if (text_ != nullptr) text_->append(text);
  }

 private:
  void StartRow(const XmlAttributes& attributes) {
    const std::string_view number = attributes.Get("r");
    const uint64_t line = number.empty() ? line_ + 1 : Whole(number).value_or(0);
    if (line <= line_ || line > kLineMax) {
      Stop(absl::InvalidArgumentError("the rows of the sheet are not in order after line " +
                                      std::to_string(line_)));
    }
    line_ = line;
    column_ = 0;
    cells_.clear();
  }

  void StartCell(const XmlAttributes& attributes) {
    const std::string_view place = attributes.Get("r");
    size_t column = 0;
    for (const char c : place) {
      if (c < 'A' || c > 'Z' || column > kColumnMax) break;
      column = column * 26 + static_cast<size_t>(c - 'A' + 1);
    }
    column = place.empty() ? column_ + 1 : column;
    if (column <= column_) {
      Stop(absl::InvalidArgumentError("line " + std::to_string(line_) +
                                      ": the cells of the row are not in order"));
    }
    column_ = column;
    type_ = attributes.Get("t");
    style_ = Whole(attributes.Get("s")).value_or(0);
    formula_ = false;
    value_.clear();
  }

  void EndCell() {
    SheetCell cell{.kind = CellKind::kText, .text = std::move(value_)};
    value_.clear();
    if (formula_ && cell.text.empty() && type_ != "str") {
      cell.kind = CellKind::kFormula;
    } else if (cell.text.empty()) {
      return;
    } else if (type_ == "s") {
      const std::optional<uint64_t> index = Whole(cell.text);
      if (!index || *index >= shared_.strings.size()) {
        Stop(absl::InvalidArgumentError("line " + std::to_string(line_) +
                                        ": a cell refers to a text that is not there"));
        return;
      }
      cell.text = shared_.strings[*index];
    } else if (type_ == "b") {
      cell = {.kind = CellKind::kTruth, .text = cell.text == "1" ? "true" : "false"};
    } else if (type_ == "e") {
      cell.kind = CellKind::kError;
    } else if (type_ == "d") {
      cell.kind = CellKind::kDateTime;
    } else if (type_.empty() || type_ == "n") {
      TakeNumber(&cell);
    }
    if (!cell.empty()) cells_.emplace_back(column_ - 1, std::move(cell));
  }

  void TakeNumber(SheetCell* cell) const {
    const std::optional<double> number = Real(cell->text);
    if (number && style_ < shared_.is_date.size() && shared_.is_date[style_]) {
      if (auto day = ExcelDayText(*number, shared_.from_1904); day) {
        *cell = {.kind = CellKind::kDateTime, .text = *std::move(day)};
        return;
      }
    }
    *cell = {.kind = CellKind::kNumber, .text = PlainNumber(cell->text)};
  }

  static constexpr uint64_t kLineMax = 1'048'576;
  static constexpr size_t kColumnMax = 100'000;

  const Shared& shared_;
  SheetRows& rows_;
  SheetRows::Cells cells_;
  uint64_t line_ = 0;
  size_t column_ = 0;  // From 1.
  std::string type_;
  uint64_t style_ = 0;
  bool formula_ = false;
  int reading_aid_ = 0;
  std::string value_;
  std::string* text_ = nullptr;
};

const Relation* FindKind(const std::vector<Relation>& relations, std::string_view kind) {
  const auto found = std::find_if(relations.begin(), relations.end(),
                                  [kind](const auto& relation) { return relation.kind == kind; });
  return found == relations.end() ? nullptr : &*found;
}

absl::StatusOr<std::vector<Relation>> RelationsOf(const ZipParts& parts, const std::string& part) {
  const size_t slash = part.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : part.substr(0, slash + 1);
  RelationsHandler handler(folder);
  const std::string name = folder + "_rels/" + part.substr(folder.size()) + ".rels";
  TP_RETURN_IF_ERROR(ReadXmlPart(parts, name, handler));
  return std::move(handler.relations);
}

absl::StatusOr<Shared> ReadShared(const ZipParts& parts, const std::vector<Relation>& relations) {
  Shared shared;
  if (const Relation* strings = FindKind(relations, "sharedStrings"); strings != nullptr) {
    StringsHandler handler;
    TP_RETURN_IF_ERROR(ReadXmlPart(parts, strings->target, handler));
    shared.strings = std::move(handler.strings);
  }
  if (const Relation* styles = FindKind(relations, "styles"); styles != nullptr) {
    StylesHandler handler;
    TP_RETURN_IF_ERROR(ReadXmlPart(parts, styles->target, handler));
    shared.is_date = std::move(handler.is_date);
  }
  return shared;
}

}  // namespace

std::string PlainNumber(std::string_view text) {
  const std::optional<double> number = Real(text);
  if (!number) return std::string(text);
  constexpr double kExactMax = 9007199254740992.0;  // 2^53
  if (std::floor(*number) == *number && std::fabs(*number) < kExactMax) {
    return std::to_string(static_cast<int64_t>(*number));
  }
  char shortest[32];
  const auto [end, error] = std::to_chars(shortest, shortest + sizeof(shortest), *number);
  return error == std::errc() ? std::string(shortest, end) : std::string(text);
}

absl::Status SheetMissing(const std::string& sheet, const std::vector<std::string>& sheets) {
  const std::string nearest = NearestName(sheet, sheets);
  return absl::InvalidArgumentError(
      sheet.empty() ? "the workbook has no sheet"
                    : "the workbook has no sheet \"" + sheet + "\"" +
                          (nearest.empty() ? "" : "; it has \"" + nearest + "\""));
}

absl::Status ReadXlsxSheet(const ZipParts& parts, const std::string& sheet, SheetRows& rows) {
  TP_ASSIGN_OR_RETURN(const std::vector<Relation> roots, RelationsOf(parts, ""));
  const Relation* root = FindKind(roots, "officeDocument");
  if (root == nullptr) {
    return absl::InvalidArgumentError("the file is no XLSX workbook");
  }
  TP_ASSIGN_OR_RETURN(const std::vector<Relation> relations, RelationsOf(parts, root->target));
  WorkbookHandler workbook;
  TP_RETURN_IF_ERROR(ReadXmlPart(parts, root->target, workbook));
  const auto name = sheet.empty() ? workbook.names.begin()
                                  : std::find(workbook.names.begin(), workbook.names.end(), sheet);
  if (name == workbook.names.end()) return SheetMissing(sheet, workbook.names);
  const std::string& id = workbook.ids[static_cast<size_t>(name - workbook.names.begin())];
  const auto part = std::find_if(relations.begin(), relations.end(),
                                 [&id](const Relation& relation) { return relation.id == id; });
  if (part == relations.end()) return SheetMissing(*name, workbook.names);
  TP_ASSIGN_OR_RETURN(Shared shared, ReadShared(parts, relations));
  shared.from_1904 = workbook.from_1904;
  SheetHandler handler(shared, rows);
  return ReadXmlPart(parts, part->target, handler);
}

}  // namespace trigpoint
