#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "absl/status/statusor.h"

/// Logic for criteria that may lack data (domain.md 3.1) or may not concern a provider at all
/// (domain.md 3.10, ruling 1). UNKNOWN never turns into FALSE by itself.
namespace trigpoint {

/// A truth value of a criterion.
enum class Truth : uint8_t {
  kFalse,
  kUnknown,
  kTrue,
  kNotApplicable,
};

/// Kleene conjunction; kNotApplicable is neutral.
Truth And(Truth a, Truth b);

/// Kleene disjunction; kNotApplicable is neutral.
Truth Or(Truth a, Truth b);

/// Kleene negation; kUnknown and kNotApplicable stay what they are.
Truth Not(Truth a);

/// Conjunction of all; kNotApplicable when there is nothing but that, or nothing at all.
Truth AllOf(std::span<const Truth> values);

/// Disjunction of all; kNotApplicable when there is nothing but that, or nothing at all.
Truth AnyOf(std::span<const Truth> values);

/// Gives "FALSE", "UNKNOWN", "TRUE" or "NOT_APPLICABLE".
std::string_view TruthName(Truth value);

/// Reads the names that TruthName gives. Errors: InvalidArgument for any other text.
absl::StatusOr<Truth> ParseTruth(std::string_view name);

}  // namespace trigpoint
