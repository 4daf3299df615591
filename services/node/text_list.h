#pragma once

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

namespace trigpoint {

/// "a, b" -> {"a", "b"}: the words of a setting that takes several, without those that are empty.
inline std::set<std::string> TextList(std::string_view text) {
  std::set<std::string> words;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find(',', at), text.size());
    std::string_view word = text.substr(at, end - at);
    at = end + 1;
    word.remove_prefix(std::min(word.find_first_not_of(' '), word.size()));
    word = word.substr(0, word.find_last_not_of(' ') + 1);
    if (!word.empty()) words.emplace(word);
  }
  return words;
}

}  // namespace trigpoint
