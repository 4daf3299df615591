#include "kafka_group.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "kafka_client.h"

namespace trigpoint {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(1);
constexpr absl::Duration kPauseMin = absl::Seconds(1);
constexpr absl::Duration kPauseMax = absl::Seconds(30);

/// Big-endian integers and texts, as Kafka's protocol has them; 0 and "" where nothing is left.
class Fields {
 public:
  Fields(const void* bytes, int size)
      : left_(static_cast<const char*>(bytes), bytes == nullptr ? 0 : static_cast<size_t>(size)) {}

  int64_t Number(size_t bytes) {
    uint64_t value = 0;
    for (const char byte : Text(bytes)) value = value << 8U | static_cast<unsigned char>(byte);
    return static_cast<int64_t>(value);
  }
  std::string_view Text(size_t size) {
    const std::string_view text = left_.substr(0, std::min(size, left_.size()));
    left_.remove_prefix(text.size());
    return text;
  }
  bool AtEnd() const { return left_.empty(); }

 private:
  std::string_view left_;
};

/// Of the consumer protocol's MemberAssignment: version, then topics with their partitions.
bool Has(const rd_kafka_group_member_info& member, std::string_view topic) {
  Fields assignment(member.member_assignment, member.member_assignment_size);
  assignment.Number(2);
  for (int64_t topics = assignment.Number(4); topics > 0 && !assignment.AtEnd(); --topics) {
    const std::string_view name = assignment.Text(static_cast<size_t>(assignment.Number(2)));
    const auto partitions = static_cast<size_t>(assignment.Number(4));
    if (name == topic && partitions > 0) return true;
    assignment.Text(partitions * 4);
  }
  return false;
}

}  // namespace

LeftOutTopics::LeftOutTopics(std::string group, std::vector<std::string> topics)
    : group_(std::move(group)),
      topics_(std::move(topics)),
      pause_(kPauseMin),
      next_ns_(SteadyNanos() + absl::ToInt64Nanoseconds(kPauseMin)) {}

bool LeftOutTopics::NobodyHas(rd_kafka_t* client, const std::string& topic) const {
  const rd_kafka_group_list* found = nullptr;
  if (rd_kafka_list_groups(client, group_.c_str(), &found, ToMillis(kPatience)) !=
      RD_KAFKA_RESP_ERR_NO_ERROR)
    return false;
  const KafkaOwned<const rd_kafka_group_list> groups(found);
  if (groups->group_cnt != 1 || std::string_view(groups->groups[0].state) != "Stable") return false;
  const rd_kafka_group_info& group = groups->groups[0];
  return group.member_cnt > 0 &&
         std::none_of(group.members, group.members + group.member_cnt,
                      [&topic](const auto& member) { return Has(member, topic); });
}

void LeftOutTopics::Heal(rd_kafka_t* client,
                         absl::FunctionRef<bool(const std::string& topic)> has) {
  if (SteadyNanos() < next_ns_) return;
  bool whole = true;
  bool left_out = false;
  for (const std::string& topic : topics_) {
    if (has(topic)) continue;
    whole = false;
    left_out = left_out || (LearnOfTopic(client, topic, kPatience) && NobodyHas(client, topic));
  }
  if (left_out) {
    const KafkaOwned<rd_kafka_topic_partition_list_t> topics(
        rd_kafka_topic_partition_list_new(static_cast<int>(topics_.size())));
    for (const std::string& topic : topics_)
      rd_kafka_topic_partition_list_add(topics.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
    rd_kafka_subscribe(client, topics.get());
  }
  pause_ = whole ? kPauseMin : std::min(pause_ * 2, kPauseMax);
  next_ns_ = SteadyNanos() + absl::ToInt64Nanoseconds(pause_);
}

}  // namespace trigpoint
