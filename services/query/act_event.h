#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "trigpoint/v1/events.pb.h"

namespace trigpoint {

/// The event of what somebody did through this API, still without its payload: it happened and was
/// received now. `source` says which service took it; with `id` it is the identity of the event.
v1::Event EventOfAct(std::string_view source, const std::string& id, const std::string& stream_id,
                     int64_t now_us);

}  // namespace trigpoint
