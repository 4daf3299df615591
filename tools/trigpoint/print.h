#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "google/protobuf/message.h"
#include "google/protobuf/timestamp.pb.h"
#include "nlohmann/json_fwd.hpp"

/// Puts answers on a terminal: tables, wrapped text and JSON. Pure but for the tty question.
namespace trigpoint {

/// The width that text for people is wrapped at, in columns.
inline constexpr size_t kTextColumns = 100;

/// Counts the characters of UTF-8 text, each taken as one column.
size_t Columns(std::string_view text);

/// Replaces control characters by a space: text of partners must not steer a terminal.
std::string Clean(std::string_view text);

/// Cuts cleaned text to at most `columns`, with "…" as the last of them when something was cut.
std::string Clip(std::string_view text, size_t columns);

/// Breaks text at spaces into lines of at most kTextColumns; a longer word stays whole.
/// The first line starts with `lead`, the others with as many spaces. Ends with a line feed.
std::string Wrap(std::string_view text, std::string_view lead);

/// A table whose columns are as wide as their widest cell, two spaces apart. Numbers go right.
class Table {
 public:
  /// A heading that starts with '>' makes its column right-aligned; the mark is not shown.
  explicit Table(std::vector<std::string> headings);

  /// Adds a row; missing cells are empty. Cells are cleaned, not clipped.
  void AddRow(std::vector<std::string> cells);

  bool empty() const { return rows_.empty(); }

  /// Gives the whole table; no spaces at the ends of lines. Lifetime: a copy.
  std::string Text() const;

 private:
  std::vector<std::string> headings_;
  std::vector<bool> right_;
  std::vector<std::vector<std::string>> rows_;
};

/// Gives "Level 2" for "LEVEL_2": the form in which people read a state.
std::string InWords(std::string_view state);

/// Gives the name of an enum's value without the enum's own prefix, e.g. "GOOD" for RATING_GOOD.
std::string WithoutPrefix(std::string_view value_name, std::string_view prefix);

/// Writes a number with at most three decimals and no zeros at the end; tiny ones as "0.00012".
std::string Number(double value);

/// Gives "2026-03-01 10:00" in Europe/London; "-" when the message is unset (zero).
std::string When(const google::protobuf::Timestamp& timestamp);

/// Gives the date only, as When.
std::string Day(const google::protobuf::Timestamp& timestamp);

/// Gives "1 provider", "2 providers".
std::string Count(uint64_t count, std::string_view singular, std::string_view plural = {});

/// Whether JSON takes one line or is indented.
enum class JsonForm { kLine, kDocument };

/// Writes a message as protobuf JSON with the field names of the schema and defaults shown.
std::string ToJson(const google::protobuf::Message& message, JsonForm form);

/// The same as a value, to be put into a larger document.
nlohmann::ordered_json ToJsonValue(const google::protobuf::Message& message);

/// Bold and colours, or nothing at all. Immutable.
class Ink {
 public:
  explicit Ink(bool on) : on_(on) {}

  /// On when standard output is a terminal that can, and NO_COLOR is not set.
  static Ink ForStandardOutput();

  std::string Bold(std::string_view text) const;
  std::string Red(std::string_view text) const;
  std::string Amber(std::string_view text) const;
  std::string Dim(std::string_view text) const;

 private:
  std::string Paint(std::string_view code, std::string_view text) const;

  bool on_;
};

}  // namespace trigpoint
