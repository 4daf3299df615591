#pragma once

#include <string_view>

namespace trigpoint {

/// Tells whether exactly ten digits (no spaces, no dashes) form an NHS number.
/// Rule: the weights 10 to 2 and the check digit 11 - (sum mod 11), where 11 stands for 0 and 10
/// makes the number invalid (NHS Data Dictionary, NHS NUMBER; domain.md 2.6). Ten identical digits
/// pass the sum and are refused all the same (domain.md 3.10, ruling 10).
bool IsNhsNumber(std::string_view ten_digits);

}  // namespace trigpoint
