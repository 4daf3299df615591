#pragma once

#include <string>
#include <string_view>

namespace trigpoint {

/// Makes the key of an organisation that a file knows by its name only: upper case, single spaces,
/// plain apostrophes and dashes. Spelling is not corrected: two spellings are two names.
std::string NormalName(std::string_view name);

/// Tells whether a normalised name begins with the title of a person ("DR", "MRS", "SIR"), or
/// names a member of parliament. A surname alone is not known to be one.
bool NamesPerson(std::string_view normal_name);

}  // namespace trigpoint
