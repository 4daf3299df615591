#pragma once

#include <string_view>

#include "trigpoint/v1/events.pb.h"

namespace trigpoint {

/// What is wrong with one field: its path, the rule that it breaks, and why in words. A description
/// repeats no value that may be personal.
v1::FieldViolation Violation(std::string_view field, std::string_view rule,
                             std::string_view description);

}  // namespace trigpoint
