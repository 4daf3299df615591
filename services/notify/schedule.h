#pragma once

#include "trigpoint/base/time.h"

namespace trigpoint {

/// The instant at which it is so many minutes after midnight on London's clocks on that day. A time
/// that the day has twice (the last Sunday of October) is the first of the two; one that it does
/// not have (the last Sunday of March) is an hour later on the clocks.
Micros DigestInstant(CivilDate day, int minute_of_day);

/// The last such instant at or before `now`, and the first after it: one on each day.
Micros LastDigestInstant(Micros now, int minute_of_day);
Micros NextDigestInstant(Micros now, int minute_of_day);

/// Whether a digest is due when the last one was for `last` (0: there was none, so one is due).
/// After days without a node one is due, not one for each; `last` more than a day ahead of `now`
/// means that the clock was wrong, and does not silence the heartbeat.
bool IsDigestDue(Micros now, Micros last, int minute_of_day);

}  // namespace trigpoint
