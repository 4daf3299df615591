#include "trigpoint/events/violation.h"

#include <string>

namespace trigpoint {

v1::FieldViolation Violation(std::string_view field, std::string_view rule,
                             std::string_view description) {
  v1::FieldViolation violation;
  violation.set_field(std::string(field));
  violation.set_rule(std::string(rule));
  violation.set_description(std::string(description));
  return violation;
}

}  // namespace trigpoint
