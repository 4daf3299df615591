#pragma once

#include "services/query/query_core.h"

namespace trigpoint {

/// Adds to the siblings of a page what was reported about each in the year before, as far as the
/// reader may see it, and how many incidents that are over all of them: one that people linked
/// counts once (domain.md 3.8). Errors: those of the projector's reads.
absl::Status AddSiblingIncidents(QueryCore& core, const Principal& principal,
                                 v1::ListSiblingsResponse* response);

}  // namespace trigpoint
