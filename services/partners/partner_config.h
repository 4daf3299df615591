#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace YAML {
class Node;
}

namespace trigpoint {

/// Where all partners' refused records are told of, unless an entry names another topic.
inline constexpr std::string_view kDeadLetterTopic = "trigpoint.dead-letters";

/// One entry of `partner_topics` in the node's configuration: a topic of Apache Kafka to which one
/// partner writes, and nobody else may.
struct PartnerTopic {
  std::string topic;     ///< Where the partner's CloudEvents come from.
  std::string partner;   ///< Id of the principal, in the principals file, who speaks there.
  std::string outcomes;  ///< Where the partner reads what became of them; default: TOPIC.outcomes.
  std::string dead_letters;  ///< Where operators read what was refused.
};

/// Whether Kafka takes it as the name of a topic: 1 to 249 of A-Z, a-z, 0-9, '.', '_' and '-'.
bool IsTopicName(std::string_view name);

/// Reads the list behind `partner_topics`. Strict: an unknown or repeated key is an error, and so
/// is a topic that is read and written, read twice, or shows outcomes of two partners. Errors:
/// InvalidArgument, naming file, line, key and rule.
absl::Status ReadPartnerTopics(const YAML::Node& list, const std::string& file,
                               std::vector<PartnerTopic>* topics);

/// The part of the default configuration that explains them, as comments.
std::string DefaultPartnerTopicsYaml();

}  // namespace trigpoint
