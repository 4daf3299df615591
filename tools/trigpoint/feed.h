#pragma once

#include "session.h"

namespace trigpoint {

/// Adds `feed`: what is done with the sources of reports beside importing their files.
void AddFeedCommands(CLI::App& app, Session& session);
/// Adds `feed lint`, which needs no server.
void AddFeedLint(CLI::App& feed, Session& session);

}  // namespace trigpoint
