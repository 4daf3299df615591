#include "cells.h"

#include <algorithm>

namespace trigpoint {

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kNoBreakSpace = "\xC2\xA0";
  for (;;) {
    if (text.starts_with(' ') || text.starts_with('\t')) {
      text.remove_prefix(1);
    } else if (text.starts_with(kNoBreakSpace)) {
      text.remove_prefix(kNoBreakSpace.size());
    } else if (text.ends_with(' ') || text.ends_with('\t')) {
      text.remove_suffix(1);
    } else if (text.ends_with(kNoBreakSpace)) {
      text.remove_suffix(kNoBreakSpace.size());
    } else {
      return text;
    }
  }
}

bool IsUsableId(std::string_view id) {
  constexpr size_t kIdBytesMax = 40;
  return !id.empty() && id.size() <= kIdBytesMax && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  });
}

std::string_view NotFiller(std::string_view text) {
  return text == "-" || text == "NA" || text == "N/A" ? std::string_view() : text;
}

v1::FieldViolation IdNotUsable(std::string_view field) {
  return Violation(field, "ID_NOT_USABLE",
                   "must be letters, digits, dash, dot or underscore, at most 40");
}

}  // namespace trigpoint
