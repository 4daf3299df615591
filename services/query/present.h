#pragma once

#include <cstdint>
#include <string>

#include "services/query/protected.h"
#include "trigpoint/engine/controls.h"
#include "trigpoint/engine/replay.h"
#include "trigpoint/v1/api.pb.h"
#include "trigpoint/v1/state.pb.h"

namespace trigpoint {

/// One provider as the API shows it, at present. `in_force` says where its levels stand beside the
/// ladder of the National Quality Board.
v1::Provider PresentProvider(const v1::ProviderSummary& summary, const InForce& in_force,
                             const Protection& protection);
/// The same as of a past instant.
v1::Provider PresentProviderThen(const v1::ProviderSummary& summary, const InForce& in_force,
                                 const Protection& protection);

/// One alert of a stream as the API shows it, with who declined it or it at another tier, and
/// without what would point to a protected source.
v1::Alert PresentAlert(const v1::AlertRecord& alert, const StreamAsOf& stream,
                       const Protection& protection, int64_t now_us);

/// The recommendation that stands under a policy, as the API shows it.
v1::OpenRecommendation PresentRecommendation(const v1::ProviderSummary& summary,
                                             const v1::PolicyRecord& policy,
                                             const std::string& decided_state,
                                             const Protection& protection);

/// The number of an enum in words: "REQUIRES_IMPROVEMENT" without its prefix.
std::string RatingName(v1::Rating rating);
std::string ServiceTypeName(v1::ServiceType type);

}  // namespace trigpoint
