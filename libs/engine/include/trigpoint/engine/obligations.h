#pragma once

#include <cstdint>
#include <vector>

#include "trigpoint/engine/controls.h"
#include "trigpoint/v1/obligations.pb.h"
#include "trigpoint/v1/state.pb.h"

namespace trigpoint {

/// What is owed about a service at an instant by every policy in force for it then, open and
/// closed (policy/obligations.h), in the order of the policies. Pure.
std::vector<v1::Obligation> ObligationsOfService(const Controls& controls,
                                                 const v1::ProviderState& state,
                                                 const v1::ProviderRecord& record,
                                                 int64_t as_of_us);

}  // namespace trigpoint
