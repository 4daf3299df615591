#pragma once

#include <vector>

#include "trigpoint/base/time.h"

namespace trigpoint {

/// Says which days are working days: Monday to Friday without the given holidays.
/// Rule: domain.md 3.7. The sources say "10 working days" (S0) without a definition; the set for
/// England and Wales is the default, and a tenant may give its own. Immutable.
class WorkingCalendar {
 public:
  /// Takes the holidays in any order; duplicates and weekend days do no harm.
  explicit WorkingCalendar(std::vector<CivilDate> holidays);

  /// Tells whether a day is a working day.
  bool IsWorkingDay(CivilDate date) const;

  /// Gives the nth working day after `start`; day 0 is excluded, and `start` need not be a working
  /// day. A negative n counts back; 0 gives `start` itself.
  CivilDate AddWorkingDays(CivilDate start, int n) const;

  /// Counts the working days in (from, to]; 0 when `to` is not after `from`.
  int WorkingDaysBetween(CivilDate from, CivilDate to) const;

  /// Tells whether the year lies within the years that the holidays span. Outside it, only
  /// weekends are known, and a caller should show its dates as provisional.
  bool CoversYear(int year) const;

 private:
  std::vector<CivilDate> holidays_;  // Sorted, unique.
};

/// Gives the bank holidays of England and Wales, 2012 to 2028, in order of date.
const std::vector<CivilDate>& EnglandAndWalesHolidays();

}  // namespace trigpoint
