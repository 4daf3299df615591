#pragma once

#include <optional>
#include <string_view>

namespace trigpoint {

/// Why a text is not read as YAML.
struct YamlProblem {
  int line = 1;  ///< From 1.
  std::string_view what;
};

/// Looks for what a configuration, a policy pack or a list of principals must not hold, before a
/// parser sees it: bytes that are not UTF-8, directives (yaml-cpp 0.7 never ends with some of
/// them), and a second document, which a parser of one document would pass over in silence.
std::optional<YamlProblem> FindYamlProblem(std::string_view text);

}  // namespace trigpoint
