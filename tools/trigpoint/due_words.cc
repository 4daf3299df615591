#include "due_words.h"

#include <cstdint>

#include "arguments.h"
#include "print.h"

namespace trigpoint {
namespace {

/// "1 day", "2 hours"; at least one.
std::string Span(int64_t count, std::string_view unit) {
  return Count(static_cast<uint64_t>(count < 1 ? 1 : count), unit);
}

}  // namespace

std::string DueInWords(const v1::Obligation& owed, Micros now) {
  switch (owed.status()) {
    case v1::Obligation::STATUS_PAUSED:
      return "clock stopped";
    case v1::Obligation::STATUS_DISCHARGED:
      return "done";
    case v1::Obligation::STATUS_DISCHARGED_LATE:
      return "done late";
    case v1::Obligation::STATUS_LAPSED:
      return "lapsed";
    default:
      break;
  }
  if (!owed.has_due_at()) return "no date";
  const Micros due = FromTimestamp(owed.due_at());
  const int64_t days = DaysFromCivil(LondonDate(due)) - DaysFromCivil(LondonDate(now));
  const bool at_the_end_of_the_day = due == LondonEndOfDay(LondonDate(due));
  if (owed.status() == v1::Obligation::STATUS_OVERDUE) {
    return (days == 0 ? Span((now - due) / kMicrosPerHour, "hour") : Span(-days, "day")) +
           " overdue";
  }
  if (days > 0) return "in " + Span(days, "day");
  return at_the_end_of_the_day ? "today" : "in " + Span((due - now) / kMicrosPerHour, "hour");
}

}  // namespace trigpoint
