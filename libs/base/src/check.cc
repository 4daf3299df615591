#include "trigpoint/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace trigpoint::check_internal {

void Fail(const char* expression, std::string_view message, const char* file, int line) noexcept {
  std::fprintf(stderr, "%s:%d: check failed: %s: %.*s\n", file, line, expression,
               static_cast<int>(message.size()), message.data());
  std::abort();
}

}  // namespace trigpoint::check_internal
