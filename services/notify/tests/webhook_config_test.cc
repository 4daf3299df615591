#include "services/notify/webhook_config.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>

#include "temp_dir.h"
#include "yaml-cpp/yaml.h"

namespace trigpoint {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

const char* const kDesk =
    "- name: duty-desk\n"
    "  url: https://desk.example/hook?key=abc\n"
    "  secret_file: /etc/trigpoint/desk\n";

absl::Status Read(const std::string& yaml, std::vector<WebhookConfig>* webhooks) {
  return ReadWebhooks(YAML::Load(yaml), "node.yaml", webhooks);
}

std::string Refusal(const std::string& yaml) {
  std::vector<WebhookConfig> webhooks;
  const absl::Status read = Read(yaml, &webhooks);
  EXPECT_TRUE(absl::IsInvalidArgument(read)) << yaml;
  return std::string(read.message());
}

TEST(WebhookConfig, HasDefaultsForAllButNameAddressAndSecret) {
  std::vector<WebhookConfig> webhooks;
  ASSERT_TRUE(Read(kDesk, &webhooks).ok());
  ASSERT_THAT(webhooks, SizeIs(1));
  EXPECT_EQ(webhooks[0].name, "duty-desk");
  EXPECT_TRUE(webhooks[0].sends_alerts);
  EXPECT_TRUE(webhooks[0].sends_digest);
  EXPECT_THAT(webhooks[0].tiers, ElementsAre(1, 2, 3));
  EXPECT_EQ(webhooks[0].digest_minute, 480);
  EXPECT_EQ(webhooks[0].give_up_after_hours, 24);
}

TEST(WebhookConfig, ReadsEveryKey) {
  std::vector<WebhookConfig> webhooks;
  const absl::Status read =
      Read(std::string(kDesk) +
               "  ca_file: /ca.pem\n  organisation: powys\n  send: [digest]\n  tiers: [3, 2]\n"
               "  digest_at: \"17:05\"\n  timeout_seconds: 3\n"
               "  give_up_after_hours: 2\n",
           &webhooks);
  ASSERT_TRUE(read.ok()) << read;
  EXPECT_EQ(webhooks[0].ca_file, "/ca.pem");
  EXPECT_EQ(webhooks[0].organisation, "powys");
  EXPECT_FALSE(webhooks[0].sends_alerts);
  EXPECT_TRUE(webhooks[0].sends_digest);
  EXPECT_THAT(webhooks[0].tiers, ElementsAre(2, 3));
  EXPECT_EQ(webhooks[0].digest_minute, 17 * 60 + 5);
  EXPECT_EQ(webhooks[0].timeout_seconds, 3);
  EXPECT_EQ(webhooks[0].give_up_after_hours, 2);
}

TEST(WebhookConfig, NamesFileLineKeyAndRuleOfWhatIsWrong) {
  const std::string desk = kDesk;
  EXPECT_THAT(Refusal(desk + "  colour: red\n"),
              AllOf(HasSubstr("node.yaml:4"), HasSubstr("`colour`")));
  EXPECT_THAT(Refusal(desk + "  name: again\n"), HasSubstr("stands twice"));
  EXPECT_THAT(Refusal(desk + desk), HasSubstr("two entries"));
  EXPECT_THAT(Refusal("- name: desk\n  url: https://a.example/\n"), HasSubstr("`secret_file`"));
  EXPECT_THAT(Refusal("name: desk"), HasSubstr("a list"));
  EXPECT_THAT(Refusal("- [a]"), HasSubstr("key: value"));
  EXPECT_THAT(Refusal("- name: Duty Desk\n"), HasSubstr("`name`"));
  for (const char* wrong : {"send: []", "send: [alerts, letters]", "send: alerts", "tiers: [0]",
                            "tiers: [4]", "tiers: []", "tiers: [1, 1]", "digest_at: \"24:00\"",
                            "digest_at: \"8:00\"", "digest_at: noon", "timeout_seconds: 0",
                            "timeout_seconds: 1.5", "give_up_after_hours: 721"}) {
    const std::string key = std::string(wrong).substr(0, std::string(wrong).find(':'));
    EXPECT_THAT(Refusal(desk + "  " + wrong + "\n"),
                AllOf(HasSubstr("node.yaml:4"), HasSubstr("`" + key + "`")));
  }
}

TEST(WebhookConfig, RefusesAnAddressWithoutRepeatingIt) {
  const std::string refusal =
      Refusal("- name: desk\n  url: http://desk.example/?key=sesame\n  secret_file: /s\n");
  EXPECT_THAT(refusal, AllOf(HasSubstr("`url`"), HasSubstr("https"), Not(HasSubstr("sesame"))));
}

TEST(CheckWebhooks, ReadsSecretsAndAuthorities) {
  const TempDir directory;
  std::ofstream(directory / "secret") << "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  ASSERT_EQ(::chmod((directory / "secret").c_str(), 0600), 0);
  WebhookConfig webhook;
  webhook.name = "desk";
  webhook.secret_file = directory / "secret";
  EXPECT_TRUE(CheckWebhooks({webhook}).ok());
  webhook.ca_file = directory / "ca.pem";
  EXPECT_TRUE(absl::IsNotFound(CheckWebhooks({webhook})));
  std::ofstream(webhook.ca_file) << "nothing";
  EXPECT_TRUE(absl::IsInvalidArgument(CheckWebhooks({webhook})));
  webhook.secret_file = directory / "none";
  const absl::Status missing = CheckWebhooks({webhook});
  EXPECT_TRUE(absl::IsNotFound(missing));
  EXPECT_THAT(std::string(missing.message()), AllOf(HasSubstr("desk"), HasSubstr("secret_file")));
}

TEST(DefaultWebhooksYaml, IsAnEntryThatCanBeRead) {
  std::string yaml;
  std::istringstream lines(DefaultWebhooksYaml());
  for (std::string line; std::getline(lines, line);) yaml += line.substr(2) + "\n";
  std::vector<WebhookConfig> webhooks;
  const YAML::Node root = YAML::Load(yaml.substr(yaml.find("webhooks:")));
  const absl::Status read = ReadWebhooks(root["webhooks"], "default", &webhooks);
  ASSERT_TRUE(read.ok()) << read;
  WebhookConfig defaults;
  ASSERT_THAT(webhooks, SizeIs(1));
  EXPECT_EQ(webhooks[0].tiers, defaults.tiers);
  EXPECT_EQ(webhooks[0].digest_minute, defaults.digest_minute);
  EXPECT_EQ(webhooks[0].timeout_seconds, defaults.timeout_seconds);
  EXPECT_EQ(webhooks[0].give_up_after_hours, defaults.give_up_after_hours);
}

}  // namespace
}  // namespace trigpoint
