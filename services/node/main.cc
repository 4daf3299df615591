// trigpoint-node: everything in one process on one directory.
#include <cstdio>
#include <exception>
#include <string>

#include "absl/synchronization/mutex.h"
#include "services/node/node_config.h"
#include "services/node/wiring.h"

namespace {

int Fail(const std::string& text) {
  std::fprintf(stderr, "trigpoint-node: %s\n", text.c_str());
  return 1;
}

int Run(int argc, char** argv) {
  const auto command = trigpoint::ReadCommand(argc, argv);
  if (!command.ok()) return Fail(std::string(command.status().message()));
  using Action = trigpoint::NodeCommand::Action;
  if (command->action == Action::kExit) return command->exit_code;
  if (command->action == Action::kPrintDefaultConfig) {
    std::fputs(trigpoint::DefaultConfigYaml().c_str(), stdout);
    return 0;
  }
  if (command->action == Action::kPrintConfig) {
    std::fputs(trigpoint::EffectiveConfigYaml(*command).c_str(), stdout);
    return 0;
  }
  const absl::Status checked = trigpoint::CheckConfig(command->config);
  if (!checked.ok()) return Fail(std::string(checked.message()));
  if (command->action == Action::kCheckConfig) {
    std::puts("the configuration is valid");
    return 0;
  }
  // Debian's abseil looks for cycles of locks at each of them. The tests have it on; here it only
  // costs.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  return trigpoint::Serve(command->config);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return Run(argc, argv);
  } catch (const std::exception& e) {
    return Fail(e.what());
  }
}
