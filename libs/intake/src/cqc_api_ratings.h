#pragma once

#include <string>
#include <vector>

#include "cqc_events.h"
#include "json_fields.h"
#include "trigpoint/intake/cqc_api_adapter.h"

namespace trigpoint {

/// Who a document is about, as far as its ratings need it.
struct RatedSubject {
  std::string id;
  std::optional<CivilDate> registered_on;
};

/// Gathers what a document says of ratings, in whichever of its three shapes, by report and oldest
/// first. What cannot be read is noted in the fields. Counts what is left out and what is no
/// rating.
std::vector<CqcReport> ReportsOf(const JsonFields& document, const RatedSubject& subject,
                                 CqcApiCounts* counts);

}  // namespace trigpoint
