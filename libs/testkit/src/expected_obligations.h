#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "absl/status/status.h"
#include "expectations.h"
#include "trigpoint/v1/obligations.pb.h"

namespace trigpoint {

/// Compares `obligations: {RULE: {due: DATE, status: open, ...}}`; a list where a rule has several,
/// in order of due date, and [] where it has none. Rules that are not named are not looked at.
/// Errors: an expectation that cannot be understood.
absl::Status CheckObligations(const nlohmann::json& expected,
                              const std::vector<v1::Obligation>& actual,
                              std::vector<Check>* checks);

}  // namespace trigpoint
