#include "services/node/node_config.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <sstream>
#include <utility>
#include <vector>

#include "trigpoint/access/listen.h"
#include "trigpoint/base/status.h"
#include "yaml-cpp/yaml.h"

namespace trigpoint {
namespace {

/// The one key that is a list, and no flag.
constexpr char kWebhooks[] = "webhooks";

/// One setting: its name as a key, what it is for, and how it is read from and written to text.
struct Setting {
  std::string key;
  std::string help;
  std::function<bool(const std::string&, NodeConfig*)> set;
  std::function<std::string(const NodeConfig&)> get;
};

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

const std::vector<Setting>& Settings() {
  static const auto* settings = new std::vector<Setting>{
      Text("data", "directory of everything the node stores", &NodeConfig::data),
      Text("listen", "address of the API", &NodeConfig::listen),
      Text("metrics_listen", "address of /metrics; empty: none", &NodeConfig::metrics_listen),
      Text("policies", "directory of policy packs", &NodeConfig::policies),
      Text("principals", "file of who may call; empty: one local operator, on loopback only",
           &NodeConfig::principals),
      Text("tls_cert", "certificate chain (PEM)", &NodeConfig::tls_cert),
      Text("tls_key", "private key (PEM)", &NodeConfig::tls_key),
      Text("tls_client_ca", "authority of client certificates (PEM)", &NodeConfig::tls_client_ca),
      Whole("partitions", "partitions of the log, 1 to 1024; fixed when the data directory is made",
            &NodeConfig::partitions, 1, 1024),
      Whole("deadline_grace_seconds",
            "how long after a deadline the clock says that it passed, 0 to 86400",
            &NodeConfig::deadline_grace_seconds, 0, 86'400),
      Text("log_level", "debug, info, warning or error", &NodeConfig::log_level),
      Text("log_format", "json or text", &NodeConfig::log_format),
  };
  return *settings;
}

std::string FlagOf(const std::string& key) {
  std::string flag = "--" + key;
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
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

absl::Status ApplyConfigYaml(const std::string& text, const std::string& file, NodeConfig* config) {
  const auto wrong = [&file](int line, const std::string& what) {
    return absl::InvalidArgumentError(file + ":" + std::to_string(line + 1) + ": " + what);
  };
  YAML::Node root;
  try {
    root = YAML::Load(text);
  } catch (const YAML::Exception& e) {
    return wrong(e.mark.line, "not YAML");
  }
  if (root.IsNull()) return absl::OkStatus();
  if (!root.IsMap()) return wrong(0, "a configuration is a list of `key: value`");
  std::set<std::string> seen;
  for (const auto& entry : root) {
    const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : std::string("?");
    const int line = entry.first.Mark().line;
    const auto setting =
        std::find_if(Settings().begin(), Settings().end(),
                     [&key](const Setting& candidate) { return candidate.key == key; });
    if (key == kWebhooks) {
      if (!seen.insert(key).second) return wrong(line, "`" + key + "` stands twice");
      TP_RETURN_IF_ERROR(ReadWebhooks(entry.second, file, &config->webhooks));
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
  return absl::OkStatus();
}

absl::Status CheckConfig(const NodeConfig& config) {
  const bool has_tls = !config.tls_cert.empty();
  if (has_tls != !config.tls_key.empty()) {
    return absl::InvalidArgumentError(
        "--tls-cert and --tls-key belong together: give both or none");
  }
  if (!config.tls_client_ca.empty() && !has_tls) {
    return absl::InvalidArgumentError("--tls-client-ca needs --tls-cert and --tls-key");
  }
  TP_RETURN_IF_ERROR(CheckListen(config.listen, has_tls, !config.principals.empty()));
  if (!config.metrics_listen.empty()) {
    // The endpoint knows neither TLS nor principals: it stays on this machine.
    const absl::Status local = CheckListen(config.metrics_listen, false, false);
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
  std::string text = "# Every key may be left out; a flag of the same name wins.\n";
  for (const auto& setting : Settings()) {
    const std::string value = setting.get(config);
    text += "# " + setting.help + "\n";
    // `policies` is found beside the program unless it is named.
    text += setting.key == "policies"
                ? "# policies:\n"
                : setting.key + ": " + (value.empty() ? "\"\"" : value) + "\n";
  }
  return text + DefaultWebhooksYaml();
}

absl::StatusOr<NodeCommand> ReadCommand(int argc, char** argv) {
  CLI::App app{"Trigpoint node: takes intelligence, assesses, recommends, alerts"};
  app.set_version_flag("--version", TRIGPOINT_VERSION);
  std::string file;
  std::map<std::string, std::string> flags;
  bool print = false;
  bool check = false;
  app.add_option("--config", file, "configuration file (YAML)");
  app.add_flag("--print-default-config", print,
               "print a configuration file with the defaults and end");
  app.add_flag("--check-config", check, "check the configuration and end");
  std::map<std::string, CLI::Option*> options;
  for (const auto& setting : Settings()) {
    options[setting.key] =
        app.add_option(FlagOf(setting.key), flags[setting.key], setting.help)->expected(1);
  }
  NodeCommand command;
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    command.action = NodeCommand::Action::kExit;
    command.exit_code = app.exit(e);
    return command;
  }
  if (!file.empty()) {
    TP_ASSIGN_OR_RETURN(const std::string text, ReadText(file));
    TP_RETURN_IF_ERROR(ApplyConfigYaml(text, file, &command.config));
  }
  for (const auto& setting : Settings()) {
    if (options[setting.key]->count() == 0) continue;
    if (!setting.set(flags[setting.key], &command.config)) {
      return absl::InvalidArgumentError(FlagOf(setting.key) + ": " + setting.help);
    }
  }
  if (command.config.policies.empty()) command.config.policies = DefaultPolicies();
  if (print) command.action = NodeCommand::Action::kPrintDefaultConfig;
  if (check) command.action = NodeCommand::Action::kCheckConfig;
  return command;
}

}  // namespace trigpoint
