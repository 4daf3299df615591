#pragma once

#include <string>
#include <string_view>

namespace trigpoint {

/// Stands for a value in which an NHS number could be read.
inline constexpr std::string_view kRemoved = "[removed]";

/// Tells whether an NHS number could be read in the text: ten digits that are not part of a longer
/// run of digits, together or in groups with up to four bytes other than letters between them.
/// Exempt is the shape of a CQC location id, "1-" and nine digits standing together: one in eleven
/// of them passes the check, and nobody writes an NHS number so.
bool HoldsNhsNumber(std::string_view text);

/// Writes an identifier for a log line or a label: bytes outside [A-Za-z0-9._:/@+-] as "?", at most
/// 200 bytes; kRemoved when HoldsNhsNumber, before or after the cut.
std::string IdentifierText(std::string_view text);

}  // namespace trigpoint
