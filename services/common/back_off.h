#pragma once

#include <cstdint>

#include "trigpoint/base/time.h"

namespace trigpoint {

/// Shortest and longest wait between two attempts.
struct BackOffRange {
  Micros min = kMicrosPerSecond;
  Micros max = 5 * kMicrosPerMinute;
};

/// The longest wait that the other side can ask for with Retry-After.
inline constexpr Micros kRetryAfterMax = kMicrosPerHour;

/// How long to wait after so many failed attempts (at least 1): somewhere in the upper half of a
/// span that doubles with each, from 2 * min up to max. `random` is in [0, 1). Who asked for more
/// (`retry_after`, 0: nobody did) gets it, up to kRetryAfterMax.
Micros BackOff(const BackOffRange& range, uint32_t failed, double random, Micros retry_after);

}  // namespace trigpoint
