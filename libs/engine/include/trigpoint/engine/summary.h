#pragma once

#include "trigpoint/engine/controls.h"
#include "trigpoint/v1/state.pb.h"

namespace trigpoint {

/// The line a list shows of one provider.
v1::ProviderSummary Summarise(const v1::ProviderState& state, const v1::ProviderRecord& record,
                              const Controls& controls);

}  // namespace trigpoint
