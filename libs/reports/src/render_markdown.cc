#include <algorithm>

#include "references.h"
#include "trigpoint/reports/render.h"

namespace trigpoint {
namespace {

/// Text of partners must not become markup, nor break a line or a cell.
std::string Escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      out.push_back(' ');
      continue;
    }
    if (std::string_view("\\`*_[]<>|#!~&").find(c) != std::string_view::npos) out.push_back('\\');
    out.push_back(c);
  }
  return out;
}

/// The same at the start of a line, where "- ", "+ " and "1." begin a list.
std::string EscapeLine(std::string_view text) {
  std::string out = Escape(text);
  const size_t digits = std::min(out.find_first_not_of("0123456789"), out.size());
  const bool numbered =
      digits > 0 && digits < out.size() && (out[digits] == '.' || out[digits] == ')');
  if (numbered || out.starts_with('-') || out.starts_with('+'))
    out.insert(numbered ? digits : 0, "\\");
  return out;
}

template <typename Citations>
std::string Marks(const Citations& citations, References* references) {
  std::string marks;
  for (const int number : references->Numbers(citations))
    marks += "[" + std::to_string(number) + "]";
  return marks;
}

std::string Line(const std::vector<std::string>& cells) {
  std::string line = "|";
  for (const auto& cell : cells) line += ' ' + cell + " |";
  return line + '\n';
}

std::string TableOf(const v1::Report::Table& table, References* references) {
  std::vector<std::string> cells;
  for (const auto& column : table.columns()) cells.push_back(Escape(column));
  cells.emplace_back("References");
  std::string out = Line(cells) + Line(std::vector<std::string>(cells.size(), "---"));
  for (const auto& row : table.rows()) {
    cells.clear();
    for (const auto& cell : row.cells()) cells.push_back(Escape(cell));
    cells.push_back(Marks(row.citations(), references));
    out += Line(cells);
  }
  return out;
}

}  // namespace

std::string RenderMarkdown(const v1::Report& report) {
  References references;
  std::string out = "# " + Escape(report.title()) + "\n\n" + Escape(KnownWords(report)) + '\n';
  for (const auto& section : report.sections()) {
    out += "\n## " + Escape(section.heading()) + "\n\n";
    for (const auto& sentence : section.sentences())
      out += "- " + EscapeLine(sentence.text()) + ' ' + Marks(sentence.citations(), &references) +
             '\n';
    bool first = section.sentences().empty();
    for (const auto& table : section.tables()) {
      out += (first ? "" : "\n") + TableOf(table, &references);
      first = false;
    }
  }
  out += "\n## Read with care\n\n";
  for (const auto& caveat : report.caveats()) out += "- " + EscapeLine(caveat) + '\n';
  out += "\n## References\n\n";
  int number = 0;
  for (const auto& text : references.texts())
    out += std::to_string(++number) + ". " + EscapeLine(text) + '\n';
  return out + "\nFingerprint (SHA-256): `" + report.fingerprint() + "`\n";
}

}  // namespace trigpoint
