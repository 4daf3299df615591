#include "services/notify/schedule.h"

namespace trigpoint {

Micros DigestInstant(CivilDate day, int minute_of_day) {
  const Micros in_winter =
      DaysFromCivil(day) * kMicrosPerDay + Micros{minute_of_day} * kMicrosPerMinute;
  const Micros in_summer = in_winter - kMicrosPerHour;
  return LondonOffset(in_summer) == kMicrosPerHour ? in_summer : in_winter;
}

Micros LastDigestInstant(Micros now, int minute_of_day) {
  const CivilDate today = LondonDate(now);
  const Micros at = DigestInstant(today, minute_of_day);
  return at <= now ? at : DigestInstant(AddDays(today, -1), minute_of_day);
}

Micros NextDigestInstant(Micros now, int minute_of_day) {
  const CivilDate today = LondonDate(now);
  const Micros at = DigestInstant(today, minute_of_day);
  return at > now ? at : DigestInstant(AddDays(today, 1), minute_of_day);
}

bool IsDigestDue(Micros now, Micros last, int minute_of_day) {
  if (last == 0 || last > now + kMicrosPerDay) return true;
  return LastDigestInstant(now, minute_of_day) > last;
}

}  // namespace trigpoint
