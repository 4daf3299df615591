#include "trigpoint/base/tri.h"

#include <algorithm>
#include <array>

#include "absl/status/status.h"
#include "trigpoint/base/check.h"

namespace trigpoint {
namespace {

constexpr std::array<Truth, 4> kAll = {Truth::kFalse, Truth::kUnknown, Truth::kTrue,
                                       Truth::kNotApplicable};

// The comparisons below rely on the order of the enumerators.
static_assert(Truth::kFalse < Truth::kUnknown && Truth::kUnknown < Truth::kTrue);

}  // namespace

Truth And(Truth a, Truth b) {
  if (a == Truth::kNotApplicable) {
    return b;
  }
  return b == Truth::kNotApplicable ? a : std::min(a, b);
}

Truth Or(Truth a, Truth b) {
  if (a == Truth::kNotApplicable) {
    return b;
  }
  return b == Truth::kNotApplicable ? a : std::max(a, b);
}

Truth Not(Truth a) {
  switch (a) {
    case Truth::kFalse:
      return Truth::kTrue;
    case Truth::kTrue:
      return Truth::kFalse;
    case Truth::kUnknown:
    case Truth::kNotApplicable:
      return a;
  }
  TP_CHECK(false, "an unknown truth value");
}

Truth AllOf(std::span<const Truth> values) {
  Truth result = Truth::kNotApplicable;
  for (const Truth value : values) {
    result = And(result, value);
  }
  return result;
}

Truth AnyOf(std::span<const Truth> values) {
  Truth result = Truth::kNotApplicable;
  for (const Truth value : values) {
    result = Or(result, value);
  }
  return result;
}

std::string_view TruthName(Truth value) {
  switch (value) {
    case Truth::kFalse:
      return "FALSE";
    case Truth::kUnknown:
      return "UNKNOWN";
    case Truth::kTrue:
      return "TRUE";
    case Truth::kNotApplicable:
      return "NOT_APPLICABLE";
  }
  TP_CHECK(false, "an unknown truth value");
}

absl::StatusOr<Truth> ParseTruth(std::string_view name) {
  for (const Truth value : kAll) {
    if (TruthName(value) == name) {
      return value;
    }
  }
  return absl::InvalidArgumentError("not one of FALSE, UNKNOWN, TRUE, NOT_APPLICABLE");
}

}  // namespace trigpoint
