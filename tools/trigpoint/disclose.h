#pragma once

#include "session.h"

namespace trigpoint {

/// Adds `disclose`, of the commands about personal data.
void AddDiscloseCommand(CLI::App& app, Session& session);

}  // namespace trigpoint
