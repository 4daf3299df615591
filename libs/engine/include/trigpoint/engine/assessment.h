#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "trigpoint/policy/pack.h"
#include "trigpoint/v1/api.pb.h"
#include "trigpoint/v1/state.pb.h"

namespace trigpoint {

/// The assessment as people read it: criteria with proof, floor and ceiling, near misses, gaps,
/// what the policy says happens next. Criteria that the recorded recommendation holds are held
/// (evidence ageing). `version_before`: the version that the pack would follow if it came into
/// force at this instant; null where it is in force. Pure.
v1::Assessment BuildAssessment(
    const CompiledPack& pack, const v1::ProviderState& state, const v1::ProviderRecord& record,
    std::span<const std::shared_ptr<const v1::PeerBaselinePublished>> baselines, int64_t as_of_us,
    const CompiledPack* version_before = nullptr);

}  // namespace trigpoint
