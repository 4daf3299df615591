#pragma once

#include <cstdint>

#include "trigpoint/base/time.h"

namespace trigpoint {

/// What an HTTP status says of a message.
enum class Verdict : uint8_t {
  kTaken,    ///< 2xx.
  kRefused,  ///< 400, 410, 413, 422: the same bytes will never be taken.
  kAgain,    ///< Everything else, redirects among it: they are not followed.
};
Verdict Judge(long http_status);

/// Shortest and longest wait between two attempts.
struct BackOffRange {
  Micros min = kMicrosPerSecond;
  Micros max = 5 * kMicrosPerMinute;
};

/// The longest wait that a receiver can ask for with Retry-After.
inline constexpr Micros kRetryAfterMax = kMicrosPerHour;

/// How long to wait after so many failed attempts (at least 1): somewhere in the upper half of a
/// span that doubles with each, from 2 * min up to max. `random` is in [0, 1). A receiver that
/// asked for more (`retry_after`, 0: it did not) gets it, up to kRetryAfterMax.
Micros BackOff(const BackOffRange& range, uint32_t failed, double random, Micros retry_after);

}  // namespace trigpoint
