#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "trigpoint/v1/values.pb.h"

namespace trigpoint {

/// "3 March 2026" in Europe/London.
std::string DateWords(int64_t instant_us);
/// "3 March 2026, 10:05" in Europe/London.
std::string InstantWords(int64_t instant_us);
/// "3 March 2026".
std::string DateWords(const v1::Date& date);
/// "Level 2" for "LEVEL_2".
std::string StateWords(std::string_view state);
/// "pressure care" for the name of an enum's value without its prefix.
std::string CodeWords(std::string_view name, std::string_view prefix);
/// The same with a capital letter first.
std::string Capital(std::string text);
/// "1 report", "2 reports".
std::string CountWords(size_t count, std::string_view one, std::string_view many);
/// "a, b and c".
std::string ListWords(const std::vector<std::string>& words);

}  // namespace trigpoint
