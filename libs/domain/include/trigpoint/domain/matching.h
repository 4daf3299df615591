#pragma once

#include <map>
#include <set>
#include <vector>

#include "trigpoint/v1/options.pb.h"

namespace trigpoint {

/// Gives as many places as can be one of their fillers, none of which fills two: a maximum
/// matching. At most as deep as there are places. Returns the filler of each place; -1: none is
/// left for it. Fillers are at least 0. The same places give the same answer.
std::vector<int> FillPlaces(const std::vector<std::set<int>>& fillers);

/// From how many independent families of sources incidents were reported: one incident fills at
/// most one family, whoever reported it. Rule: domain.md 3.8 (4); design 6.
int IndependentFamilies(const std::map<v1::SourceFamily, std::set<int>>& incidents);

}  // namespace trigpoint
