#pragma once

#include <string>

#include "services/query/query_core.h"

/// What a write was decided on, by the etag that a read gave (AIP-154).
namespace trigpoint {

/// Whether a provider is still shown as it was under this etag; an empty one is not looked at.
/// A reader outside a service is shown no etag, and none holds for them. What changes after this
/// look and before the fold is what `based_on` of a decision is there for. Errors: Aborted
/// (ETAG_MISMATCH); those of reading.
absl::Status CheckEtag(QueryCore& core, const Principal& principal, const std::string& stream_id,
                       const std::string& etag);

/// The etag of a policy: the same as long as nothing more was said of it.
std::string EtagOf(const Controls& controls, const std::string& policy_id);

/// Whether nothing more was said of a policy; an empty etag is not looked at. Errors: Aborted
/// (ETAG_MISMATCH).
absl::Status CheckEtag(const Controls& controls, const std::string& policy_id,
                       const std::string& etag);

}  // namespace trigpoint
