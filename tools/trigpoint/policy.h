#pragma once

#include "session.h"
#include "trigpoint/base/time.h"

namespace trigpoint {

/// Today in London, by the clock of this machine.
CivilDate Today();

/// Adds `policies`, the list, and `policy`, what is done with one: try it, put it in force.
void AddPolicyCommands(CLI::App& app, Session& session);
/// Adds `policy lint`, which needs no server.
void AddPolicyLint(CLI::App& policy, Session& session);
/// Adds `policy dry-run` and `policy activate`.
void AddPolicyChange(CLI::App& policy, Session& session);

}  // namespace trigpoint
