#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/common/protected_trace.h"
#include "trigpoint/engine/projector.h"

namespace trigpoint {

/// A service of which something was reported that nothing followed from.
struct UncorroboratedReports {
  std::string provider;
  std::string display_name;
  std::vector<v1::SubjectRef> ids;
  uint64_t reports = 0;
  std::set<v1::SourceFamily> families = {};
};

/// Concerns that became known in (from, to] about services of which no recommendation awaits a
/// decision and no alert is open: too little each to act on, and not to be lost. Most families
/// first, then most reports. Of protected sources nothing; nothing either of a service that is no
/// business of `organisation` (empty: all are), for a number of one tells of a person.
/// Errors: those of Projector::Read.
absl::StatusOr<std::vector<UncorroboratedReports>> GatherUncorroborated(
    const Projector& projector, int64_t from_us, int64_t to_us, const std::string& organisation,
    ProtectedTraces* traces);

}  // namespace trigpoint
