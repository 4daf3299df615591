#pragma once

#include <optional>
#include <string>

#include "trigpoint/v1/policy.pb.h"

namespace trigpoint {

/// The rule whose condition is too long to assess with once the criteria that it names are written
/// out, or nullopt. Criteria that name criteria can double at each step. The pack must be free of
/// circles.
std::optional<std::string> FindTooLong(const v1::PolicyPack& pack);

}  // namespace trigpoint
