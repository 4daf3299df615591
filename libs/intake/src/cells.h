#pragma once

#include <string>
#include <string_view>

#include "trigpoint/events/violation.h"
#include "trigpoint/v1/events.pb.h"

namespace trigpoint {

/// Takes spaces, tabs and no-break spaces off both ends.
std::string_view Trim(std::string_view text);

/// Tells whether an id can become a key: letters, digits, dash, dot and underscore, at most 40.
/// Ids are opaque beyond that: "RX601" stands beside "1-545611283".
bool IsUsableId(std::string_view id);

/// Gives nothing for the words that files put where they have no value: "-", "NA", "N/A".
std::string_view NotFiller(std::string_view text);

/// The problem of an id for which IsUsableId is false.
v1::FieldViolation IdNotUsable(std::string_view field);

}  // namespace trigpoint
