#pragma once

#include <cstdint>

#include "services/query/protected.h"
#include "trigpoint/access/principal.h"
#include "trigpoint/engine/controls.h"
#include "trigpoint/engine/replay.h"
#include "trigpoint/policy/pack.h"
#include "trigpoint/v1/api.pb.h"

namespace trigpoint {

/// The assessment of a stream under one policy at an instant, as this reader may see it. `stream`
/// is used up.
v1::Assessment ShownAssessment(const Principal& principal, const Protection& protection,
                               const InForce& in_force, const CompiledPack& pack, int64_t as_of_us,
                               StreamAsOf stream);

}  // namespace trigpoint
