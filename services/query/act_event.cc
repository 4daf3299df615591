#include "services/query/act_event.h"

#include "trigpoint/events/times.h"

namespace trigpoint {

v1::Event EventOfAct(const ActIdentity& act, int64_t now_us) {
  v1::Event event;
  event.set_source(std::string(act.source));
  event.set_id(act.id);
  event.set_source_version(1);
  event.set_stream_id(act.stream_id);
  SetMicros(now_us, event.mutable_occurred_at());
  SetMicros(now_us, event.mutable_received_at());
  return event;
}

}  // namespace trigpoint
