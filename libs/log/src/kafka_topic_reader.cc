#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kafka_client.h"
#include "kafka_group.h"
#include "trigpoint/base/status.h"
#include "trigpoint/log/kafka_topics.h"

namespace trigpoint {
namespace {

constexpr size_t kGivenBytesMax = size_t{8} << 20;
constexpr absl::Duration kSeatPatience = absl::Seconds(5);

using Place = std::pair<std::string, int32_t>;  // topic, partition
using PlaceList = KafkaOwned<rd_kafka_topic_partition_list_t>;

/// Where the group's last commit is.
constexpr int64_t kStored = RD_KAFKA_OFFSET_STORED;

PlaceList NewList(size_t size) {
  return PlaceList(rd_kafka_topic_partition_list_new(static_cast<int>(size)));
}

TopicRecord RecordOf(const rd_kafka_message_t& message) {
  TopicRecord record;
  record.message.topic = rd_kafka_topic_name(message.rkt);
  record.partition = message.partition;
  record.offset = message.offset;
  record.timestamp_ms = rd_kafka_message_timestamp(&message, nullptr);
  if (message.key != nullptr)
    record.message.key.emplace(static_cast<const char*>(message.key), message.key_len);
  if (message.payload != nullptr)
    record.message.value.assign(static_cast<const char*>(message.payload), message.len);
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return record;
  const char* name = nullptr;
  const void* text = nullptr;
  size_t size = 0;
  for (size_t i = 0;
       rd_kafka_header_get_all(headers, i, &name, &text, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    record.message.headers.emplace_back(
        name, text == nullptr ? std::string() : std::string(static_cast<const char*>(text), size));
  }
  return record;
}

}  // namespace

// A BrokerWatch, for that is what every callback of ours is given.
struct TopicReader::Impl : BrokerWatch {
  explicit Impl(TopicReaderOptions its_options)
      : options(std::move(its_options)), left_out(options.group, options.topics) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    if (client != nullptr) rd_kafka_consumer_close(client.get());
  }

  absl::Status Open();
  static void OnRebalance(rd_kafka_t* client, rd_kafka_resp_err_t error,
                          rd_kafka_topic_partition_list_t* places, void* opaque);
  void Accept(const rd_kafka_message_t& message);
  void AcceptError(const rd_kafka_message_t& message);
  /// Puts partitions of which nobody says where to begin at the first record that there is.
  absl::Status Seat();
  absl::StatusOr<int64_t> SeatOf(const Place& place);
  bool Holds(const std::string& topic) const {
    const auto first = next.lower_bound({topic, 0});
    return first != next.end() && first->first.first == topic;
  }
  bool Full(size_t max_records) const {
    return given.size() >= max_records || given_bytes >= kGivenBytesMax;
  }

  const TopicReaderOptions options;
  LeftOutTopics left_out;
  KafkaOwned<rd_kafka_t> client;
  std::map<Place, int64_t> next;  // of the partitions held; what the group has committed = kStored
  std::set<Place> unseated;
  std::vector<TopicRecord> given;  // by the call of Poll that is under way
  size_t given_bytes = 0;
  absl::Status trouble;  // of this call of Poll
};

absl::Status TopicReader::Impl::Open() {
  KafkaSettings settings(options.connection, this);
  settings.Set({{"group.id", options.group},
                {"partition.assignment.strategy", "range,roundrobin"},
                {"session.timeout.ms", absl::StrCat(ToMillis(options.session_timeout))},
                {"heartbeat.interval.ms", absl::StrCat(ToMillis(options.session_timeout / 5))},
                {"enable.auto.commit", "false"},
                {"enable.auto.offset.store", "false"},
                // Where to begin is decided here: see Seat.
                {"auto.offset.reset", "error"},
                {"isolation.level", "read_committed"},
                {"check.crcs", "true"},
                {"allow.auto.create.topics", "false"},
                {"fetch.wait.max.ms", "50"},
                {"fetch.error.backoff.ms", "100"},
                {"queued.max.messages.kbytes", "16384"}});
  rd_kafka_conf_set_rebalance_cb(settings.conf(), OnRebalance);
  TP_ASSIGN_OR_RETURN(client, settings.New(RD_KAFKA_CONSUMER));
  rd_kafka_poll_set_consumer(client.get());
  const PlaceList topics = NewList(options.topics.size());
  for (const std::string& topic : options.topics)
    rd_kafka_topic_partition_list_add(topics.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  const auto error = rd_kafka_subscribe(client.get(), topics.get());
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return FromKafka(error, "subscribe to topics");
  return absl::OkStatus();
}

// In Poll, and in the close.
void TopicReader::Impl::OnRebalance(rd_kafka_t* client, rd_kafka_resp_err_t error,
                                    rd_kafka_topic_partition_list_t* places, void* opaque) {
  auto* self = static_cast<Impl*>(static_cast<BrokerWatch*>(opaque));
  self->next.clear();
  self->unseated.clear();
  self->given.clear();  // whoever has the partitions next reads them
  self->given_bytes = 0;
  if (error != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    rd_kafka_assign(client, nullptr);
    return;
  }
  for (int i = 0; i < places->cnt; ++i)
    self->next[{places->elems[i].topic, places->elems[i].partition}] = kStored;
  rd_kafka_assign(client, places);
}

void TopicReader::Impl::AcceptError(const rd_kafka_message_t& message) {
  const char* topic = message.rkt == nullptr ? nullptr : rd_kafka_topic_name(message.rkt);
  const absl::Status status = FromKafka(
      message.err, topic == nullptr ? std::string("read") : absl::StrCat("read topic ", topic));
  NoteError(std::string(status.message()));
  const bool nowhere = message.err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
                       message.err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE ||
                       message.err == RD_KAFKA_RESP_ERR__NO_OFFSET;
  if (nowhere && topic != nullptr) {
    if (next.count({topic, message.partition}) > 0) unseated.insert({topic, message.partition});
  } else if (absl::IsNotFound(status) || absl::IsPermissionDenied(status)) {
    trouble = status;
  }  // All else heals: brokers come back, coordinators are found, groups settle.
}

void TopicReader::Impl::Accept(const rd_kafka_message_t& message) {
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) return AcceptError(message);
  const auto held = next.find({rd_kafka_topic_name(message.rkt), message.partition});
  // Below: what a fetch of an earlier assignment brought.
  if (held == next.end() || message.offset < held->second) return;
  held->second = message.offset + 1;
  given.push_back(RecordOf(message));
  given_bytes += message.len;
}

absl::StatusOr<int64_t> TopicReader::Impl::SeatOf(const Place& place) {
  const auto& [topic, partition] = place;
  const int patience = ToMillis(kSeatPatience);
  const PlaceList committed = NewList(1);
  rd_kafka_topic_partition_list_add(committed.get(), topic.c_str(), partition);
  auto error = rd_kafka_committed(client.get(), committed.get(), patience);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) error = committed->elems[0].err;
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return FromKafka(error, "ask for a group's offsets");
  int64_t first = 0;
  int64_t head = 0;
  error = QueryWatermarks(client.get(), topic, static_cast<uint32_t>(partition), kSeatPatience,
                          &first, &head);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
    return FromKafka(error, absl::StrCat("ask for the offsets of topic ", topic));
  const int64_t wanted = std::max(next[place], committed->elems[0].offset);
  if (wanted >= first && wanted <= head) return wanted;
  if (wanted >= 0 && options.on_gap) options.on_gap({topic, partition, wanted, first});
  return first;
}

// Never a seek: librdkafka 2.0.2 loses records around them. A new assignment drops what was fetched
// for the former one.
absl::Status TopicReader::Impl::Seat() {
  std::map<Place, int64_t> seats = next;
  for (const Place& place : unseated) {
    TP_ASSIGN_OR_RETURN(seats[place], SeatOf(place));
  }
  const PlaceList list = NewList(seats.size());
  for (const auto& [place, offset] : seats) {
    rd_kafka_topic_partition_list_add(list.get(), place.first.c_str(), place.second)->offset =
        offset;
  }
  const auto error = rd_kafka_assign(client.get(), list.get());
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return FromKafka(error, "assign partitions");
  next = std::move(seats);
  unseated.clear();
  return absl::OkStatus();
}

TopicReader::TopicReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

TopicReader::~TopicReader() = default;

absl::StatusOr<std::unique_ptr<TopicReader>> TopicReader::Open(const TopicReaderOptions& options) {
  if (options.connection.brokers.empty())
    return absl::InvalidArgumentError("Kafka: no broker is named");
  if (options.group.empty() || options.topics.empty())
    return absl::InvalidArgumentError("Kafka: a reader needs a group and a topic");
  auto impl = std::make_unique<Impl>(options);
  TP_RETURN_IF_ERROR(impl->Open());
  return std::unique_ptr<TopicReader>(new TopicReader(std::move(impl)));
}

absl::StatusOr<std::vector<TopicRecord>> TopicReader::Poll(size_t max_records,
                                                           absl::Duration timeout) {
  Impl& impl = *impl_;
  impl.given.clear();
  impl.given_bytes = 0;
  impl.trouble = absl::OkStatus();
  impl.left_out.Heal(impl.client.get(), [&impl](const auto& topic) { return impl.Holds(topic); });
  const int64_t until = SteadyNanos() + absl::ToInt64Nanoseconds(std::clamp(
                                            timeout, absl::ZeroDuration(), absl::Hours(1)));
  int64_t left = 0;
  do {
    if (!impl.unseated.empty()) impl.trouble.Update(impl.Seat());
    left = std::max<int64_t>(until - SteadyNanos(), 0);
    KafkaOwned<rd_kafka_message_t> message(
        rd_kafka_consumer_poll(impl.client.get(), ToMillis(absl::Nanoseconds(left))));
    while (message != nullptr) {
      impl.Accept(*message);
      if (impl.Full(max_records)) break;
      message.reset(rd_kafka_consumer_poll(impl.client.get(), 0));
    }
  } while (impl.given.empty() && impl.trouble.ok() && left > 0);
  if (impl.given.empty() && !impl.trouble.ok()) return impl.trouble;
  return std::exchange(impl.given, {});
}

absl::Status TopicReader::Commit(const std::vector<TopicRecord>& records) {
  std::map<Place, int64_t> done;
  for (const TopicRecord& record : records) {
    int64_t& next = done[{record.message.topic, record.partition}];
    next = std::max(next, record.offset + 1);
  }
  if (done.empty()) return absl::OkStatus();
  const PlaceList list = NewList(done.size());
  for (const auto& [place, offset] : done) {
    rd_kafka_topic_partition_list_add(list.get(), place.first.c_str(), place.second)->offset =
        offset;
  }
  auto error = rd_kafka_commit(impl_->client.get(), list.get(), 0);
  for (int i = 0; i < list->cnt && error == RD_KAFKA_RESP_ERR_NO_ERROR; ++i)
    error = list->elems[i].err;
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("Kafka: commit of a group: ", rd_kafka_err2str(error)));
}

bool TopicReader::Lost() const { return rd_kafka_assignment_lost(impl_->client.get()) != 0; }

int64_t TopicReader::Behind() const {
  int64_t behind = 0;
  for (const auto& [place, next] : impl_->next) {
    int64_t first = 0;
    int64_t head = 0;
    if (rd_kafka_get_watermark_offsets(impl_->client.get(), place.first.c_str(), place.second,
                                       &first, &head) == RD_KAFKA_RESP_ERR_NO_ERROR &&
        head > 0)
      behind += std::max<int64_t>(head - std::max(next, first), 0);
  }
  return behind;
}

}  // namespace trigpoint
