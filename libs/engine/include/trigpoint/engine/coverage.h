#pragma once

#include <cstdint>
#include <vector>

#include "trigpoint/engine/controls.h"
#include "trigpoint/v1/api.pb.h"
#include "trigpoint/v1/state.pb.h"

namespace trigpoint {

/// Days after which a category of evidence that was heard of says nothing of the present any more.
inline constexpr int64_t kBlindDays = 365;

/// Which row of a coverage a blind spot in words is of; -1: no such row.
struct BlindSpotOf {
  int category = -1;
  int feed = -1;
};

/// What is heard of a service and what is not: the six evidence categories (S1 L26-33), from inside
/// and outside the provider; every feed with its cadence; blind spots in words; and which evidence
/// would settle most of what its policies leave UNKNOWN. It judges nothing. `spots`, where given:
/// what each blind spot is of, in their order. Pure.
v1::Coverage BuildCoverage(const v1::ProviderState& state, const v1::ProviderRecord& record,
                           const InForce& in_force, int64_t as_of_us,
                           std::vector<BlindSpotOf>* spots = nullptr);

}  // namespace trigpoint
