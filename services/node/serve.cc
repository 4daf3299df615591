#include <pthread.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

#include "services/node/service_manager.h"
#include "services/node/wiring.h"
#include "trigpoint/telemetry/logging.h"

namespace trigpoint {

int Serve(const NodeConfig& config) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  // Its lines are no structured logs; set the variable to see them. No other thread runs yet.
  setenv("GRPC_VERBOSITY", "NONE", 0);  // NOLINT(concurrency-mt-unsafe)
  const LogLevel level = config.log_level == "debug"     ? LogLevel::kDebug
                         : config.log_level == "warning" ? LogLevel::kWarning
                         : config.log_level == "error"   ? LogLevel::kError
                                                         : LogLevel::kInfo;
  InitLogging(level, config.log_format == "text" ? LogFormat::kText : LogFormat::kJson);
  auto node = RunningNode::Start(config);
  if (!node.ok()) {
    std::fprintf(stderr, "trigpoint-node: %s\n", std::string(node.status().message()).c_str());
    return 1;
  }
  ServiceManager manager;
  manager.Ready();
  int exit_code = 0;
  const timespec period{.tv_sec = 0, .tv_nsec = 250'000'000};
  while (true) {
    const int signal = sigtimedwait(&signals, nullptr, &period);
    if (signal == SIGTERM || signal == SIGINT) break;
    if (signal == SIGHUP) (*node)->ReloadPolicies();
    (*node)->Refresh();
    manager.Alive();
    const absl::Status health = (*node)->Health();
    if (health.ok() || (*node)->MayHeal(health)) continue;
    Log(LogLevel::kError, "node_failed", {{"code", static_cast<int>(health.code())}});
    std::fprintf(stderr, "trigpoint-node: %s\n", std::string(health.message()).c_str());
    exit_code = 1;
    break;
  }
  manager.Stopping();
  Log(LogLevel::kInfo, "node_draining");
  const absl::Status stopped = (*node)->Stop();
  if (!stopped.ok())
    std::fprintf(stderr, "trigpoint-node: %s\n", std::string(stopped.message()).c_str());
  Log(LogLevel::kInfo, "node_stopped", {{"ok", stopped.ok()}});
  return stopped.ok() ? exit_code : 1;
}

}  // namespace trigpoint
