#pragma once

#include <string>

#include "trigpoint/v1/api.pb.h"

/// A service in one cell of a table.
namespace trigpoint {

/// Its first external id, "scheme/value"; `otherwise` where it has none.
std::string FirstId(const google::protobuf::RepeatedPtrField<v1::SubjectRef>& ids,
                    const std::string& otherwise);

/// "herefordshire: LEVEL_1 -> LEVEL_2 URGENT" of every policy that applies, the name alone of one
/// without levels.
std::string LevelsInOneCell(const v1::Provider& provider);

}  // namespace trigpoint
