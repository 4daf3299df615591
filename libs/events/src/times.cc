#include "trigpoint/events/times.h"

#include <algorithm>

#include "trigpoint/base/time.h"

namespace trigpoint {
namespace {

constexpr int64_t kFirstSecond = -62'135'596'800;  // 0001-01-01T00:00:00Z
constexpr int64_t kLastSecond = 253'402'300'799;   // 9999-12-31T23:59:59Z
constexpr int32_t kNanosPerMicro = 1'000;
constexpr int32_t kLastNano = 999'999'999;

}  // namespace

int64_t ToMicros(const google::protobuf::Timestamp& timestamp) {
  const int64_t seconds = std::clamp<int64_t>(timestamp.seconds(), kFirstSecond, kLastSecond);
  const int32_t nanos = std::clamp<int32_t>(timestamp.nanos(), 0, kLastNano);
  return seconds * kMicrosPerSecond + nanos / kNanosPerMicro;
}

void SetMicros(int64_t micros, google::protobuf::Timestamp* timestamp) {
  int64_t seconds = micros / kMicrosPerSecond;
  int64_t rest = micros % kMicrosPerSecond;
  if (rest < 0) {
    rest += kMicrosPerSecond;
    --seconds;
  }
  timestamp->set_seconds(seconds);
  timestamp->set_nanos(static_cast<int32_t>(rest) * kNanosPerMicro);
}

int64_t OccurredMicros(const v1::Event& event) {
  if (event.has_occurred_at()) return ToMicros(event.occurred_at());
  if (event.has_reported_at()) return ToMicros(event.reported_at());
  return event.has_received_at() ? ToMicros(event.received_at()) : 0;
}

}  // namespace trigpoint
