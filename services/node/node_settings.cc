#include "services/node/node_settings.h"

#include <cstdint>
#include <utility>

#include "services/node/roles.h"

namespace trigpoint {
namespace {

Setting Text(std::string key, std::string help, std::string NodeConfig::*member) {
  return {std::move(key), std::move(help),
          [member](const std::string& text, NodeConfig* config) {
            config->*member = text;
            return true;
          },
          [member](const NodeConfig& config) { return config.*member; }};
}

template <typename Number>
Setting Whole(std::string key, std::string help, Number NodeConfig::*member, int64_t min,
              int64_t max) {
  return {std::move(key), std::move(help),
          [member, min, max](const std::string& text, NodeConfig* config) {
            if (text.empty() || text.size() > 9 ||
                text.find_first_not_of("0123456789") != std::string::npos) {
              return false;
            }
            const int64_t value = std::stoll(text);
            config->*member = static_cast<Number>(value);
            return value >= min && value <= max;
          },
          [member](const NodeConfig& config) { return std::to_string(config.*member); }};
}

Setting YesOrNo(std::string key, std::string help, bool NodeConfig::*member) {
  return {std::move(key), std::move(help),
          [member](const std::string& text, NodeConfig* config) {
            config->*member = text == "true";
            return text == "true" || text == "false";
          },
          [member](const NodeConfig& config) { return config.*member ? "true" : "false"; }};
}

Setting RolesOf(std::string key, std::string help) {
  return {std::move(key), std::move(help),
          [](const std::string& text, NodeConfig* config) {
            const auto roles = ParseRoles(text);
            if (roles.ok()) config->roles = *roles;
            return roles.ok();
          },
          [](const NodeConfig& config) { return config.roles.Text(); }};
}

}  // namespace

const std::vector<Setting>& Settings() {
  static const auto* settings = new std::vector<Setting>{
      Text("data", "directory of everything the node stores", &NodeConfig::data),
      Text("listen", "address of the API", &NodeConfig::listen),
      Text("proxy_listen",
           "socket on which a proxy names the callers that it verified, unix:/path; empty: none",
           &NodeConfig::proxy_listen),
      Text("metrics_listen", "address of /metrics; empty: none", &NodeConfig::metrics_listen),
      YesOrNo(
          "metrics_exposed",
          "true or false; true lets metrics_listen be reached from other machines, in the clear "
          "and by anyone",
          &NodeConfig::metrics_exposed),
      Text("policies", "directory of policy packs", &NodeConfig::policies),
      Text("principals", "file of who may call; empty: one local operator, on loopback only",
           &NodeConfig::principals),
      Text("tls_cert", "certificate chain (PEM)", &NodeConfig::tls_cert),
      Text("tls_key", "private key (PEM)", &NodeConfig::tls_key),
      Text("tls_client_ca", "authority of client certificates (PEM)", &NodeConfig::tls_client_ca),
      Whole("partitions", "partitions of the log, 1 to 1024; fixed when the data directory is made",
            &NodeConfig::partitions, 1, 1024),
      Text("seed",
           "directory of a seed that another process on this log made, to begin with where data "
           "holds "
           "no store of this version; empty: the log is folded",
           &NodeConfig::seed),
      RolesOf("roles",
              "what this process does: all, or some of ingest, projector, query, notify, keys with "
              "commas between them; less than all needs log: kafka"),
      Text("log", "where events are kept: embedded (in data, one process) or kafka",
           &NodeConfig::log),
      Text("member", "name of this process among those on one Kafka log; its own, and kept",
           &NodeConfig::member),
      Text("kafka_brokers", "some of Kafka's brokers: host:port,host:port",
           &NodeConfig::kafka_brokers),
      Text("kafka_topic", "topic of the log, of nothing else", &NodeConfig::kafka_topic),
      Text("kafka_tls_ca", "authority of the brokers' certificates (PEM); empty: plain text",
           &NodeConfig::kafka_tls_ca),
      Text("kafka_tls_cert", "certificate that is shown to brokers (PEM)",
           &NodeConfig::kafka_tls_cert),
      Text("kafka_tls_key", "its private key (PEM)", &NodeConfig::kafka_tls_key),
      YesOrNo("kafka_single_broker",
              "true or false; true takes a topic that one disk holds, and is lost with it",
              &NodeConfig::kafka_single_broker),
      YesOrNo("kafka_create_topic", "true or false; true creates the topic where there is none",
              &NodeConfig::kafka_create_topic),
      Text("alerts_topic", "topic of Kafka to which alerts are written; empty: none",
           &NodeConfig::alerts_topic),
      Text("alerts_organisation",
           "organisation that reads alerts_topic, as principals name it; empty: the operator",
           &NodeConfig::alerts_organisation),
      Text("keys_server", "address of the process with the role keys; empty: this one",
           &NodeConfig::keys_server),
      Text("keys_listen", "where the role keys answers other processes; empty: nowhere",
           &NodeConfig::keys_listen),
      Text("keys_tls_ca", "authority of certificates between processes and the keys (PEM)",
           &NodeConfig::keys_tls_ca),
      Text("keys_tls_cert", "certificate of this process towards them (PEM)",
           &NodeConfig::keys_tls_cert),
      Text("keys_tls_key", "its private key (PEM)", &NodeConfig::keys_tls_key),
      Text("keys_clients", "names in certificates that may ask for keys, with commas between them",
           &NodeConfig::keys_clients),
      Text("keys_secret_file",
           "secret of the processes of one machine towards the keys, made when absent; without TLS",
           &NodeConfig::keys_secret_file),
      Whole("deadline_grace_seconds",
            "how long after a deadline the clock says that it passed, 0 to 86400",
            &NodeConfig::deadline_grace_seconds, 0, 86'400),
      Whole("keepalive_seconds",
            "silence after which a connection is asked whether its client is there, 1 to 86400",
            &NodeConfig::keepalive_seconds, 1, 86'400),
      Text("vault_directory",
           "identities of protected sources, below data unless absolute; empty: they are refused",
           &NodeConfig::vault_directory),
      Text("log_level", "debug, info, warning or error", &NodeConfig::log_level),
      Text("log_format", "json or text", &NodeConfig::log_format),
  };
  return *settings;
}

}  // namespace trigpoint
