#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace YAML {
class Node;
}

namespace trigpoint {

/// One entry of `webhooks` in the node's configuration.
struct WebhookConfig {
  std::string name;         ///< In lists, metrics and log lines, where the address never stands.
  std::string url;          ///< https; http to this machine only.
  std::string secret_file;  ///< See ReadSecretFile.
  std::string ca_file;      ///< PEM of the authorities to trust; empty: the system's.
  /// Who receives it; of services that it neither commissions nor hosts it is told no small
  /// numbers (services/query/outside.h). Empty: the operator, who is told all.
  std::string organisation;
  bool sends_alerts = true;
  bool sends_digest = true;
  std::vector<uint32_t> tiers = {1, 2, 3};  ///< Alerts of these tiers only.
  int digest_minute = 8 * 60;               ///< Minutes after midnight, Europe/London.
  int64_t timeout_seconds = 10;             ///< Of one attempt.
  int64_t give_up_after_hours = 24;         ///< Without success a message becomes a dead letter.
};

/// Reads the list behind `webhooks`. Strict: an unknown or repeated key is an error.
/// Errors: InvalidArgument, naming file, line, key and rule; no value of a `url` is repeated.
absl::Status ReadWebhooks(const YAML::Node& list, const std::string& file,
                          std::vector<WebhookConfig>* webhooks);

/// Checks what the entries refer to: secrets and authorities can be read, and are what they should
/// be. Errors: those of ReadSecretFile; NotFound, InvalidArgument for `ca_file`.
absl::Status CheckWebhooks(const std::vector<WebhookConfig>& webhooks);

/// The part of the default configuration that explains them, as comments.
std::string DefaultWebhooksYaml();

}  // namespace trigpoint
