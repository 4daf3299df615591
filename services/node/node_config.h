#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/notify/webhook_config.h"

namespace trigpoint {

/// How a node runs. Every field is a key of the configuration file (with "_") and, but for
/// `webhooks`, a flag (with "-").
struct NodeConfig {
  std::string data = "./trigpoint-data";
  std::string listen = "127.0.0.1:7447";
  std::string metrics_listen = "127.0.0.1:9464";  ///< Empty: no metrics endpoint.
  std::string policies;                           ///< Directory of policy packs.
  std::string principals;  ///< File; empty: one local operator, loopback only.
  std::string tls_cert;
  std::string tls_key;
  std::string tls_client_ca;
  uint32_t partitions = 16;
  int64_t deadline_grace_seconds = 60;
  std::string log_level = "info";   ///< debug, info, warning or error.
  std::string log_format = "json";  ///< json or text.
  std::vector<WebhookConfig> webhooks;
};

/// What the command line asks for.
struct NodeCommand {
  enum class Action : uint8_t { kServe, kPrintDefaultConfig, kCheckConfig, kExit };
  Action action = Action::kServe;
  int exit_code = 0;  ///< Of kExit: --help, or a mistake that was already reported.
  NodeConfig config;
};

/// Reads the command line and the file it names; a flag wins over the file. Errors:
/// InvalidArgument, NotFound.
absl::StatusOr<NodeCommand> ReadCommand(int argc, char** argv);

/// Reads a configuration. Strict: an unknown or repeated key is an error that names it and its
/// line.
absl::Status ApplyConfigYaml(const std::string& text, const std::string& file, NodeConfig* config);

/// Checks what can be known without starting anything.
absl::Status CheckConfig(const NodeConfig& config);

/// The default configuration as a commented YAML file.
std::string DefaultConfigYaml();

}  // namespace trigpoint
