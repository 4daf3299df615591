#include "references.h"
#include "trigpoint/reports/render.h"

namespace trigpoint {
namespace {

/// Dark text on white, 7:1 and better; on paper no colour is needed.
constexpr char kStyle[] =
    "body{font:1rem/1.5 sans-serif;color:#111;background:#fff;max-width:70rem;margin:2rem auto;"
    "padding:0 1rem}h1{font-size:1.8rem}h2{font-size:1.3rem;margin-top:2rem}"
    "table{border-collapse:collapse;width:100%;margin:1rem 0}"
    "th,td{border:1px solid #595959;padding:.3rem .5rem;text-align:left;vertical-align:top}"
    "thead th{background:#e6e6e6}a{color:#003a8c}.marks{font-size:.8rem;white-space:normal}"
    "@media print{body{margin:0;max-width:none;font-size:10pt}a{color:#111;text-decoration:none}"
    "thead{display:table-header-group}tr,li{break-inside:avoid}h2{break-after:avoid}}";

std::string Escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out.push_back(static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c);
    }
  }
  return out;
}

std::string Element(std::string_view name, const std::string& inside) {
  const std::string tag(name);
  return '<' + tag + '>' + inside + "</" + tag + ">\n";
}

template <typename Citations>
std::string Marks(const Citations& citations, References* references) {
  std::string marks;
  for (const int numbered : references->Numbers(citations)) {
    const std::string number = std::to_string(numbered);
    marks += (marks.empty() ? "" : " ") + std::string("<a href=\"#r") + number + "\">[" + number +
             "]</a>";
  }
  return "<span class=\"marks\">" + marks + "</span>";
}

std::string TableOf(const v1::Report::Table& table, const std::string& caption,
                    References* references) {
  std::string heads;
  for (const auto& column : table.columns())
    heads += "<th scope=\"col\">" + Escape(column) + "</th>";
  heads += "<th scope=\"col\">References</th>";
  std::string rows;
  for (const auto& row : table.rows()) {
    std::string cells;
    for (int i = 0; i < row.cells_size(); ++i) {
      cells += (i == 0 ? "<th scope=\"row\">" : "<td>") + Escape(row.cells(i)) +
               (i == 0 ? "</th>" : "</td>");
    }
    rows += Element("tr", cells + "<td>" + Marks(row.citations(), references) + "</td>");
  }
  return "<table>\n<caption>" + Escape(caption) + "</caption>\n" +
         Element("thead", Element("tr", heads)) + Element("tbody", rows) + "</table>\n";
}

std::string SectionOf(const v1::Report::Section& section, References* references) {
  std::string items;
  for (const auto& sentence : section.sentences())
    items += Element("li", Escape(sentence.text()) + ' ' + Marks(sentence.citations(), references));
  std::string out = Element("h2", Escape(section.heading()));
  if (!items.empty()) out += Element("ul", '\n' + items);
  for (const auto& table : section.tables()) out += TableOf(table, section.heading(), references);
  return Element("section", '\n' + out);
}

}  // namespace

std::string RenderHtml(const v1::Report& report) {
  References references;
  std::string body =
      Element("h1", Escape(report.title())) + Element("p", Escape(KnownWords(report)));
  for (const auto& section : report.sections()) body += SectionOf(section, &references);
  std::string caveats;
  for (const auto& caveat : report.caveats()) caveats += Element("li", Escape(caveat));
  body +=
      Element("section", '\n' + Element("h2", "Read with care") + Element("ul", '\n' + caveats));
  std::string cited;
  int number = 0;
  for (const auto& text : references.texts())
    cited += "<li id=\"r" + std::to_string(++number) + "\">" + Escape(text) + "</li>\n";
  body += Element("section", '\n' + Element("h2", "References") + Element("ol", '\n' + cited));
  body += Element("p", "Fingerprint (SHA-256): <code>" + Escape(report.fingerprint()) + "</code>");
  return "<!DOCTYPE html>\n<html lang=\"en-GB\">\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n" +
         Element("title", Escape(report.title())) + Element("style", kStyle) + "</head>\n<body>\n" +
         Element("main", '\n' + body) + "</body>\n</html>\n";
}

}  // namespace trigpoint
