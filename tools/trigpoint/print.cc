#include "print.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "arguments.h"
#include "google/protobuf/util/json_util.h"
#include "trigpoint/base/time.h"

namespace trigpoint {
namespace {

bool StartsCharacter(char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }

// Length in bytes of the first `columns` characters.
size_t BytesOf(std::string_view text, size_t columns) {
  size_t at = 0;
  for (size_t seen = 0; at < text.size(); ++at) {
    if (StartsCharacter(text[at]) && seen++ == columns) {
      break;
    }
  }
  return at;
}

}  // namespace

size_t Columns(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), StartsCharacter));
}

std::string Clean(std::string_view text) {
  std::string clean;
  clean.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool c1 = byte == 0xc2U && i + 1 < text.size() &&
                    static_cast<unsigned char>(text[i + 1]) < 0xa0U;  // U+0080 to U+009F.
    if (c1) {
      ++i;
    }
    clean += (c1 || byte < 0x20U || byte == 0x7fU) ? ' ' : text[i];
  }
  return clean;
}

std::string Clip(std::string_view text, size_t columns) {
  std::string clean = Clean(text);
  if (Columns(clean) <= columns || columns == 0) {
    return clean;
  }
  return clean.substr(0, BytesOf(clean, columns - 1)) + "…";
}

std::string Wrap(std::string_view text, std::string_view lead) {
  const std::string clean = Clean(text);
  const size_t indent = Columns(lead);
  std::string out(lead);
  size_t column = indent;
  bool line_is_empty = true;
  for (size_t at = 0; at < clean.size();) {
    const size_t start = clean.find_first_not_of(' ', at);
    if (start == std::string::npos) {
      break;
    }
    const size_t end = std::min(clean.find(' ', start), clean.size());
    const std::string_view word = std::string_view(clean).substr(start, end - start);
    const size_t width = Columns(word);
    if (!line_is_empty && column + 1 + width > kTextColumns) {
      out += '\n' + std::string(indent, ' ');
      column = indent;
    } else if (!line_is_empty) {
      out += ' ';
      ++column;
    }
    out += word;
    column += width;
    line_is_empty = false;
    at = end;
  }
  while (!out.empty() && out.back() == ' ') {
    out.pop_back();
  }
  return out + '\n';
}

Table::Table(std::vector<std::string> headings) : headings_(std::move(headings)) {
  for (std::string& heading : headings_) {
    right_.push_back(!heading.empty() && heading.front() == '>');
    if (right_.back()) {
      heading.erase(0, 1);
    }
  }
}

void Table::AddRow(std::vector<std::string> cells) {
  cells.resize(headings_.size());
  for (std::string& cell : cells) {
    cell = Clean(cell);
  }
  rows_.push_back(std::move(cells));
}

std::string Table::Text() const {
  std::vector<size_t> widths;
  for (size_t i = 0; i < headings_.size(); ++i) {
    size_t width = Columns(headings_[i]);
    for (const auto& row : rows_) {
      width = std::max(width, Columns(row[i]));
    }
    widths.push_back(width);
  }
  std::string out;
  const auto write = [&](const std::vector<std::string>& cells) {
    std::string line;
    for (size_t i = 0; i < cells.size(); ++i) {
      const std::string pad(widths[i] - Columns(cells[i]), ' ');
      line += (i == 0 ? "" : "  ") + (right_[i] ? pad + cells[i] : cells[i] + pad);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  };
  write(headings_);
  for (const auto& row : rows_) {
    write(row);
  }
  return out;
}

std::string InWords(std::string_view state) {
  std::string words(state);
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i] == '_') {
      words[i] = ' ';
    } else if (i > 0 && words[i] >= 'A' && words[i] <= 'Z') {
      words[i] = static_cast<char>(words[i] - 'A' + 'a');
    }
  }
  return words;
}

std::string WithoutPrefix(std::string_view value_name, std::string_view prefix) {
  if (value_name.substr(0, prefix.size()) == prefix) {
    value_name.remove_prefix(prefix.size());
  }
  return value_name == "UNSPECIFIED" ? "-" : std::string(value_name);
}

std::string Number(double value) {
  char text[64];
  if (value != 0 && std::fabs(value) < 0.001) {
    std::snprintf(text, sizeof text, "%.2g", value);
    return text;
  }
  if (std::fabs(value) >= 1e15) {
    std::snprintf(text, sizeof text, "%g", value);
    return text;
  }
  std::snprintf(text, sizeof text, "%.3f", value);
  std::string out = text;
  out.erase(out.find_last_not_of('0') + 1);
  if (out.back() == '.') {
    out.pop_back();
  }
  return out == "-0" ? "0" : out;
}

std::string When(const google::protobuf::Timestamp& timestamp) {
  if (timestamp.seconds() == 0 && timestamp.nanos() == 0) {
    return "-";
  }
  const Micros utc = FromTimestamp(timestamp);
  const std::string text = FormatInstant(utc + LondonOffset(utc));
  return text.substr(0, 10) + ' ' + text.substr(11, 5);
}

std::string Day(const google::protobuf::Timestamp& timestamp) {
  return When(timestamp).substr(0, 10);
}

std::string Count(uint64_t count, std::string_view singular, std::string_view plural) {
  std::string out = std::to_string(count) + ' ';
  if (count == 1) {
    return out.append(singular);
  }
  return plural.empty() ? out.append(singular) + 's' : out.append(plural);
}

std::string ToJson(const google::protobuf::Message& message, JsonForm form) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  options.add_whitespace = form == JsonForm::kDocument;
  std::string out;
  const auto status = google::protobuf::util::MessageToJsonString(message, &out, options);
  if (!status.ok()) {
    return "{}";
  }
  if (out.empty() || out.back() != '\n') {
    out += '\n';
  }
  return out;
}

nlohmann::ordered_json ToJsonValue(const google::protobuf::Message& message) {
  return nlohmann::ordered_json::parse(ToJson(message, JsonForm::kLine), nullptr, false);
}

Ink Ink::ForStandardOutput() {
  const char* term = std::getenv("TERM");          // NOLINT(concurrency-mt-unsafe)
  const char* no_color = std::getenv("NO_COLOR");  // NOLINT(concurrency-mt-unsafe)
  const bool dumb = term == nullptr || std::string_view(term) == "dumb";
  return Ink(isatty(STDOUT_FILENO) != 0 && !dumb && (no_color == nullptr || *no_color == '\0'));
}

std::string Ink::Paint(std::string_view code, std::string_view text) const {
  if (!on_) {
    return std::string(text);
  }
  return "\033[" + std::string(code) + 'm' + std::string(text) + "\033[0m";
}

std::string Ink::Bold(std::string_view text) const { return Paint("1", text); }
std::string Ink::Red(std::string_view text) const { return Paint("1;31", text); }
std::string Ink::Amber(std::string_view text) const { return Paint("33", text); }
std::string Ink::Dim(std::string_view text) const { return Paint("2", text); }

}  // namespace trigpoint
