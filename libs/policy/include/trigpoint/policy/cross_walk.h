#pragma once

#include <string>

#include "absl/status/status.h"
#include "trigpoint/v1/policy.pb.h"

namespace trigpoint {

/// Checks where a pack puts its states beside the ladder of the National Quality Board: every entry
/// is about a state of the pack or its urgent target, at most one about each, its place is ROUTINE,
/// ENHANCED, INTENSIVE or none, and it says with its clause what it is not. Rule: domain.md 4.1.
/// Errors: INVALID_ARGUMENT names policy and state.
absl::Status CheckCrossWalk(const v1::PolicyPack& pack);

/// The entry of a state, or null where the pack has none. For display: a state is never a level of
/// the other ladder by another name. Points into `pack`.
const v1::CrossWalk* CrossWalkOf(const v1::PolicyPack& pack, const std::string& state);

}  // namespace trigpoint
