#pragma once

#include "session.h"

namespace trigpoint {

/// Adds `inherit` and `siblings`; like those of session.h.
void AddHeritageCommands(CLI::App& app, Session& session);

}  // namespace trigpoint
