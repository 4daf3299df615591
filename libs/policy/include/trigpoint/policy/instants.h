#pragma once

#include <cstdint>
#include <limits>
#include <set>

#include "trigpoint/v1/state.pb.h"

namespace trigpoint {

/// No instant: time alone changes nothing any more.
inline constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

/// The earliest instant after `after_us` at which time alone can change a criterion or an
/// obligation of this service: a report leaves a window (`windows`, days), a plan action or reply
/// falls overdue, a suspension or notice gets older than some whole number of months, an alert is
/// not acknowledged in time. Microseconds UTC; kNever when there is none. Rule: design 2 "Time".
/// Derived from the state, so it is the same after a replay.
int64_t NextInstant(const v1::ProviderState& state, const v1::ProviderRecord& record,
                    const std::set<int64_t>& windows, int64_t after_us);

}  // namespace trigpoint
