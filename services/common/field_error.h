#pragma once

#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "trigpoint/v1/events.pb.h"

namespace trigpoint {

/// InvalidArgument about one field of a request; ToGrpc answers it with a BadRequest. The text is
/// "field: description", so the description does not begin with the field's name.
absl::Status FieldError(std::string_view field, std::string_view rule,
                        std::string_view description);

/// The field, rule and description of such an error; nullopt for any other status.
std::optional<v1::FieldViolation> FieldErrorOf(const absl::Status& status);

}  // namespace trigpoint
