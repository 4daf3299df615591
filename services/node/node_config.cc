#include "services/node/node_config.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <utility>
#include <vector>

#include "services/node/node_settings.h"
#include "services/node/retention_config.h"
#include "trigpoint/access/listen.h"
#include "trigpoint/base/status.h"
#include "trigpoint/base/yaml_text.h"
#include "yaml-cpp/yaml.h"

namespace trigpoint {
namespace {

/// The keys that are lists, and no flags.
constexpr char kWebhooks[] = "webhooks";
constexpr char kRetention[] = "retention";
constexpr char kPartnerTopics[] = "partner_topics";

/// Of a member: it stands in names of Kafka.
bool IsPlainName(const std::string& name) {
  return name.size() <= 100 && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
         });
}

std::string FlagOf(const std::string& key) {
  std::string flag = "--" + key;
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

constexpr char kEnvironmentPrefix[] = "TRIGPOINT_NODE_";

std::string VariableOf(const std::string& key) {
  std::string name = kEnvironmentPrefix;
  for (const char c : key) name.push_back(c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c);
  return name;
}

std::optional<std::string> FromEnvironment(const std::string& key) {
  // No other thread runs yet.
  const char* value = std::getenv(VariableOf(key).c_str());  // NOLINT(concurrency-mt-unsafe)
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

/// A misspelt variable would be passed over in silence. It is no error: an orchestrator sets some
/// of its own for a service of this name.
void WarnOfUnknownVariables() {
  std::set<std::string> known{VariableOf("config")};
  for (const auto& setting : Settings()) known.insert(VariableOf(setting.key));
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string variable(*entry);
    const std::string name = variable.substr(0, variable.find('='));
    if (!name.starts_with(kEnvironmentPrefix) || known.count(name) > 0) continue;
    std::fprintf(stderr, "trigpoint-node: %s names no key of the configuration\n", name.c_str());
  }
}

/// A value as YAML reads it back.
std::string Quoted(const std::string& value) {
  const bool plain = !value.empty() && value.find_first_not_of(
                                           "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                           "0123456789._/:-") == std::string::npos;
  if (plain) return value;
  std::string quoted = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') quoted.push_back('\\');
    quoted.push_back(c);
  }
  return quoted + '"';
}

absl::StatusOr<std::string> ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError("cannot read the configuration file " + path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Packs of the source tree or of an installation, seen from the program.
std::string DefaultPolicies() {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  for (const char* up : {"../../../deploy/policies", "../share/trigpoint/policies"}) {
    const auto path = (self.parent_path() / up).lexically_normal();
    if (std::filesystem::is_directory(path, error)) return path.string();
  }
  return (self.parent_path() / "../../../deploy/policies").lexically_normal().string();
}

}  // namespace

absl::StatusOr<std::set<std::string>> ApplyConfigYaml(const std::string& text,
                                                      const std::string& file, NodeConfig* config) {
  const auto wrong = [&file](int line, const std::string& what) {
    return absl::InvalidArgumentError(file + ":" + std::to_string(line + 1) + ": " + what);
  };
  if (const auto problem = FindYamlProblem(text); problem.has_value()) {
    return wrong(problem->line - 1, std::string(problem->what));
  }
  YAML::Node root;
  try {
    root = YAML::Load(text);
  } catch (const YAML::Exception& e) {
    return wrong(e.mark.line, "not YAML");
  }
  if (root.IsNull()) return std::set<std::string>();
  if (!root.IsMap()) return wrong(0, "a configuration is a list of `key: value`");
  std::set<std::string> seen;
  for (const auto& entry : root) {
    const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : std::string("?");
    const int line = entry.first.Mark().line;
    const auto setting =
        std::find_if(Settings().begin(), Settings().end(),
                     [&key](const Setting& candidate) { return candidate.key == key; });
    if (key == kWebhooks || key == kRetention || key == kPartnerTopics) {
      if (!seen.insert(key).second) return wrong(line, "`" + key + "` stands twice");
      TP_RETURN_IF_ERROR(key == kWebhooks ? ReadWebhooks(entry.second, file, &config->webhooks)
                         : key == kRetention
                             ? ReadRetention(entry.second, file, &config->retention)
                             : ReadPartnerTopics(entry.second, file, &config->partner_topics));
      continue;
    }
    if (setting == Settings().end())
      return wrong(line, "unknown key `" + key + "`; see --print-default-config");
    if (!seen.insert(key).second) return wrong(line, "`" + key + "` stands twice");
    const std::string value = entry.second.IsScalar() ? entry.second.Scalar() : std::string();
    if (!entry.second.IsNull() && !entry.second.IsScalar())
      return wrong(line, "`" + key + "` takes one value");
    if (!setting->set(value, config)) return wrong(line, "`" + key + "`: " + setting->help);
  }
  return seen;
}

namespace {

absl::Status CheckTogether(const std::string& name, const std::string& ca, const std::string& cert,
                           const std::string& key) {
  if (ca.empty() == cert.empty() && cert.empty() == key.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError("--" + name + "-tls-ca, -cert and -key belong together: give " +
                                    "all or none");
}

/// What goes together of the log, the roles and the keys.
absl::Status CheckCluster(const NodeConfig& config) {
  if (config.log != "embedded" && config.log != "kafka")
    return absl::InvalidArgumentError("--log is embedded or kafka");
  TP_RETURN_IF_ERROR(
      CheckTogether("kafka", config.kafka_tls_ca, config.kafka_tls_cert, config.kafka_tls_key));
  TP_RETURN_IF_ERROR(
      CheckTogether("keys", config.keys_tls_ca, config.keys_tls_cert, config.keys_tls_key));
  if (!config.partner_topics.empty() && (config.kafka_brokers.empty() || !config.roles.ingest))
    return absl::InvalidArgumentError("partner_topics need --kafka-brokers and the role ingest");
  if (!config.alerts_topic.empty() &&
      (config.kafka_brokers.empty() || !config.roles.notify || !IsTopicName(config.alerts_topic))) {
    return absl::InvalidArgumentError(
        "--alerts-topic is the name of a topic, and needs --kafka-brokers and the role notify");
  }
  if (!config.webhooks.empty() && !config.roles.notify)
    return absl::InvalidArgumentError("webhooks are for the process with the role notify");
  if (config.log == "embedded") {
    if (!config.roles.All()) {
      return absl::InvalidArgumentError(
          "--roles: one process does everything on the embedded log; less needs --log kafka");
    }
    if (!config.keys_server.empty() || !config.keys_listen.empty())
      return absl::InvalidArgumentError(
          "--keys-server and --keys-listen are for processes that share a log: --log kafka");
    return absl::OkStatus();
  }
  if (config.kafka_brokers.empty())
    return absl::InvalidArgumentError("--log kafka needs --kafka-brokers");
  if (config.member.empty() || !IsPlainName(config.member)) {
    return absl::InvalidArgumentError(
        "--log kafka needs --member: letters, digits, '.', '_' and '-', another for each process");
  }
  if (config.roles.keys != config.keys_server.empty()) {
    return absl::InvalidArgumentError(
        "--keys-server names the process with the role keys: every process has one or the other");
  }
  return absl::OkStatus();
}

/// Whoever may write to the proxy's socket may be anybody: it is a file with permissions.
absl::Status CheckProxy(const NodeConfig& config) {
  if (config.proxy_listen.empty()) return absl::OkStatus();
  if (!config.proxy_listen.starts_with("unix:/"))
    return absl::InvalidArgumentError("--proxy-listen is a unix socket: unix:/path, never a port");
  if (config.principals.empty())
    return absl::InvalidArgumentError("--proxy-listen needs --principals: who has which name");
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckConfig(const NodeConfig& config) {
  TP_RETURN_IF_ERROR(CheckCluster(config));
  const bool has_tls = !config.tls_cert.empty();
  if (has_tls != !config.tls_key.empty()) {
    return absl::InvalidArgumentError(
        "--tls-cert and --tls-key belong together: give both or none");
  }
  if (!config.tls_client_ca.empty() && !has_tls) {
    return absl::InvalidArgumentError("--tls-client-ca needs --tls-cert and --tls-key");
  }
  TP_RETURN_IF_ERROR(CheckListen(config.listen, has_tls, !config.principals.empty()));
  TP_RETURN_IF_ERROR(CheckProxy(config));
  if (!config.metrics_listen.empty()) {
    // The endpoint knows neither TLS nor principals: it stays on this machine, unless whoever runs
    // the node says that its network keeps others away.
    const absl::Status local =
        CheckListen(config.metrics_listen, config.metrics_exposed, config.metrics_exposed);
    if (!local.ok()) return Annotate(local, "--metrics-listen");
  }
  if (config.log_level != "debug" && config.log_level != "info" && config.log_level != "warning" &&
      config.log_level != "error") {
    return absl::InvalidArgumentError("--log-level is debug, info, warning or error");
  }
  if (config.log_format != "json" && config.log_format != "text") {
    return absl::InvalidArgumentError("--log-format is json or text");
  }
  std::error_code error;
  if (!std::filesystem::is_directory(config.policies, error)) {
    return absl::NotFoundError("no directory of policy packs at " + config.policies +
                               "; name it with --policies");
  }
  return CheckWebhooks(config.webhooks);
}

std::string DefaultConfigYaml() {
  const NodeConfig config;
  std::string text =
      "# Every key may be left out. A flag wins over the environment, that over this file.\n";
  for (const auto& setting : Settings()) {
    text +=
        "# " + setting.help + " (" + FlagOf(setting.key) + ", " + VariableOf(setting.key) + ")\n";
    // `policies` is found beside the program unless it is named.
    text += setting.key == "policies" ? "# policies:\n"
                                      : setting.key + ": " + Quoted(setting.get(config)) + "\n";
  }
  return text + DefaultWebhooksYaml() + DefaultPartnerTopicsYaml() + DefaultRetentionYaml();
}

std::string EffectiveConfigYaml(const NodeCommand& command) {
  std::string text;
  for (const auto& setting : Settings()) {
    text += setting.key + ": " + Quoted(setting.get(command.config)) + "  # " +
            command.origins.at(setting.key) + "\n";
  }
  for (const auto& webhook : command.config.webhooks)
    text += "# webhooks: " + webhook.name + "; its address is not shown\n";
  for (const auto& topic : command.config.partner_topics)
    text += "# partner_topics: " + topic.topic + ", of " + topic.partner + "\n";
  for (const auto& rule : command.config.retention)
    text += "# retention: " + rule.of + ", " + std::to_string(rule.years) + " years\n";
  return text;
}

namespace {

/// The command line as it was typed.
struct Typed {
  std::string file{};
  std::map<std::string, std::string> flags{};  ///< Of the keys that were given.
  bool print_default = false;
  bool print = false;
  bool check = false;
};

/// Gives the exit code where there is nothing more to do: --help, or a mistake, which is reported.
std::optional<int> Parse(int argc, char** argv, Typed* typed) {
  CLI::App app{"Trigpoint node: takes intelligence, assesses, recommends, alerts"};
  app.set_version_flag("--version", "trigpoint-node " TRIGPOINT_VERSION);
  app.add_option("--config", typed->file,
                 "configuration file (YAML) [" + VariableOf("config") + "]");
  app.add_flag("--print-default-config", typed->print_default,
               "print a configuration file with the defaults and end");
  app.add_flag("--print-config", typed->print,
               "print the configuration that holds, with the origin of each key, and end");
  app.add_flag("--check-config", typed->check, "check the configuration and end");
  std::map<std::string, std::string> values;
  std::map<std::string, CLI::Option*> options;
  for (const auto& setting : Settings()) {
    const std::string help = setting.help + " [" + VariableOf(setting.key) + "]";
    options[setting.key] =
        app.add_option(FlagOf(setting.key), values[setting.key], help)->expected(1);
  }
  app.footer("A flag wins over the variable of the environment in brackets, that over the file.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e);
  }
  for (const auto& [key, option] : options) {
    if (option->count() > 0) typed->flags[key] = values[key];
  }
  return std::nullopt;
}

/// Sets one key from the strongest place that names it, the file having been read.
absl::Status Set(const Setting& setting, const Typed& typed, NodeCommand* command) {
  const auto flag = typed.flags.find(setting.key);
  const std::optional<std::string> variable = FromEnvironment(setting.key);
  if (flag != typed.flags.end()) {
    command->origins[setting.key] = "flag";
    if (setting.set(flag->second, &command->config)) return absl::OkStatus();
    return absl::InvalidArgumentError(FlagOf(setting.key) + ": " + setting.help);
  }
  if (variable.has_value()) {
    command->origins[setting.key] = "environment";
    if (setting.set(*variable, &command->config)) return absl::OkStatus();
    return absl::InvalidArgumentError(VariableOf(setting.key) + ": " + setting.help);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<NodeCommand> ReadCommand(int argc, char** argv) {
  NodeCommand command;
  Typed typed;
  if (const std::optional<int> done = Parse(argc, argv, &typed); done.has_value()) {
    command.action = NodeCommand::Action::kExit;
    command.exit_code = *done;
    return command;
  }
  WarnOfUnknownVariables();
  for (const auto& setting : Settings()) command.origins[setting.key] = "default";
  const std::string file = typed.file.empty() ? FromEnvironment("config").value_or("") : typed.file;
  if (!file.empty()) {
    TP_ASSIGN_OR_RETURN(const std::string text, ReadText(file));
    TP_ASSIGN_OR_RETURN(const auto keys, ApplyConfigYaml(text, file, &command.config));
    for (const auto& key : keys) command.origins[key] = "file";
  }
  for (const auto& setting : Settings()) TP_RETURN_IF_ERROR(Set(setting, typed, &command));
  if (command.config.policies.empty()) command.config.policies = DefaultPolicies();
  if (typed.print_default) command.action = NodeCommand::Action::kPrintDefaultConfig;
  if (typed.print) command.action = NodeCommand::Action::kPrintConfig;
  if (typed.check) command.action = NodeCommand::Action::kCheckConfig;
  return command;
}

}  // namespace trigpoint
