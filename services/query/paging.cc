#include "services/query/paging.h"

#include <cinttypes>
#include <cstdio>

namespace trigpoint {

std::string SortableNumber(int64_t value, bool descending) {
  // Shifted to unsigned, so that negative numbers sort before the others.
  uint64_t shifted = static_cast<uint64_t>(value) ^ (uint64_t{1} << 63);
  if (descending) shifted = ~shifted;
  char text[24];
  std::snprintf(text, sizeof text, "%016" PRIx64, shifted);
  return text;
}

}  // namespace trigpoint
