#pragma once

#include <memory>

#include "trigpoint/engine/controls.h"
#include "trigpoint/policy/measure.h"
#include "trigpoint/v1/state.pb.h"

namespace trigpoint {

/// The line a list shows of one provider: what it is, and where it stands under each policy that
/// applies to it or that something was recorded under, sorted by policy id. As of the last thing
/// known of it; `in_force` is what held then.
v1::ProviderSummary Summarise(const v1::ProviderState& state, const v1::ProviderRecord& record,
                              const InForce& in_force);

/// The same into `summary`, whose memory is used again. `cache` is what measures kept of `state` at
/// the last thing known of it; null: nothing.
void Summarise(const v1::ProviderState& state, const v1::ProviderRecord& record,
               const InForce& in_force, const std::shared_ptr<MeasureCache>& cache,
               v1::ProviderSummary* summary);

}  // namespace trigpoint
