#include "services/partners/partner_config.h"

#include <gmock/gmock.h>

#include "yaml-cpp/yaml.h"

namespace trigpoint {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

absl::Status Read(const std::string& yaml, std::vector<PartnerTopic>* topics) {
  return ReadPartnerTopics(YAML::Load(yaml), "node.yaml", topics);
}

TEST(PartnerConfigTest, WhatIsLeftOutHasADefault) {
  std::vector<PartnerTopic> topics;
  ASSERT_TRUE(Read("- topic: hfd\n  partner: hfd-feed\n"
                   "- {topic: b, partner: p, outcomes: b-told, dead_letters: b-dead}\n",
                   &topics)
                  .ok());
  ASSERT_THAT(topics, SizeIs(2));
  EXPECT_EQ(topics[0].outcomes, "hfd.outcomes");
  EXPECT_EQ(topics[0].dead_letters, "trigpoint.dead-letters");
  EXPECT_EQ(topics[0].partner, "hfd-feed");
  EXPECT_EQ(topics[1].outcomes, "b-told");
  EXPECT_EQ(topics[1].dead_letters, "b-dead");
  EXPECT_TRUE(Read("", &topics).ok());
  EXPECT_THAT(topics, SizeIs(0));
}

TEST(PartnerConfigTest, TheExampleOfTheDefaultConfigurationIsRead) {
  std::string yaml = DefaultPartnerTopicsYaml();
  for (size_t at = 0; (at = yaml.find("# ", at)) != std::string::npos; ++at)
    if (at == 0 || yaml[at - 1] == '\n') yaml.erase(at, 2);
  const YAML::Node root = YAML::Load(yaml.substr(yaml.find("partner_topics:")));
  std::vector<PartnerTopic> topics;
  EXPECT_TRUE(ReadPartnerTopics(root["partner_topics"], "default", &topics).ok());
  EXPECT_THAT(topics, SizeIs(1));
}

TEST(PartnerConfigTest, MistakesAreNamedWithTheirLine) {
  const std::vector<std::pair<std::string, std::string>> wrong{
      {"topic: a", "node.yaml:1: partner_topics: a list of entries"},
      {"- a", "an entry is a list"},
      {"- topic: a", "`partner` is missing"},
      {"- topic: a\n  partner: p\n  group: g", "node.yaml:3: partner_topics: unknown key `group`"},
      {"- topic: a\n  topic: b\n  partner: p", "`topic` stands twice"},
      {"- topic: [a]\n  partner: p", "`topic`: one value"},
      {"- topic: a/b\n  partner: p", "the name of a topic"},
      {"- topic: ..\n  partner: p", "the name of a topic"},
      {"- {topic: a, partner: p}\n- {topic: a, partner: q}", "two entries read the topic `a`"},
      {"- {topic: a, partner: p, outcomes: a}", "`a` is read from"},
      {"- {topic: a, partner: p}\n- {topic: b, partner: p, dead_letters: a}", "`a` is read from"},
      {"- {topic: a, partner: p, outcomes: o}\n- {topic: b, partner: q, outcomes: o}",
       "two partners would read `o`"},
      {"- {topic: a, partner: p, outcomes: trigpoint.dead-letters}", "is for dead letters"},
  };
  for (const auto& [yaml, what] : wrong) {
    std::vector<PartnerTopic> topics;
    const absl::Status status = Read(yaml, &topics);
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << yaml;
    EXPECT_THAT(std::string(status.message()), HasSubstr(what)) << yaml;
  }
  std::vector<PartnerTopic> topics;
  EXPECT_TRUE(
      Read("- {topic: a, partner: p, outcomes: o}\n- {topic: b, partner: p, outcomes: o}", &topics)
          .ok());
}

}  // namespace
}  // namespace trigpoint
