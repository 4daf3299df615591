#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "trigpoint/v1/policy.pb.h"

namespace trigpoint {

/// Reads a pack from YAML. Strict: a key that v1::PolicyPack does not have is an error that names
/// it.
absl::StatusOr<v1::PolicyPack> PackFromYaml(std::string_view yaml);

/// Reads a pack file; the path stands in errors.
absl::StatusOr<v1::PolicyPack> ReadPackFile(const std::string& path);

/// Finds a pack by name ("herefordshire") in a directory of *.yaml, or by path.
absl::StatusOr<v1::PolicyPack> FindPack(const std::string& name_or_path,
                                        const std::string& directory);

/// Every *.yaml of a directory, sorted by file name. NOT_FOUND when there is none.
absl::StatusOr<std::vector<v1::PolicyPack>> ReadPackDirectory(const std::string& directory);

}  // namespace trigpoint
