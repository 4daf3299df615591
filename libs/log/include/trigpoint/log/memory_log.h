#pragma once

#include <cstdint>
#include <memory>

#include "trigpoint/log/event_log.h"

namespace trigpoint {

/// A log in memory, for tests and simulation. It appends and calls back on the caller's thread,
/// before Append returns, so a single-threaded run is deterministic. Nothing bounds its size.
/// `partitions` must be at least 1.
std::unique_ptr<EventLog> NewMemoryLog(uint32_t partitions);

}  // namespace trigpoint
