#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"

/// How the columns of somebody's own spreadsheet become events: a YAML file, read strictly and
/// checked against the event catalogue (docs/mappings.md).
namespace trigpoint {

/// What a file with a table is.
enum class SheetFormat { kCsv, kXlsx, kOds };

/// Where the table stands in a file.
struct SheetLayout {
  SheetFormat format = SheetFormat::kCsv;
  std::string sheet = {};          ///< Of a workbook; empty: its first.
  uint64_t header_row = 1;         ///< The row with the names of the columns, from 1.
  char delimiter = ',';            ///< CSV.
  std::string encoding = "utf-8";  ///< CSV; a name that IsSheetEncoding knows.
};

/// How a date, a month or a time is written in a cell.
struct DateForm {
  enum class Kind { kIso, kExcelSerial, kPattern };
  Kind kind = Kind::kIso;
  std::string pattern;  ///< "dd/mm/yyyy hh:mm" of kPattern.
  bool utc = false;     ///< A time without a zone is UTC; else of Europe/London.
};

/// How one value is got from a row. Columns are places in FeedMapping::columns.
struct MappedValue {
  enum class From { kConstant, kColumns, kSum, kIdOf };
  From from = From::kConstant;
  int line = 0;                 ///< In the mapping.
  std::vector<size_t> columns;  ///< One; several to join or to sum.
  std::string join = " ";
  std::string constant;
  size_t id_of = 0;                     ///< kIdOf: the event of the same row whose id it is.
  std::optional<std::string> fallback;  ///< Where the cell is empty.
  /// Cell text (FoldedText) to value; without a value: the cell says nothing.
  std::map<std::string, std::optional<std::string>> codes;
  bool has_otherwise = false;  ///< What is not in `codes` is `otherwise`; else it is refused.
  std::optional<std::string> otherwise;
  std::string split;  ///< Between the items of a cell; empty: one item.
  std::vector<std::string> yes = {"yes", "y", "true", "1"};
  std::vector<std::string> no = {"no", "n", "false", "0"};
  DateForm date;
  double scale = 1;       ///< A number is multiplied by it.
  bool required = false;  ///< An empty cell refuses the row.
};

/// A step from a message to a field; `index` tells the element of a list that `name[index]` names.
struct FieldStep {
  const google::protobuf::FieldDescriptor* field = nullptr;
  int index = -1;
};

/// A field of an event and what it takes.
struct MappedField {
  std::string path;              ///< As written: "kpis[0].value".
  std::vector<FieldStep> steps;  ///< From the payload, or from the event for its envelope.
  MappedValue value;
};

/// Which rows count. Conditions of a list hold together.
struct RowCondition {
  enum class Test { kIs, kIsNot, kFilled, kEmpty };
  Test test = Test::kIs;
  size_t column = 0;
  std::vector<std::string> texts;  ///< FoldedText.
};

/// Who an event is about: the first of several whose cell is filled.
struct MappedSubject {
  std::string scheme;
  MappedValue value;
};

/// How the id of an event is made.
struct MappedId {
  std::vector<size_t> columns;
  bool hash = false;   ///< A digest of the columns stands for a record that has no id.
  std::string prefix;  ///< In front, e.g. "screened/".
  std::string suffix;
};

/// A time of an event: one cell, or a date and a time of day in two.
struct MappedTime {
  size_t column = 0;
  std::optional<size_t> time_column;
  DateForm date;
  DateForm time;
};

/// The version of a record: a constant, a number in a column, or seconds since 1970 of a date.
struct MappedVersion {
  uint32_t constant = 1;
  std::optional<size_t> column;
  std::optional<DateForm> date;
};

/// One event that a row gives.
struct MappedEvent {
  int line = 0;
  std::string kind;  ///< Field name of the payload.
  const google::protobuf::FieldDescriptor* payload = nullptr;
  std::vector<RowCondition> only_if;
  MappedId id;
  MappedVersion version;
  std::vector<MappedSubject> subjects;
  std::optional<MappedTime> occurred_at;
  std::optional<MappedTime> reported_at;
  std::vector<MappedField> envelope;
  std::vector<MappedField> fields;
};

/// A mapping, checked. Immutable once read.
struct FeedMapping {
  std::string name;
  std::string summary;
  std::string source;
  SheetLayout table;
  std::vector<std::string> columns;  ///< Every column that is read, by its name.
  std::vector<std::string> empty;    ///< Words for "nothing", FoldedText.
  std::vector<RowCondition> only_if;
  std::vector<MappedEvent> events;
};

/// Reads a mapping; `file` is its name in errors.
/// Errors: InvalidArgument with every problem (20 at most), one a line, as "file:line: what".
absl::StatusOr<FeedMapping> FeedMappingFromYaml(std::string_view yaml, const std::string& file);

/// The same from a file. Errors: also NotFound.
absl::StatusOr<FeedMapping> ReadFeedMappingFile(const std::string& path);

/// Gives the text without spaces around it, one space within, and small letters: how codes, names
/// of columns and words for yes and no are compared. Only ASCII letters are made small.
std::string FoldedText(std::string_view text);

/// Tells whether a CSV file may be said to have this encoding.
bool IsSheetEncoding(std::string_view name);

}  // namespace trigpoint
