#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "client.h"

namespace trigpoint {

/// How a policy would rate providers that it does not cover yet.
struct AssumedLevels {
  std::map<std::pair<std::string, std::string>, uint64_t> pairs;  ///< (floor, ceiling) → providers.
  uint64_t assessed = 0;
};

/// Assesses each provider (stream ids) under the policy as if it applied, a few calls at a time,
/// with progress on the error stream.
/// Errors: the first failed call's; `levels` then holds what was counted before.
grpc::Status AssumePolicy(const Client& client, const std::string& policy,
                          const std::set<std::string>& providers, AssumedLevels* levels);

/// Puts them on standard output, for people.
void PutAssumed(const std::string& policy, const AssumedLevels& levels);

}  // namespace trigpoint
