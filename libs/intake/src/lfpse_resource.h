#pragma once

#include <string>
#include <vector>

#include "json_fields.h"
#include "trigpoint/intake/lfpse_fhir_adapter.h"
#include "trigpoint/v1/events.pb.h"

namespace trigpoint {

/// Makes the event of one AdverseEvent resource; nothing for a kind that is no incident and for a
/// reporter who does not want the data shared. What cannot be read is noted in the problems of
/// `resource`; the event is of use only where there is none. Adds to `counts` all but refusals.
std::optional<v1::Event> EventOfLfpse(const JsonFields& resource, LfpseFhirCounts* counts);

}  // namespace trigpoint
