#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "trigpoint/v1/events.pb.h"

namespace trigpoint {

/// Which event an act becomes. Three texts that are easily taken for one another have names.
struct ActIdentity {
  std::string_view source{};  ///< Says which service took it.
  std::string id{};
  std::string stream_id{};
};

/// The event of what somebody did through this API, still without its payload: it happened and was
/// received now.
v1::Event EventOfAct(const ActIdentity& act, int64_t now_us);

}  // namespace trigpoint
