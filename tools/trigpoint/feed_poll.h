#pragma once

#include "session.h"

namespace trigpoint {

/// Adds `poll` to `feed`: asks a register what changed, and takes it.
void AddFeedPollCommand(CLI::App& feed, Session& session);

}  // namespace trigpoint
