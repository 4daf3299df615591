#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "services/common/protected_trace.h"
#include "trigpoint/v1/state.pb.h"

namespace trigpoint {

/// A service of which something was reported that nothing followed from.
struct UncorroboratedReports {
  std::string provider;
  std::string display_name;
  std::vector<v1::SubjectRef> ids;
  uint64_t reports = 0;
  std::set<v1::SourceFamily> families = {};
};

/// Concerns that became known in (from, to] about a service of which no recommendation awaits a
/// decision and no alert is open: too little each to act on, and not to be lost. Of protected
/// sources nothing. Nothing: there are none.
std::optional<UncorroboratedReports> UncorroboratedOf(const v1::ProviderSummary& summary,
                                                      const v1::ProviderState& state,
                                                      const ProtectedTrace& trace, int64_t from_us,
                                                      int64_t to_us);

/// Most families first, then most reports.
bool TellsMore(const UncorroboratedReports& a, const UncorroboratedReports& b);

}  // namespace trigpoint
