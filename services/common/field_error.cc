#include "services/common/field_error.h"

#include <string>

#include "absl/strings/cord.h"
#include "trigpoint/base/status.h"
#include "trigpoint/events/violation.h"

namespace trigpoint {
namespace {

constexpr std::string_view kViolation = "trigpoint/violation";

}  // namespace

absl::Status FieldError(std::string_view field, std::string_view rule,
                        std::string_view description) {
  absl::Status status = MakeStatus(absl::StatusCode::kInvalidArgument,
                                   std::string(field) + ": " + std::string(description));
  status.SetPayload(ToAbsl(kViolation),
                    absl::Cord(Violation(field, rule, description).SerializeAsString()));
  return status;
}

std::optional<v1::FieldViolation> FieldErrorOf(const absl::Status& status) {
  const auto payload = status.GetPayload(ToAbsl(kViolation));
  v1::FieldViolation violation;
  if (!payload.has_value() || !violation.ParseFromString(std::string(*payload)))
    return std::nullopt;
  return violation;
}

}  // namespace trigpoint
