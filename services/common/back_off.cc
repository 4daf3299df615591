#include "services/common/back_off.h"

#include <algorithm>

namespace trigpoint {
namespace {

constexpr uint32_t kDoublingsMax = 30;

}  // namespace

Micros BackOff(const BackOffRange& range, uint32_t failed, double random, Micros retry_after) {
  const Micros span =
      std::min(range.max, range.min << std::clamp<uint32_t>(failed, 1, kDoublingsMax));
  const Micros half = span / 2;
  const Micros wait =
      std::max(range.min, half + static_cast<Micros>(random * static_cast<double>(span - half)));
  return std::max(wait, std::min(retry_after, kRetryAfterMax));
}

}  // namespace trigpoint
