#pragma once

#include "trigpoint/v1/events.pb.h"
#include "trigpoint/v1/options.pb.h"

namespace trigpoint {

/// Removes every SealableText, clear or sealed, at any depth. What is left answers every rule, so
/// the folded state keeps no personal text and erasure changes no assessment.
void StripNarratives(v1::Event* event);

/// Hides from an event what a reader with this clearance may not see (domain.md 2.2; design 8).
///  - Content of C4 and C5 is hidden from everybody, and any content above the clearance: the
///  payload
///    keeps its kind and loses its fields. That the event exists, when, about whom and how
///    sensitive it is stays visible. An unspecified clearance is C0.
///  - Of C5 (a protected source) also source, id, incident key, organisations, themes and the time
///    of day go: times are cut to the day (UTC).
///  - Personal text needs a clearance of C3 and is removed below it.
///  - Of what was carried from a predecessor the records hidden by these rules are left out.
/// What stays sealed is not opened.
void RedactFor(v1::Event* event, v1::Sensitivity clearance);

}  // namespace trigpoint
