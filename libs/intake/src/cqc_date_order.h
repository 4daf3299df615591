#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "trigpoint/base/time.h"
#include "trigpoint/intake/date_order.h"

namespace trigpoint {

/// A date cell with the line it stands in. Lifetime: of the text, the table it points into.
struct DateCell {
  std::string_view text;
  uint64_t line = 0;
};

/// Decides once for a file whether its dates have the day or the month first; nothing when all of
/// them are ISO dates. `given` is used only where the cells do not tell.
/// Errors: InvalidArgument when two cells contradict each other (names both lines), when `given`
/// contradicts a cell, and when nothing tells.
absl::StatusOr<std::optional<DateOrder>> DecideDateOrder(const std::vector<DateCell>& cells,
                                                         std::optional<DateOrder> given);

/// Reads "20/11/2019" (also with dashes or dots) in the order given, or "2019-11-20"; nothing when
/// it is no such date. A time behind it ("16/11/2015 - 00:00", "2024-09-17 15:19:48") is left out.
std::optional<CivilDate> ReadDateCell(std::string_view text, std::optional<DateOrder> order);

}  // namespace trigpoint
