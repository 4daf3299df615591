#include "services/partners/partner_config.h"

#include <algorithm>
#include <map>
#include <set>

#include "trigpoint/base/status.h"
#include "yaml-cpp/yaml.h"

namespace trigpoint {
namespace {

constexpr size_t kTopicNameMax = 249;

absl::Status WrongTopics(const std::string& file, const YAML::Mark& mark, const std::string& what) {
  return absl::InvalidArgumentError(file + ":" + std::to_string(mark.line + 1) +
                                    ": partner_topics: " + what);
}

const std::map<std::string, std::string PartnerTopic::*>& PartnerTopicKeys() {
  static const auto* keys = new std::map<std::string, std::string PartnerTopic::*>{
      {"topic", &PartnerTopic::topic},
      {"partner", &PartnerTopic::partner},
      {"outcomes", &PartnerTopic::outcomes},
      {"dead_letters", &PartnerTopic::dead_letters}};
  return *keys;
}

absl::Status ReadPartnerTopic(const YAML::Node& entry, const std::string& file,
                              PartnerTopic* topic) {
  if (!entry.IsMap()) return WrongTopics(file, entry.Mark(), "an entry is a list of `key: value`");
  std::set<std::string> seen;
  for (const auto& pair : entry) {
    const std::string name = pair.first.IsScalar() ? pair.first.Scalar() : std::string("?");
    const auto key = PartnerTopicKeys().find(name);
    if (key == PartnerTopicKeys().end()) {
      return WrongTopics(file, pair.first.Mark(),
                         "unknown key `" + name + "`; see --print-default-config");
    }
    if (!seen.insert(name).second)
      return WrongTopics(file, pair.first.Mark(), "`" + name + "` stands twice");
    if (!pair.second.IsScalar() || pair.second.Scalar().empty())
      return WrongTopics(file, pair.first.Mark(), "`" + name + "`: one value");
    topic->*key->second = pair.second.Scalar();
  }
  for (const char* needed : {"topic", "partner"}) {
    if (seen.count(needed) == 0)
      return WrongTopics(file, entry.Mark(), "`" + std::string(needed) + "` is missing");
  }
  if (topic->outcomes.empty()) topic->outcomes = topic->topic + ".outcomes";
  if (topic->dead_letters.empty()) topic->dead_letters = kDeadLetterTopic;
  for (const auto& name : {topic->topic, topic->outcomes, topic->dead_letters}) {
    if (!IsTopicName(name)) {
      return WrongTopics(file, entry.Mark(),
                         "the name of a topic is 1 to 249 of A-Z, a-z, 0-9, '.', '_' and '-'");
    }
  }
  return absl::OkStatus();
}

/// What is wrong with an entry beside the others; empty: nothing.
std::string Clash(const PartnerTopic& topic, const std::vector<PartnerTopic>& all) {
  for (const auto& other : all) {
    if (&other != &topic && other.topic == topic.topic)
      return "two entries read the topic `" + topic.topic + "`";
    if (other.topic == topic.outcomes || other.topic == topic.dead_letters)
      return "`" + other.topic + "` is read from: nothing else is written there";
    if (other.dead_letters == topic.outcomes)
      return "`" + topic.outcomes + "` is for dead letters, which partners do not read";
    if (other.outcomes == topic.outcomes && other.partner != topic.partner)
      return "two partners would read `" + topic.outcomes + "`";
  }
  return "";
}

}  // namespace

bool IsTopicName(std::string_view name) {
  return !name.empty() && name.size() <= kTopicNameMax && name != "." && name != ".." &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
         });
}

absl::Status ReadPartnerTopics(const YAML::Node& list, const std::string& file,
                               std::vector<PartnerTopic>* topics) {
  topics->clear();
  if (list.IsNull()) return absl::OkStatus();
  if (!list.IsSequence()) return WrongTopics(file, list.Mark(), "a list of entries");
  for (const auto& entry : list)
    TP_RETURN_IF_ERROR(ReadPartnerTopic(entry, file, &topics->emplace_back()));
  for (size_t i = 0; i < topics->size(); ++i) {
    const std::string clash = Clash((*topics)[i], *topics);
    if (!clash.empty()) return WrongTopics(file, list[i].Mark(), clash);
  }
  return absl::OkStatus();
}

std::string DefaultPartnerTopicsYaml() {
  return "# topics of Apache Kafka from which partners' events are taken (docs/kafka.md); in this "
         "file only\n"
         "# partner_topics:\n"
         "#   - topic: hfd-safeguarding              # its ACL lets this partner alone write\n"
         "#     partner: hfd-safeguarding-feed       # id in the principals file\n"
         "#     outcomes: hfd-safeguarding.outcomes  # left out: TOPIC.outcomes\n"
         "#     dead_letters: trigpoint.dead-letters\n";
}

}  // namespace trigpoint
