#pragma once

namespace trigpoint {

/// How the dates of a file with slashes are to be read.
enum class DateOrder {
  kDayFirst,
  kMonthFirst,
};

}  // namespace trigpoint
