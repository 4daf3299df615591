#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/node/roles.h"
#include "services/notify/webhook_config.h"
#include "services/partners/partner_config.h"
#include "services/query/retention_rules.h"

namespace trigpoint {

/// How a node runs. Every field is a key of the configuration file (with "_") and, but for the
/// lists, a flag (with "-") and a variable of the environment (TRIGPOINT_NODE_ and the key in
/// capitals).
struct NodeConfig {
  std::string data = "./trigpoint-data";
  std::string listen = "127.0.0.1:7447";
  std::string proxy_listen;  ///< "unix:/path" of the proxy's own socket; empty: there is no proxy.
  std::string metrics_listen = "127.0.0.1:9464";  ///< Empty: no metrics endpoint.
  bool metrics_exposed = false;                   ///< It may be reached from other machines.
  std::string policies;                           ///< Directory of policy packs.
  std::string principals;  ///< File; empty: one local operator, loopback only.
  std::string tls_cert;
  std::string tls_key;
  std::string tls_client_ca;
  uint32_t partitions = 16;
  std::string seed;  ///< Directory of a seed to begin with; empty: the log is folded.
  Roles roles = {.ingest = true, .projector = true, .query = true, .notify = true, .keys = true};
  std::string log = "embedded";  ///< embedded or kafka.
  std::string member;            ///< Of Kafka: name of this process, its own and kept.
  std::string kafka_brokers;     ///< "host:port,host:port".
  std::string kafka_topic = "trigpoint.log";
  std::string kafka_tls_ca;  ///< Empty, as the other two: plain text.
  std::string kafka_tls_cert;
  std::string kafka_tls_key;
  bool kafka_single_broker = false;
  bool kafka_create_topic = false;
  std::string keys_server;  ///< Address of the process with the role `keys`; empty: this one.
  std::string keys_listen;  ///< Where the role `keys` answers other processes; empty: nowhere.
  std::string keys_tls_ca;  ///< Authority of the other side's certificate, on both sides.
  std::string keys_tls_cert;
  std::string keys_tls_key;
  std::string keys_clients;      ///< Names in certificates that may ask for keys, commas between.
  std::string keys_secret_file;  ///< Shared by processes of one machine, without TLS.
  int64_t deadline_grace_seconds = 60;
  int64_t keepalive_seconds = 60;
  std::string log_level = "info";         ///< debug, info, warning or error.
  std::string log_format = "json";        ///< json or text.
  std::string vault_directory = "vault";  ///< Below `data`, or absolute; empty: there is no vault.
  std::vector<WebhookConfig> webhooks;
  std::vector<PartnerTopic> partner_topics;
  std::string alerts_topic;         ///< Of Kafka, where alerts are told; empty: none.
  std::string alerts_organisation;  ///< Who reads that topic; empty: the operator.
  std::vector<RetentionRule> retention;
};

/// What the command line asks for.
struct NodeCommand {
  enum class Action : uint8_t { kServe, kPrintDefaultConfig, kPrintConfig, kCheckConfig, kExit };
  Action action = Action::kServe;
  int exit_code = 0;  ///< Of kExit: --help, or a mistake that was already reported.
  NodeConfig config;
  std::map<std::string, std::string> origins;  ///< Of every key: flag, environment, file, default.
};

/// Reads the command line, the environment and the file that either names: a flag wins over the
/// environment, that over the file, that over the default. A variable that is set to nothing sets
/// the key to nothing. Errors: InvalidArgument, NotFound.
absl::StatusOr<NodeCommand> ReadCommand(int argc, char** argv);

/// Reads a configuration. Strict: an unknown or repeated key is an error that names it and its
/// line. Gives the keys that it sets.
absl::StatusOr<std::set<std::string>> ApplyConfigYaml(const std::string& text,
                                                      const std::string& file, NodeConfig* config);

/// Checks what can be known without starting anything.
absl::Status CheckConfig(const NodeConfig& config);

/// The default configuration as a commented YAML file.
std::string DefaultConfigYaml();

/// The configuration that holds, as YAML, each key with its origin. No key holds a secret, for they
/// name files; of a webhook, whose address may, only the name is shown.
std::string EffectiveConfigYaml(const NodeCommand& command);

}  // namespace trigpoint
