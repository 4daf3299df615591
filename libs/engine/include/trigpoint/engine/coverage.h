#pragma once

#include <cstdint>

#include "trigpoint/engine/controls.h"
#include "trigpoint/v1/api.pb.h"
#include "trigpoint/v1/state.pb.h"

namespace trigpoint {

/// Days after which a category of evidence that was heard of says nothing of the present any more.
inline constexpr int64_t kBlindDays = 365;

/// What is heard of a service and what is not: the six evidence categories (S1 L26-33), from inside
/// and outside the provider; every feed with its cadence; blind spots in words; and which evidence
/// would settle most of what its policies leave UNKNOWN. It judges nothing. Pure.
v1::Coverage BuildCoverage(const v1::ProviderState& state, const v1::ProviderRecord& record,
                           const InForce& in_force, int64_t as_of_us);

}  // namespace trigpoint
