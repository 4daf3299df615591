#pragma once

#include "trigpoint/engine/controls.h"
#include "trigpoint/v1/state.pb.h"

namespace trigpoint {

/// The line a list shows of one provider: what it is, and where it stands under each policy that
/// applies to it or that something was recorded under, sorted by policy id.
v1::ProviderSummary Summarise(const v1::ProviderState& state, const v1::ProviderRecord& record,
                              const Controls& controls);

}  // namespace trigpoint
