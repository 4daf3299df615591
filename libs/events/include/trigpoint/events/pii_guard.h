#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace trigpoint {

/// What kind of personal data a text holds.
enum class PiiRule {
  kNhsNumberInText,
  kDateOfBirthInText,
};

/// Personal data in a text. It never carries the value itself.
struct PiiFinding {
  PiiRule rule = PiiRule::kNhsNumberInText;
  size_t offset = 0;  ///< Byte at which it begins.
};

/// Gives "NHS_NUMBER_IN_TEXT" or "DATE_OF_BIRTH_IN_TEXT".
std::string_view PiiRuleName(PiiRule rule);

/// Looks for the first piece of personal data in a text.
/// Rule: domain.md 2.2 (guard) and 3.10 ruling 10.
///  - NHS number: ten digits that satisfy modulus 11, together or as 3-3-4 with a space, dash, dot
///    or no-break space between; not part of a longer number or word. Ten identical digits are not
///    personal data in free text. "1-" and ten digits is the form of a CQC id and no NHS number.
///  - Date of birth: "DOB", "D.O.B.", "date of birth", "birth date" or "born", followed by a whole
///    date. A date alone is none.
/// Complexity: linear in the length. Errors: none; bytes that are not UTF-8 do no harm.
std::optional<PiiFinding> FindPersonalData(std::string_view text);

}  // namespace trigpoint
