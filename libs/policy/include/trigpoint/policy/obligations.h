#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "trigpoint/base/working_days.h"
#include "trigpoint/policy/measure.h"
#include "trigpoint/policy/pack.h"
#include "trigpoint/v1/obligations.pb.h"

namespace trigpoint {

/// Which days were working days by what was in force at an instant (microseconds UTC); never null.
using CalendarAt = std::function<std::shared_ptr<const WorkingCalendar>(int64_t at_us)>;

/// What is owed about one service by one policy, and by when (design 2 "obligations"; domain 3.7).
/// None where the policy is not known to apply. Ordered by due time (those without one last), rule,
/// start and recipient. Pure: same input, same bytes.
///
/// Start. Each fact of a starting kind starts its own. A criterion that holds starts one with the
/// newest event that it rests on; when it falls nothing is owed any more, and none is listed. A
/// state starts one when it was entered, for as long as it is decided. A recurring one starts anew
/// at each discharge; the first with the last discharge before the service was registered here and
/// the policy in force, else with its registration becoming known, or with the policy coming into
/// force (policy_since_us) where that was later; beside `state` or `criterion` it starts with that,
/// and goes on while that holds.
///
/// End. A fact that names the starting event, or an event that the starting event names (a draft
/// and its return name the same visit), ends that one alone. A fact that names no starting event
/// ends the one that started latest on or before its day and is still open: what was missed before
/// stays to be seen. One for each organisation is ended by facts that name it.
///
/// In time. An obligation is kept iff what discharged it was known (known_at) by its due time,
/// whenever it was done: discharged_at is when it was known. What is closed is judged by the
/// calendar in force when that became known, so a holiday proclaimed later moves open deadlines
/// only. A corrected fact is known when its correction was: the state keeps no earlier version.
///
/// Clock. Day 0 is excluded; days end at 23:59:59 Europe/London; months are clipped; hours are
/// exact. While it is paused there is no due time; each pause moves the due time by the days
/// (working days of WD, else calendar days) or hours that it lasted.
std::vector<v1::Obligation> ObligationsOf(const CompiledPack& pack, const MeasureContext& context,
                                          const CalendarAt& calendar_at);

/// The same by one calendar, for whoever has no other.
std::vector<v1::Obligation> ObligationsOf(const CompiledPack& pack, const MeasureContext& context,
                                          const WorkingCalendar& calendar);

}  // namespace trigpoint
