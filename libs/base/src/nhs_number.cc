#include "trigpoint/base/nhs_number.h"

#include <cstddef>

namespace trigpoint {

bool IsNhsNumber(std::string_view ten_digits) {
  constexpr size_t kLength = 10;
  if (ten_digits.size() != kLength) {
    return false;
  }
  int sum = 0;
  bool identical = true;
  for (size_t i = 0; i < kLength; ++i) {
    const char c = ten_digits[i];
    if (c < '0' || c > '9') {
      return false;
    }
    identical = identical && c == ten_digits[0];
    if (i + 1 < kLength) {
      sum += (c - '0') * static_cast<int>(kLength - i);
    }
  }
  const int check = (11 - sum % 11) % 11;  // 11 stands for 0; 10 equals no digit.
  return !identical && check == ten_digits[kLength - 1] - '0';
}

}  // namespace trigpoint
