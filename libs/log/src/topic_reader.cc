#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kafka_client.h"
#include "trigpoint/base/status.h"
#include "trigpoint/log/kafka_topics.h"

namespace trigpoint {
namespace {

constexpr absl::Duration kUnreachableAfter = absl::Seconds(10);

std::string BytesOf(const void* bytes, size_t length) {
  return bytes == nullptr ? std::string() : std::string(static_cast<const char*>(bytes), length);
}

ReceivedRecord RecordOf(const rd_kafka_message_t& message) {
  ReceivedRecord received;
  received.topic = rd_kafka_topic_name(message.rkt);
  received.position = {static_cast<uint32_t>(message.partition), message.offset};
  received.record.key = BytesOf(message.key, message.key_len);
  received.record.value = BytesOf(message.payload, message.len);
  rd_kafka_headers_t* headers = nullptr;  // the message's
  if (rd_kafka_message_headers(&message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const char* name = nullptr;
    const void* value = nullptr;
    size_t length = 0;
    for (size_t i = 0;
         rd_kafka_header_get_all(headers, i, &name, &value, &length) == RD_KAFKA_RESP_ERR_NO_ERROR;
         ++i) {
      received.record.headers.emplace_back(name, BytesOf(value, length));
    }
  }
  return received;
}

class GroupReader final : public TopicReader, private BrokerWatch {
 public:
  GroupReader() = default;
  GroupReader(const GroupReader&) = delete;
  GroupReader& operator=(const GroupReader&) = delete;
  ~GroupReader() override { GroupReader::Close(); }

  absl::Status Open(const TopicReaderOptions& options);
  absl::StatusOr<std::vector<ReceivedRecord>> Poll(size_t max_records,
                                                   absl::Duration timeout) override;
  absl::Status Commit(const ReceivedRecord& done) override;
  absl::Status Health() const override {
    if (client_ == nullptr) return absl::FailedPreconditionError("the reader is closed");
    return BrokerWatch::Health(kUnreachableAfter);
  }
  void Close() override;

 private:
  /// One record at a time: batch calls of librdkafka 2.0.2 misattribute records over a rebalance.
  absl::Status Take(absl::Duration wait, std::vector<ReceivedRecord>* records);
  static void OnRebalance(rd_kafka_t* client, rd_kafka_resp_err_t what,
                          rd_kafka_topic_partition_list_t* partitions, void* watch);

  KafkaOwned<rd_kafka_t> client_;
  /// Last record handed out of each partition since it was assigned. A commit of anything else
  /// could undo another reader's: the coordinator does not ask whose a partition is.
  std::map<std::pair<std::string, uint32_t>, int64_t> handed_out_;
  absl::Status failed_;  // met behind records that were handed out first
};

absl::Status GroupReader::Open(const TopicReaderOptions& options) {
  if (options.topics.empty() || options.group.empty())
    return absl::InvalidArgumentError("Kafka: a reader needs a group and at least one topic");
  KafkaSettings settings(options.connection, this);
  settings.Set({{"group.id", options.group},
                {"partition.assignment.strategy", "range"},
                {"session.timeout.ms", absl::StrCat(ToMillis(options.session_timeout))},
                {"heartbeat.interval.ms", absl::StrCat(ToMillis(options.session_timeout / 10))},
                {"max.poll.interval.ms",
                 absl::StrCat(ToMillis(std::max(options.poll_interval, options.session_timeout)))},
                {"enable.auto.commit", "false"},
                {"enable.auto.offset.store", "false"},
                {"auto.offset.reset", "earliest"},
                {"isolation.level", "read_committed"},
                {"check.crcs", "true"},
                {"allow.auto.create.topics", "false"},
                {"fetch.wait.max.ms", "50"},
                {"queued.max.messages.kbytes", "16384"}});
  if (!options.instance_id.empty()) settings.Set({{"group.instance.id", options.instance_id}});
  rd_kafka_conf_set_rebalance_cb(settings.conf(), OnRebalance);
  TP_ASSIGN_OR_RETURN(client_, settings.New(RD_KAFKA_CONSUMER));
  rd_kafka_poll_set_consumer(client_.get());
  const KafkaOwned<rd_kafka_topic_partition_list_t> topics(
      rd_kafka_topic_partition_list_new(static_cast<int>(options.topics.size())));
  for (const std::string& topic : options.topics)
    rd_kafka_topic_partition_list_add(topics.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  if (const auto error = rd_kafka_subscribe(client_.get(), topics.get());
      error != RD_KAFKA_RESP_ERR_NO_ERROR)
    return FromKafka(error, "subscribe to topics");
  return absl::OkStatus();
}

void GroupReader::OnRebalance(rd_kafka_t* client, rd_kafka_resp_err_t what,
                              rd_kafka_topic_partition_list_t* partitions, void* watch) {
  auto* self = static_cast<GroupReader*>(static_cast<BrokerWatch*>(watch));
  self->handed_out_.clear();
  rd_kafka_assign(client, what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS ? partitions : nullptr);
}

absl::Status GroupReader::Take(absl::Duration wait, std::vector<ReceivedRecord>* records) {
  const KafkaOwned<rd_kafka_message_t> message(
      rd_kafka_consumer_poll(client_.get(), ToMillis(wait)));
  std::array<char, 256> why{};
  if (rd_kafka_fatal_error(client_.get(), why.data(), why.size()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return absl::FailedPreconditionError(
        absl::StrCat("Kafka: this reader is out of its group for good: ", why.data()));
  }
  if (message == nullptr) return absl::OkStatus();
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const ReceivedRecord& record = records->emplace_back(RecordOf(*message));
    handed_out_[{record.topic, record.position.partition}] = record.position.offset;
    return absl::OkStatus();
  }
  absl::Status status =
      FromKafka(message->err, message->rkt == nullptr ? "read" : rd_kafka_topic_name(message->rkt));
  if (absl::IsDataLoss(status) || absl::IsNotFound(status) || absl::IsPermissionDenied(status))
    return status;
  NoteError(std::string(status.message()));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<ReceivedRecord>> GroupReader::Poll(size_t max_records,
                                                              absl::Duration timeout) {
  if (client_ == nullptr) return absl::FailedPreconditionError("the reader is closed");
  if (!failed_.ok()) return std::exchange(failed_, absl::OkStatus());
  std::vector<ReceivedRecord> records;
  const int64_t until = SteadyNanos() + absl::ToInt64Nanoseconds(std::clamp(
                                            timeout, absl::ZeroDuration(), absl::Hours(24)));
  while (records.size() < max_records) {
    const size_t before = records.size();
    const int64_t left = records.empty() ? std::max<int64_t>(until - SteadyNanos(), 0) : 0;
    const absl::Status taken = Take(absl::Nanoseconds(left), &records);
    if (!taken.ok() && records.empty()) return taken;
    if (!taken.ok()) failed_ = taken;
    if (!taken.ok() || (records.size() == before && SteadyNanos() >= until)) break;
    if (records.size() == before && !records.empty()) break;
  }
  return records;
}

absl::Status GroupReader::Commit(const ReceivedRecord& done) {
  if (client_ == nullptr) return absl::FailedPreconditionError("the reader is closed");
  const absl::Status lost =
      absl::AbortedError(absl::StrCat("Kafka: ", done.topic, " partition ", done.position.partition,
                                      " is no longer this reader's"));
  const auto handed_out = handed_out_.find({done.topic, done.position.partition});
  if (handed_out == handed_out_.end() || handed_out->second < done.position.offset) return lost;
  const KafkaOwned<rd_kafka_topic_partition_list_t> list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), done.topic.c_str(),
                                    static_cast<int32_t>(done.position.partition))
      ->offset = done.position.offset + 1;
  const rd_kafka_resp_err_t error = rd_kafka_commit(client_.get(), list.get(), 0);
  switch (static_cast<int>(error)) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
      return absl::OkStatus();
    case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
    case RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
    case RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST:
      return lost;
    default:
      return FromKafka(error, absl::StrCat("commit in ", done.topic));
  }
}

void GroupReader::Close() {
  if (client_ == nullptr) return;
  rd_kafka_consumer_close(client_.get());
  client_.reset();
}

}  // namespace

absl::StatusOr<std::unique_ptr<TopicReader>> OpenTopicReader(const TopicReaderOptions& options) {
  auto reader = std::make_unique<GroupReader>();
  TP_RETURN_IF_ERROR(reader->Open(options));
  return reader;
}

}  // namespace trigpoint
