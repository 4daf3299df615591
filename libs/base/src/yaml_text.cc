#include "trigpoint/base/yaml_text.h"

#include "trigpoint/base/utf8.h"

namespace trigpoint {
namespace {

bool IsMarker(std::string_view line, std::string_view marker) {
  return line.starts_with(marker) && (line.size() == marker.size() || line[marker.size()] == ' ' ||
                                      line[marker.size()] == '\t');
}

}  // namespace

std::optional<YamlProblem> FindYamlProblem(std::string_view text) {
  bool begun = false;  // Something but blank lines and comments stood before.
  for (int number = 1; !text.empty(); ++number) {
    const size_t end = text.find_first_of("\r\n");
    std::string_view line = text.substr(0, end);
    const bool both = end != std::string_view::npos && text.substr(end).starts_with("\r\n");
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + (both ? 2 : 1));
    if (number == 1 && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
    if (!IsUtf8(line)) return YamlProblem{.line = number, .what = "not UTF-8"};
    if (line.starts_with('%')) return YamlProblem{.line = number, .what = "a YAML directive"};
    if (IsMarker(line, "...") || (begun && IsMarker(line, "---"))) {
      return YamlProblem{.line = number, .what = "a second YAML document"};
    }
    const size_t first = line.find_first_not_of(" \t");
    begun = begun || (first != std::string_view::npos && line[first] != '#');
  }
  return std::nullopt;
}

}  // namespace trigpoint
