#pragma once

#include <cstdint>

#include "google/protobuf/timestamp.pb.h"
#include "trigpoint/base/time.h"
#include "trigpoint/v1/events.pb.h"

namespace trigpoint {

/// Gives microseconds since 1970-01-01T00:00:00Z; what is finer than a microsecond is cut off.
/// A timestamp outside the years 1 to 9999 gives the nearest instant inside them.
int64_t ToMicros(const google::protobuf::Timestamp& timestamp);

/// Sets a timestamp to microseconds since 1970-01-01T00:00:00Z; `micros` may be negative.
void SetMicros(int64_t micros, google::protobuf::Timestamp* timestamp);

/// Gives the instant that windows and rates use, in microseconds since 1970: occurred_at, else
/// reported_at, else received_at, else 0.
int64_t OccurredMicros(const v1::Event& event);

/// v1::Date to a civil date.
inline CivilDate ToCivil(const v1::Date& date) {
  return CivilDate{date.year(), date.month(), date.day()};
}

}  // namespace trigpoint
