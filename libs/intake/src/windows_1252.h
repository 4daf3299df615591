#pragma once

#include <string>

namespace trigpoint {

/// Gives the text in UTF-8: as it is where it is that already, else read as Windows-1252, which
/// spreadsheets save. Text that is neither is given as it is.
std::string Utf8OfWindows1252(std::string text);

}  // namespace trigpoint
