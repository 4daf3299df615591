#include "kafka_topic.h"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

constexpr absl::Duration kAdminPatience = absl::Seconds(15);
// Brokers learn of a new topic one after the other.
constexpr absl::Duration kMetadataTry = absl::Seconds(2);
// A broker that has just started does not know all topics at once.
constexpr absl::Duration kAbsentFor = absl::Seconds(2);
// Kafka's default: one batch of the largest record, with what is around it.
constexpr int64_t kBatchBytesMin = 1'048'588;

struct TopicShape {
  int partitions = 0;
  int replicas = 0;  // of the partition with the fewest
  bool led = false;  // every partition has a leader
};

/// NotFound where there is no such topic.
absl::StatusOr<TopicShape> ShapeOf(rd_kafka_t* client, rd_kafka_topic_t* topic) {
  const rd_kafka_metadata_t* found = nullptr;
  const rd_kafka_resp_err_t error =
      rd_kafka_metadata(client, 0, topic, &found, ToMillis(kMetadataTry));
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return FromKafka(error, "ask for the topic");
  const KafkaOwned<const rd_kafka_metadata_t> metadata(found);
  if (metadata->topic_cnt != 1) return absl::UnavailableError("Kafka: no answer about the topic");
  const rd_kafka_metadata_topic_t& answer = metadata->topics[0];
  if (answer.err != RD_KAFKA_RESP_ERR_NO_ERROR) return FromKafka(answer.err, answer.topic);
  TopicShape shape{answer.partition_cnt, answer.partition_cnt == 0 ? 0 : 1 << 20, true};
  for (int i = 0; i < answer.partition_cnt; ++i) {
    shape.replicas = std::min(shape.replicas, answer.partitions[i].replica_cnt);
    shape.led = shape.led && answer.partitions[i].leader >= 0;
  }
  return shape;
}

KafkaOwned<rd_kafka_AdminOptions_t> AdminPatience(rd_kafka_t* client, rd_kafka_admin_op_t what) {
  KafkaOwned<rd_kafka_AdminOptions_t> options(rd_kafka_AdminOptions_new(client, what));
  std::array<char, 256> why{};
  rd_kafka_AdminOptions_set_request_timeout(options.get(), ToMillis(kAdminPatience), why.data(),
                                            why.size());
  return options;
}

absl::Status Create(rd_kafka_t* client, const KafkaLogOptions& options) {
  std::array<char, 256> why{};
  const int replicas = options.single_broker ? 1 : 3;
  const KafkaOwned<rd_kafka_NewTopic_t> topic(
      rd_kafka_NewTopic_new(options.topic.c_str(), static_cast<int>(options.partitions), replicas,
                            why.data(), why.size()));
  if (topic == nullptr) return absl::InvalidArgumentError(absl::StrCat("Kafka: ", why.data()));
  const std::array<std::pair<const char*, const char*>, 5> settings{{
      {"cleanup.policy", "delete"},
      {"retention.ms", "-1"},
      {"retention.bytes", "-1"},
      {"min.insync.replicas", options.single_broker ? "1" : "2"},
      {"unclean.leader.election.enable", "false"},
  }};
  for (const auto& [name, value] : settings) rd_kafka_NewTopic_set_config(topic.get(), name, value);
  const KafkaOwned<rd_kafka_queue_t> answers(rd_kafka_queue_new(client));
  const auto patience = AdminPatience(client, RD_KAFKA_ADMIN_OP_CREATETOPICS);
  rd_kafka_NewTopic_t* topics[] = {topic.get()};
  rd_kafka_CreateTopics(client, topics, 1, patience.get(), answers.get());
  const KafkaOwned<rd_kafka_event_t> event(
      rd_kafka_queue_poll(answers.get(), ToMillis(2 * kAdminPatience)));
  const std::string doing = absl::StrCat("create topic ", options.topic);
  if (event == nullptr) return FromKafka(RD_KAFKA_RESP_ERR__TIMED_OUT, doing);
  if (const auto error = rd_kafka_event_error(event.get()); error != RD_KAFKA_RESP_ERR_NO_ERROR)
    return FromKafka(error, doing);
  size_t count = 0;
  const rd_kafka_topic_result_t** results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  for (size_t i = 0; i < count; ++i) {
    const auto error = rd_kafka_topic_result_error(results[i]);
    // Another process was quicker: what it made is checked like any other.
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR || error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
      continue;
    const char* text = rd_kafka_topic_result_error_string(results[i]);
    const absl::Status status = FromKafka(error, doing);
    return {status.code(), absl::StrCat(status.message(), text == nullptr ? "" : ": ",
                                        text == nullptr ? "" : text)};
  }
  return absl::OkStatus();
}

absl::StatusOr<std::map<std::string, std::string>> SettingsOf(rd_kafka_t* client,
                                                              const std::string& topic) {
  const KafkaOwned<rd_kafka_ConfigResource_t> wanted(
      rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
  const KafkaOwned<rd_kafka_queue_t> answers(rd_kafka_queue_new(client));
  const auto patience = AdminPatience(client, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
  rd_kafka_ConfigResource_t* resources[] = {wanted.get()};
  rd_kafka_DescribeConfigs(client, resources, 1, patience.get(), answers.get());
  const KafkaOwned<rd_kafka_event_t> event(
      rd_kafka_queue_poll(answers.get(), ToMillis(2 * kAdminPatience)));
  const std::string doing = absl::StrCat("read the settings of topic ", topic);
  if (event == nullptr) return FromKafka(RD_KAFKA_RESP_ERR__TIMED_OUT, doing);
  if (const auto error = rd_kafka_event_error(event.get()); error != RD_KAFKA_RESP_ERR_NO_ERROR)
    return FromKafka(error, doing);
  size_t count = 0;
  const rd_kafka_ConfigResource_t** found = rd_kafka_DescribeConfigs_result_resources(
      rd_kafka_event_DescribeConfigs_result(event.get()), &count);
  std::map<std::string, std::string> settings;
  for (size_t i = 0; i < count; ++i) {
    if (const auto error = rd_kafka_ConfigResource_error(found[i]);
        error != RD_KAFKA_RESP_ERR_NO_ERROR)
      return FromKafka(error, doing);
    size_t entries = 0;
    const rd_kafka_ConfigEntry_t** configs = rd_kafka_ConfigResource_configs(found[i], &entries);
    for (size_t k = 0; k < entries; ++k) {
      const char* value = rd_kafka_ConfigEntry_value(configs[k]);
      settings[rd_kafka_ConfigEntry_name(configs[k])] = value == nullptr ? "" : value;
    }
  }
  return settings;
}

int64_t NumberOf(const std::map<std::string, std::string>& settings, const std::string& name) {
  int64_t number = 0;
  const auto found = settings.find(name);
  if (found == settings.end() || !absl::SimpleAtoi(found->second, &number)) return 0;
  return number;
}

/// What is wrong with a topic, each with what to set.
std::vector<std::string> Faults(const KafkaLogOptions& options, const TopicShape& shape,
                                const std::map<std::string, std::string>& settings) {
  std::vector<std::string> faults;
  const auto demand = [&](const std::string& name, const std::string& value,
                          absl::string_view otherwise) {
    const auto found = settings.find(name);
    if (found != settings.end() && found->second == value) return;
    faults.push_back(absl::StrCat(name, " is ", found == settings.end() ? "unknown" : found->second,
                                  ": ", otherwise, "; set ", name, "=", value));
  };
  demand("cleanup.policy", "delete", "compaction removes events");
  demand("retention.ms", "-1", "events are deleted when they grow old");
  demand("retention.bytes", "-1", "events are deleted when there are many");
  demand("unclean.leader.election.enable", "false",
         "a replica that lacks acknowledged events could take over");
  if (NumberOf(settings, "max.message.bytes") < kBatchBytesMin) {
    faults.push_back(
        absl::StrCat("max.message.bytes is ", NumberOf(settings, "max.message.bytes"),
                     ": a large event would be refused; set max.message.bytes=", kBatchBytesMin));
  }
  const int64_t in_sync = NumberOf(settings, "min.insync.replicas");
  if (in_sync < 2 && !options.single_broker) {
    faults.push_back(
        absl::StrCat("min.insync.replicas is ", in_sync,
                     ": what is acknowledged may be on one disk only; set min.insync.replicas=2, "
                     "or accept the loss with single_broker"));
  }
  if (shape.replicas < in_sync) {
    faults.push_back(
        absl::StrCat("it has ", shape.replicas, " replicas and min.insync.replicas=", in_sync,
                     ": no append could ever succeed; give it ", in_sync + 1, " replicas"));
  }
  return faults;
}

absl::Status CheckFirstOffsets(rd_kafka_t* client, const KafkaLogOptions& options) {
  for (uint32_t p = 0; p < options.partitions; ++p) {
    int64_t first = 0;
    int64_t head = 0;
    const auto error = QueryWatermarks(client, options.topic, p, kAdminPatience, &first, &head);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return FromKafka(
          error, absl::StrCat("ask for the offsets of topic ", options.topic, " partition ", p));
    }
    if (first != 0) {
      return absl::FailedPreconditionError(
          absl::StrCat("Kafka: topic ", options.topic, " partition ", p, " begins at offset ",
                       first, ": its first events were deleted; restore them, or use a new topic"));
    }
  }
  return absl::OkStatus();
}

/// Asks again while brokers are not reached, or have not heard of a new topic yet.
absl::Status AskUntil(rd_kafka_t* client, int64_t deadline_ns,
                      const std::function<absl::Status()>& ask) {
  while (true) {
    absl::Status status = ask();
    if (!absl::IsUnavailable(status) && !absl::IsNotFound(status)) return status;
    if (SteadyNanos() > deadline_ns) return absl::UnavailableError(status.message());
    rd_kafka_poll(client, 100);
  }
}

/// Asks until brokers answer and, where it must come into being, the topic is there and led.
absl::StatusOr<TopicShape> AwaitTopic(rd_kafka_t* client, const KafkaLogOptions& options,
                                      const BrokerWatch& watch) {
  const KafkaOwned<rd_kafka_topic_t> topic(
      rd_kafka_topic_new(client, options.topic.c_str(), nullptr));
  if (topic == nullptr)
    return absl::InvalidArgumentError(absl::StrCat("Kafka: no topic can be named ", options.topic));
  const int64_t begun = SteadyNanos();
  const int64_t deadline = begun + absl::ToInt64Nanoseconds(options.connection.open_timeout);
  bool created = false;
  while (true) {
    absl::StatusOr<TopicShape> shape = ShapeOf(client, topic.get());
    rd_kafka_poll(client, 0);  // what went wrong with the connections
    if (shape.ok() && shape->led) return shape;
    if (absl::IsPermissionDenied(shape.status())) return shape;
    if (absl::IsNotFound(shape.status()) && !created) {
      const bool sure = absl::Nanoseconds(SteadyNanos() - begun) > kAbsentFor;
      if (!options.create_topic && sure) {
        return absl::FailedPreconditionError(
            absl::StrCat("Kafka: there is no topic ", options.topic,
                         "; create it, or let it be created (create_topic)"));
      }
      if (options.create_topic) {
        const absl::Status creation = Create(client, options);
        // A broker that starts is counted only when it has caught up: until then there are too few.
        if (!creation.ok() && !absl::IsUnavailable(creation)) return creation;
        if (!creation.ok()) shape = creation;
        created = creation.ok();
      }
    }
    if (SteadyNanos() > deadline) {
      const std::string why = shape.ok() ? "a partition of the topic has no leader"
                                         : std::string(shape.status().message());
      const std::string last = watch.last_error();
      return absl::UnavailableError(
          absl::StrCat(why, " (", absl::FormatDuration(options.connection.open_timeout), " at ",
                       options.connection.brokers, ")", last.empty() ? "" : "; last: ", last));
    }
    // Many of these are answered at once: not to ask a thousand times.
    rd_kafka_poll(client, 100);
  }
}

}  // namespace

absl::Status PrepareTopic(rd_kafka_t* client, const KafkaLogOptions& options,
                          const BrokerWatch& watch) {
  const int64_t deadline =
      SteadyNanos() + absl::ToInt64Nanoseconds(options.connection.open_timeout);
  TP_ASSIGN_OR_RETURN(const TopicShape shape, AwaitTopic(client, options, watch));
  std::vector<std::string> faults;
  if (shape.partitions != static_cast<int>(options.partitions)) {
    faults.push_back(absl::StrCat("it has ", shape.partitions, " partitions, not ",
                                  options.partitions,
                                  ": streams would be sought where they are not; set the number "
                                  "that it was made with"));
  }
  if (options.check_settings) {
    absl::StatusOr<std::map<std::string, std::string>> settings;
    TP_RETURN_IF_ERROR(AskUntil(client, deadline, [&] {
      settings = SettingsOf(client, options.topic);
      return settings.status();
    }));
    for (std::string& fault : Faults(options, shape, *settings)) faults.push_back(std::move(fault));
  }
  if (!faults.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "Kafka: topic ", options.topic, " cannot be the log: ", absl::StrJoin(faults, "; ")));
  }
  return AskUntil(client, deadline, [&] { return CheckFirstOffsets(client, options); });
}

}  // namespace trigpoint
