#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "services/query/retention_rules.h"

namespace YAML {
class Node;
}

namespace trigpoint {

/// Reads the list behind `retention`. Strict: an unknown or repeated key, a subject that there is
/// not, and two rules for one subject are errors.
/// Errors: InvalidArgument, naming file, line, key and rule.
absl::Status ReadRetention(const YAML::Node& list, const std::string& file,
                           std::vector<RetentionRule>* rules);

/// The part of the default configuration that explains it, as comments.
std::string DefaultRetentionYaml();

}  // namespace trigpoint
