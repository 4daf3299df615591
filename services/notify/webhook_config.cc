#include "services/notify/webhook_config.h"

#include <algorithm>
#include <fstream>
#include <functional>
#include <set>
#include <sstream>
#include <utility>

#include "services/common/url.h"
#include "services/notify/signature.h"
#include "trigpoint/base/status.h"
#include "yaml-cpp/yaml.h"

namespace trigpoint {
namespace {

constexpr size_t kNameMax = 40;
constexpr uint32_t kTiersMax = 3;

bool IsName(const std::string& text) {
  return !text.empty() && text.size() <= kNameMax && text[0] >= 'a' && text[0] <= 'z' &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == std::string::npos;
}

bool ReadNumber(const std::string& text, int64_t min, int64_t max, int64_t* value) {
  if (text.empty() || text.size() > 6 ||
      text.find_first_not_of("0123456789") != std::string::npos) {
    return false;
  }
  *value = std::stoll(text);
  return *value >= min && *value <= max;
}

bool ReadTimeOfDay(const std::string& text, int* minute) {
  int64_t hours = 0;
  int64_t minutes = 0;
  if (text.size() != 5 || text[2] != ':' || !ReadNumber(text.substr(0, 2), 0, 23, &hours) ||
      !ReadNumber(text.substr(3), 0, 59, &minutes)) {
    return false;
  }
  *minute = static_cast<int>(60 * hours + minutes);
  return true;
}

/// The texts of a list that is not empty and names nothing twice; else nothing.
std::set<std::string> TextsOf(const YAML::Node& list) {
  std::set<std::string> texts;
  if (!list.IsSequence()) return texts;
  for (const auto& item : list) {
    if (!item.IsScalar() || !texts.insert(item.Scalar()).second) return {};
  }
  return texts;
}

bool ReadSend(const YAML::Node& node, WebhookConfig* webhook) {
  const std::set<std::string> texts = TextsOf(node);
  webhook->sends_alerts = texts.count("alerts") > 0;
  webhook->sends_digest = texts.count("digest") > 0;
  return !texts.empty() && texts.size() == static_cast<size_t>(webhook->sends_alerts) +
                                               static_cast<size_t>(webhook->sends_digest);
}

bool ReadTiers(const YAML::Node& node, WebhookConfig* webhook) {
  webhook->tiers.clear();
  for (const std::string& text : TextsOf(node)) {
    int64_t tier = 0;
    if (!ReadNumber(text, 1, kTiersMax, &tier)) return false;
    webhook->tiers.push_back(static_cast<uint32_t>(tier));
  }
  return !webhook->tiers.empty();
}

/// One key of an entry: what it takes, and how it is read.
struct Key {
  std::string name;
  std::string rule;
  std::function<bool(const YAML::Node&, WebhookConfig*)> read;
};

Key Text(std::string name, std::string rule, std::string WebhookConfig::*member) {
  return {std::move(name), std::move(rule),
          [member](const YAML::Node& node, WebhookConfig* webhook) {
            if (!node.IsScalar()) return false;
            webhook->*member = node.Scalar();
            return !node.Scalar().empty();
          }};
}

Key Number(std::string name, std::string rule, int64_t WebhookConfig::*member, int64_t max) {
  return {std::move(name), std::move(rule),
          [member, max](const YAML::Node& node, WebhookConfig* webhook) {
            return node.IsScalar() && ReadNumber(node.Scalar(), 1, max, &(webhook->*member));
          }};
}

const std::vector<Key>& Keys() {
  static const auto* keys = new std::vector<Key>{
      {"name", "up to 40 of a-z, 0-9, _ and -, beginning with a letter",
       [](const YAML::Node& node, WebhookConfig* webhook) {
         if (!node.IsScalar()) return false;
         webhook->name = node.Scalar();
         return IsName(webhook->name);
       }},
      Text("url", "https://..., or http:// to this machine", &WebhookConfig::url),
      Text("secret_file", "a file with whsec_... and mode 0600 or 0640",
           &WebhookConfig::secret_file),
      Text("ca_file", "a PEM file of the authorities to trust", &WebhookConfig::ca_file),
      Text("organisation", "the organisation that receives it, as principals name it",
           &WebhookConfig::organisation),
      {"send", "a list of `alerts` and `digest`, or one of them", &ReadSend},
      {"tiers", "a list of 1, 2 and 3, or some of them", &ReadTiers},
      {"digest_at", "a time of day in London, \"HH:MM\"",
       [](const YAML::Node& node, WebhookConfig* webhook) {
         return node.IsScalar() && ReadTimeOfDay(node.Scalar(), &webhook->digest_minute);
       }},
      Number("timeout_seconds", "1 to 120", &WebhookConfig::timeout_seconds, 120),
      Number("give_up_after_hours", "1 to 720", &WebhookConfig::give_up_after_hours, 720),
  };
  return *keys;
}

/// Where an error stands: "node.yaml:7: webhooks: ".
class Place {
 public:
  explicit Place(std::string file) : file_(std::move(file)) {}
  absl::Status Wrong(const YAML::Mark& mark, const std::string& what) const {
    return absl::InvalidArgumentError(file_ + ":" + std::to_string(mark.line + 1) +
                                      ": webhooks: " + what);
  }

 private:
  std::string file_;
};

absl::Status ReadEntry(const YAML::Node& entry, const Place& place, WebhookConfig* webhook) {
  if (!entry.IsMap()) return place.Wrong(entry.Mark(), "an entry is a list of `key: value`");
  std::set<std::string> seen;
  for (const auto& pair : entry) {
    const std::string name = pair.first.IsScalar() ? pair.first.Scalar() : std::string("?");
    const auto key = std::find_if(Keys().begin(), Keys().end(),
                                  [&name](const Key& candidate) { return candidate.name == name; });
    if (key == Keys().end())
      return place.Wrong(pair.first.Mark(),
                         "unknown key `" + name + "`; see --print-default-config");
    if (!seen.insert(name).second)
      return place.Wrong(pair.first.Mark(), "`" + name + "` stands twice");
    if (!key->read(pair.second, webhook))
      return place.Wrong(pair.first.Mark(), "`" + name + "`: " + key->rule);
  }
  for (const char* needed : {"name", "url", "secret_file"}) {
    if (seen.count(needed) == 0)
      return place.Wrong(entry.Mark(), "`" + std::string(needed) + "` is missing");
  }
  const absl::Status url = CheckHttpUrl(webhook->url);
  if (!url.ok()) return place.Wrong(entry.Mark(), "`url`: " + std::string(url.message()));
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadWebhooks(const YAML::Node& list, const std::string& file,
                          std::vector<WebhookConfig>* webhooks) {
  const Place place(file);
  webhooks->clear();
  if (list.IsNull()) return absl::OkStatus();
  if (!list.IsSequence()) return place.Wrong(list.Mark(), "a list of entries");
  for (const auto& entry : list) {
    WebhookConfig webhook;
    TP_RETURN_IF_ERROR(ReadEntry(entry, place, &webhook));
    for (const auto& other : *webhooks) {
      if (other.name == webhook.name)
        return place.Wrong(entry.Mark(), "two entries have the name `" + webhook.name + "`");
    }
    webhooks->push_back(std::move(webhook));
  }
  return absl::OkStatus();
}

absl::Status CheckWebhooks(const std::vector<WebhookConfig>& webhooks) {
  for (const auto& webhook : webhooks) {
    const std::string at = "webhooks: " + webhook.name;
    const absl::Status secret = ReadSecretFile(webhook.secret_file).status();
    if (!secret.ok()) return Annotate(secret, at + ": `secret_file`");
    if (webhook.ca_file.empty()) continue;
    std::ifstream file(webhook.ca_file, std::ios::binary);
    std::ostringstream pem;
    if (!file || !(pem << file.rdbuf()))
      return absl::NotFoundError(at + ": `ca_file`: cannot read " + webhook.ca_file);
    if (pem.str().find("-----BEGIN CERTIFICATE-----") == std::string::npos)
      return absl::InvalidArgumentError(at + ": `ca_file`: " + webhook.ca_file +
                                        " holds no certificate (PEM)");
  }
  return absl::OkStatus();
}

std::string DefaultWebhooksYaml() {
  return "# where alerts and the daily digest are sent, signed (docs/webhooks.md); in this file "
         "only\n"
         "# webhooks:\n"
         "#   - name: duty-desk                        # in lists and metrics\n"
         "#     url: https://desk.example/trigpoint    # http to this machine only\n"
         "#     secret_file: /etc/trigpoint/duty-desk  # whsec_..., mode 0600 or 0640\n"
         "#     ca_file: /etc/trigpoint/desk-ca.pem    # left out: the system's authorities\n"
         "#     organisation: herefordshire-council    # who receives it; left out: the operator\n"
         "#     send: [alerts, digest]\n"
         "#     tiers: [1, 2, 3]                       # alerts of these tiers\n"
         "#     digest_at: \"08:00\"                     # London\n"
         "#     timeout_seconds: 10                    # of one attempt\n"
         "#     give_up_after_hours: 24                # then it is a dead letter\n";
}

}  // namespace trigpoint
