#pragma once

#include <string>
#include <string_view>

#include "trigpoint/v1/events.pb.h"

namespace trigpoint {

/// Takes spaces, tabs and no-break spaces off both ends.
std::string_view Trim(std::string_view text);

/// Tells whether an id can become a key: letters, digits, dash, dot and underscore, at most 40.
/// Ids are opaque beyond that: "RX601" stands beside "1-545611283".
bool IsUsableId(std::string_view id);

/// Gives nothing for the words that files put where they have no value: "-", "NA", "N/A".
std::string_view NotFiller(std::string_view text);

/// Makes one problem of one row. No description may repeat a personal value.
v1::FieldViolation Violation(std::string_view field, std::string_view rule,
                             std::string_view description);

/// The problem of an id for which IsUsableId is false.
v1::FieldViolation IdNotUsable(std::string_view field);

}  // namespace trigpoint
