#include "kafka_client.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace trigpoint {
namespace {

absl::StatusCode CodeOf(rd_kafka_resp_err_t error) {
  switch (static_cast<int>(error)) {
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
      return absl::StatusCode::kResourceExhausted;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
    case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
      return absl::StatusCode::kInvalidArgument;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
      return absl::StatusCode::kPermissionDenied;
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
      return absl::StatusCode::kNotFound;
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR__BAD_MSG:
    case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
      return absl::StatusCode::kDataLoss;
    case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS:
      return absl::StatusCode::kAlreadyExists;
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
      return absl::StatusCode::kFailedPrecondition;
    default:  // Time-outs, leaders and coordinators that move, brokers that are down, fenced or too
              // few.
      return absl::StatusCode::kUnavailable;
  }
}

void OnError(rd_kafka_t* /*client*/, int error, const char* reason, void* opaque) {
  static_cast<BrokerWatch*>(opaque)->NoteError(
      absl::StrCat(rd_kafka_err2str(static_cast<rd_kafka_resp_err_t>(error)), ": ", reason));
}

int OnStatistics(rd_kafka_t* /*client*/, char* json, size_t length, void* opaque) {
  // The state of each broker; no other member has this value.
  if (std::string_view(json, length).find(R"("state":"UP")") != std::string_view::npos)
    static_cast<BrokerWatch*>(opaque)->NoteUp();
  return 0;  // librdkafka frees the text
}

// What librdkafka has to say reaches people through Health and the answers.
void DropLogLine(const rd_kafka_t*, int, const char*, const char*) {}

/// How long a leader may be silent before others are asked whether it still leads.
constexpr absl::Duration kLeaderSilence = absl::Seconds(2);
constexpr absl::Duration kLeaderPause = absl::Milliseconds(50);

/// Times that Kafka takes for the ends of a partition.
constexpr int64_t kEarliest = -2;
constexpr int64_t kLatest = -1;

/// The offset of a partition at a time. Not rd_kafka_query_watermark_offsets: that of librdkafka
/// 2.0.2 returns only when a broker is back, whatever it is told to wait.
rd_kafka_resp_err_t OffsetAt(rd_kafka_t* client, const std::string& topic, uint32_t partition,
                             int64_t time, absl::Duration patience, int64_t* offset) {
  const KafkaOwned<rd_kafka_topic_partition_list_t> asked(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_t* one = rd_kafka_topic_partition_list_add(
      asked.get(), topic.c_str(), static_cast<int32_t>(partition));
  one->offset = time;
  const auto error = rd_kafka_offsets_for_times(client, asked.get(), ToMillis(patience));
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return error;
  one = &asked->elems[0];
  if (one->err != RD_KAFKA_RESP_ERR_NO_ERROR) return one->err;
  if (one->offset < 0) return RD_KAFKA_RESP_ERR__TIMED_OUT;
  *offset = one->offset;
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

}  // namespace

bool LearnOfTopic(rd_kafka_t* client, const std::string& topic, absl::Duration patience) {
  const KafkaOwned<rd_kafka_topic_t> named(rd_kafka_topic_new(client, topic.c_str(), nullptr));
  const rd_kafka_metadata_t* answer = nullptr;
  if (named == nullptr || rd_kafka_metadata(client, 0, named.get(), &answer, ToMillis(patience)) !=
                              RD_KAFKA_RESP_ERR_NO_ERROR)
    return false;
  const KafkaOwned<const rd_kafka_metadata_t> metadata(answer);
  return metadata->topic_cnt == 1 && metadata->topics[0].err == RD_KAFKA_RESP_ERR_NO_ERROR;
}

absl::Status FromKafka(rd_kafka_resp_err_t error, absl::string_view doing) {
  return {CodeOf(error), absl::StrCat("Kafka: ", doing, ": ", rd_kafka_err2str(error))};
}

BrokerWatch::BrokerWatch() : up_ns_(SteadyNanos()) {}

void BrokerWatch::NoteError(std::string text) {
  const std::lock_guard lock(mutex_);
  last_error_ = std::move(text);
}

void BrokerWatch::NoteUp() {
  const std::lock_guard lock(mutex_);
  up_ns_ = SteadyNanos();
}

std::string BrokerWatch::last_error() const {
  const std::lock_guard lock(mutex_);
  return last_error_;
}

absl::Status BrokerWatch::Health(absl::Duration unreachable_after) const {
  const std::lock_guard lock(mutex_);
  const absl::Duration silent = absl::Nanoseconds(SteadyNanos() - up_ns_);
  if (silent <= unreachable_after) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("Kafka: no broker was reached for ",
                   absl::FormatDuration(absl::Trunc(silent, absl::Seconds(1))),
                   last_error_.empty() ? "" : "; last: ", last_error_));
}

KafkaSettings::KafkaSettings(const KafkaConnection& connection, BrokerWatch* watch)
    : conf_(rd_kafka_conf_new()) {
  rd_kafka_conf_set_opaque(conf(), watch);
  rd_kafka_conf_set_error_cb(conf(), OnError);
  rd_kafka_conf_set_stats_cb(conf(), OnStatistics);
  rd_kafka_conf_set_log_cb(conf(), DropLogLine);
  Set({{"bootstrap.servers", connection.brokers},
       {"client.id", connection.client_id},
       {"statistics.interval.ms", "1000"},
       {"socket.nagle.disable", "true"},
       // A broker that hangs is given up after this long, not after a minute.
       {"socket.timeout.ms", "15000"},
       {"reconnect.backoff.max.ms", "2000"},
       {"topic.metadata.refresh.interval.ms", "30000"}});
  if (connection.tls) {
    // librdkafka's own text names the setting, not the file.
    for (const std::string& file :
         {connection.tls->ca_file, connection.tls->certificate_file, connection.tls->key_file}) {
      if (error_.empty() && access(file.c_str(), R_OK) != 0)
        error_ = absl::StrCat("TLS: the file ", file, " cannot be read");
    }
    Set({{"security.protocol", "ssl"},
         {"ssl.ca.location", connection.tls->ca_file},
         {"ssl.certificate.location", connection.tls->certificate_file},
         {"ssl.key.location", connection.tls->key_file},
         {"ssl.endpoint.identification.algorithm", "https"}});
  }
}

KafkaSettings& KafkaSettings::Set(std::initializer_list<Setting> settings) {
  std::array<char, 512> why{};
  for (const auto& [name, value] : settings) {
    if (rd_kafka_conf_set(conf(), name, value.c_str(), why.data(), why.size()) !=
            RD_KAFKA_CONF_OK &&
        error_.empty())
      error_ = why.data();
  }
  return *this;
}

absl::StatusOr<KafkaOwned<rd_kafka_t>> KafkaSettings::New(rd_kafka_type_t type) {
  if (!error_.empty()) return absl::InvalidArgumentError(absl::StrCat("Kafka: ", error_));
  std::array<char, 512> why{};
  KafkaOwned<rd_kafka_t> client(rd_kafka_new(type, conf(), why.data(), why.size()));
  if (client == nullptr) return absl::InvalidArgumentError(absl::StrCat("Kafka: ", why.data()));
  static_cast<void>(conf_.release());  // the client's now
  return client;
}

int64_t SteadyNanos() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

int ToMillis(absl::Duration duration) {
  constexpr int64_t kMost = std::numeric_limits<int>::max();
  // Up, so that a wait of less than a millisecond is a wait.
  return static_cast<int>(std::clamp<int64_t>(
      absl::ToInt64Milliseconds(absl::Ceil(duration, absl::Milliseconds(1))), 0, kMost));
}

rd_kafka_resp_err_t QueryWatermarks(rd_kafka_t* client, const std::string& topic,
                                    uint32_t partition, absl::Duration patience, int64_t* first,
                                    int64_t* head) {
  const int64_t until = SteadyNanos() + absl::ToInt64Nanoseconds(patience);
  while (true) {
    const absl::Duration left = absl::Nanoseconds(std::max<int64_t>(until - SteadyNanos(), 0));
    const absl::Duration wait = std::min(left, kLeaderSilence) + absl::Milliseconds(1);
    auto error = OffsetAt(client, topic, partition, kEarliest, wait, first);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
      error = OffsetAt(client, topic, partition, kLatest, wait, head);
    const bool elsewhere =
        error == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION ||
        error == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
        error == RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE || error == RD_KAFKA_RESP_ERR__TRANSPORT ||
        error == RD_KAFKA_RESP_ERR__TIMED_OUT || error == RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE ||
        error == RD_KAFKA_RESP_ERR__IN_PROGRESS;
    if (!elsewhere || SteadyNanos() >= until) return error;
    // librdkafka 2.0.2 keeps asking a leader that died, of whom nobody else in the client wants to
    // know.
    LearnOfTopic(client, topic, std::min(left, kLeaderSilence));
    absl::SleepFor(kLeaderPause);
  }
}

void WakeLeader(rd_kafka_t* client, const std::string& topic, uint32_t partition) {
  int64_t unused = 0;
  OffsetAt(client, topic, partition, kLatest, absl::ZeroDuration(), &unused);
}

}  // namespace trigpoint
