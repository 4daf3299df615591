#include "identifier_text.h"

#include <cstddef>

#include "trigpoint/base/nhs_number.h"

namespace trigpoint {
namespace {

constexpr size_t kNhsDigits = 10;
constexpr size_t kMaxGap = 4;  // " - ", or a no-break space in UTF-8.
constexpr size_t kMaxBytes = 200;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool IsCqcLocation(std::string_view span) {
  constexpr size_t kLength = 11;
  return span.size() == kLength && span.starts_with("1-") &&
         span.find_first_not_of("0123456789", 2) == std::string_view::npos;
}

// Reads ten digits from `begin` on, which is the first digit of a group.
bool NhsNumberFrom(std::string_view text, size_t begin) {
  std::string digits;
  size_t gap = 0;
  size_t at = begin;
  for (; at < text.size() && digits.size() < kNhsDigits; ++at) {
    if (IsDigit(text[at])) {
      digits += text[at];
      gap = 0;
    } else if (IsLetter(text[at]) || ++gap > kMaxGap) {
      return false;
    }
  }
  const bool ends_group = at == text.size() || !IsDigit(text[at]);
  return ends_group && IsNhsNumber(digits) && !IsCqcLocation(text.substr(begin, at - begin));
}

}  // namespace

bool HoldsNhsNumber(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const bool begins_group = IsDigit(text[i]) && (i == 0 || !IsDigit(text[i - 1]));
    if (begins_group && NhsNumberFrom(text, i)) {
      return true;
    }
  }
  return false;
}

std::string IdentifierText(std::string_view text) {
  constexpr std::string_view kPunctuation = "._:/@+-";
  // The cut may end a longer run of digits after its tenth, so the rest is looked at again.
  const std::string_view cut = text.substr(0, kMaxBytes);
  if (HoldsNhsNumber(text) || HoldsNhsNumber(cut)) {
    return std::string(kRemoved);
  }
  std::string out(cut);
  for (char& c : out) {
    if (!IsDigit(c) && !IsLetter(c) && kPunctuation.find(c) == std::string_view::npos) {
      c = '?';
    }
  }
  return out;
}

}  // namespace trigpoint
