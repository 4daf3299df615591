#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "trigpoint/engine/offline.h"
#include "trigpoint/testkit/scenario.h"

namespace trigpoint {

/// One expectation against what there is, in words.
struct Check {
  std::string what;
  std::string expected;
  std::string actual;
  bool holds = false;
};

/// Whether `then` may name `key`; `inner` for the keys below it ("alert", "decision").
bool IsThenKey(const std::string& key);

/// Compares everything that `then` names. Errors: an expectation that cannot be understood.
absl::StatusOr<std::vector<Check>> CheckAll(const ScenarioThen& then, const Scenario& scenario,
                                            const OfflineAssessment& actual);

}  // namespace trigpoint
