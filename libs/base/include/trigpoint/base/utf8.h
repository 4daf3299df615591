#pragma once

#include <string_view>

namespace trigpoint {

/// Tells whether the bytes are well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates).
bool IsUtf8(std::string_view bytes);

}  // namespace trigpoint
