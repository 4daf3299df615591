#include "kafka_producer.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "trigpoint/base/status.h"
#include "visible_tail.h"

namespace trigpoint {
namespace {

constexpr size_t kAppendOverhead = 32;
constexpr absl::Duration kServe = absl::Milliseconds(100);
constexpr absl::Duration kCloseAfter = absl::Seconds(10);
constexpr absl::Duration kRetryAfter = absl::Seconds(1);

}  // namespace

// The values stay here, unmoved, until the last record is answered: librdkafka sends from them.
struct KafkaProducer::Batch {
  Batch(KafkaProducer* its_producer, uint32_t its_partition, std::vector<std::string> its_values,
        AppendCallback its_done, size_t its_bytes)
      : producer(its_producer),
        partition(its_partition),
        values(std::move(its_values)),
        done(std::move(its_done)),
        bytes(its_bytes),
        left(static_cast<int>(values.size())) {}

  KafkaProducer* const producer;
  const uint32_t partition;
  std::vector<std::string> values;
  const AppendCallback done;
  const size_t bytes;
  std::atomic<int> left;  // records without an answer
  // Written by the one thread that serves delivery reports.
  int64_t first = std::numeric_limits<int64_t>::max();
  int64_t last = -1;
  absl::Status failed;
  absl::Status refused;  // written by the appender, before its last Settle
};

absl::StatusOr<std::unique_ptr<KafkaProducer>> KafkaProducer::Open(
    const KafkaLogOptions& options, std::shared_ptr<KafkaTopicState> state) {
  std::unique_ptr<KafkaProducer> producer(new KafkaProducer(options, std::move(state)));
  TP_ASSIGN_OR_RETURN(producer->client_, producer->NewClient());
  producer->server_ = std::thread([p = producer.get()] { p->Serve(); });
  return producer;
}

KafkaProducer::KafkaProducer(const KafkaLogOptions& options, std::shared_ptr<KafkaTopicState> state)
    : options_(options), state_(std::move(state)) {}

KafkaProducer::~KafkaProducer() { Close().IgnoreError(); }

absl::StatusOr<KafkaProducer::Client> KafkaProducer::NewClient() {
  KafkaSettings settings(options_.connection, &watch_);
  settings.Set({
      {"enable.idempotence", "true"},
      {"acks", "all"},
      {"compression.type", "lz4"},
      {"linger.ms", "1"},
      {"message.max.bytes", absl::StrCat(kKafkaRecordBytesMax + 4096)},
      {"message.timeout.ms", absl::StrCat(ToMillis(options_.delivery_timeout))},
      // What is queued is bounded here, by whole batches: the queue must not fill within one.
      {"queue.buffering.max.messages", "0"},
      {"queue.buffering.max.kbytes", "2147483647"},
  });
  rd_kafka_conf_set_dr_msg_cb(settings.conf(), OnDelivery);
  Client client;
  TP_ASSIGN_OR_RETURN(client.producer, settings.New(RD_KAFKA_PRODUCER));
  client.topic.reset(rd_kafka_topic_new(client.producer.get(), state_->topic.c_str(), nullptr));
  if (client.topic == nullptr)
    return absl::InvalidArgumentError(absl::StrCat("Kafka: no topic can be named ", state_->topic));
  // Now, so that the first append does not wait for it. Whoever is late here is only slower then.
  const rd_kafka_metadata_t* metadata = nullptr;
  if (rd_kafka_metadata(client.producer.get(), 0, client.topic.get(), &metadata,
                        ToMillis(kRetryAfter)) == RD_KAFKA_RESP_ERR_NO_ERROR)
    rd_kafka_metadata_destroy(metadata);
  return client;
}

void KafkaProducer::Append(uint32_t partition, std::vector<std::string> values,
                           AppendCallback done) {
  size_t bytes = 0;
  for (const std::string& value : values) bytes += value.size() + kAppendOverhead;
  const int records = static_cast<int>(values.size());
  if (absl::Status admitted = Admit(values, bytes); !admitted.ok()) return done(admitted);
  auto* batch = new Batch(this, partition, std::move(values), std::move(done), bytes);
  int sent = 0;
  {
    const std::lock_guard lock(mutex_);
    if (closing_) {
      batch->refused = ClosedError();
    } else if (failed_.load() || client_.producer == nullptr) {
      batch->refused = absl::UnavailableError("Kafka: the producer is made anew; append again");
    }
    for (; sent < records && batch->refused.ok(); ++sent) {
      std::string& value = batch->values[static_cast<size_t>(sent)];
      // Neither copied nor freed: the batch outlives its records.
      if (rd_kafka_produce(client_.topic.get(), static_cast<int32_t>(partition), 0, value.data(),
                           value.size(), nullptr, 0, batch) != 0) {
        batch->refused = FromKafka(rd_kafka_last_error(), "append");
        break;
      }
    }
  }
  if (sent < records) Settle(batch, records - sent);
}

absl::Status KafkaProducer::Admit(const std::vector<std::string>& values, size_t bytes) {
  if (values.empty()) return absl::InvalidArgumentError("an append needs at least one record");
  for (const std::string& value : values) {
    if (value.size() <= kKafkaRecordBytesMax) continue;
    return absl::InvalidArgumentError(absl::StrCat("a record of ", value.size(),
                                                   " bytes is larger than the ",
                                                   kKafkaRecordBytesMax, " that Kafka takes"));
  }
  if (bytes > options_.max_queued_bytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a batch of ", bytes, " bytes never fits a queue of ", options_.max_queued_bytes));
  }
  size_t queued = queued_bytes_.load();
  do {
    if (queued + bytes > options_.max_queued_bytes) {
      return absl::ResourceExhaustedError(absl::StrCat("the append queue is full: ", queued, " of ",
                                                       options_.max_queued_bytes, " bytes"));
    }
  } while (!queued_bytes_.compare_exchange_weak(queued, queued + bytes));
  if (unanswered_.fetch_add(1) == 0) unanswered_ns_.store(SteadyNanos());
  return absl::OkStatus();
}

void KafkaProducer::OnDelivery(rd_kafka_t* /*client*/, const rd_kafka_message_t* message,
                               void* /*opaque*/) {
  auto* batch = static_cast<Batch*>(message->_private);
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    batch->failed = FromKafka(message->err, "an append is not acknowledged");
  } else if (message->offset < 0) {
    // A repeated request whose first answer the broker has forgotten.
    batch->failed = absl::UnavailableError("Kafka: an append is acknowledged, but not where");
  } else {
    batch->first = std::min(batch->first, message->offset);
    batch->last = std::max(batch->last, message->offset);
    batch->producer->state_->NoteHead(batch->partition, message->offset + 1);
  }
  batch->producer->Settle(batch, 1);
}

void KafkaProducer::Settle(Batch* batch, int records) {
  if (batch->left.fetch_sub(records) != records) return;
  const std::unique_ptr<Batch> answered(batch);
  queued_bytes_.fetch_sub(batch->bytes);
  unanswered_ns_.store(SteadyNanos());
  unanswered_.fetch_sub(1);
  if (!batch->refused.ok()) {
    batch->done(batch->refused);
  } else if (!batch->failed.ok()) {
    batch->done(batch->failed);
  } else {
    batch->done(Appended{{batch->partition, batch->first}, {batch->partition, batch->last}});
  }
}

absl::Status KafkaProducer::Health() const {
  if (closing_.load()) return ClosedError();
  if (failed_.load()) return absl::UnavailableError("Kafka: the producer is made anew");
  const absl::Duration waiting = absl::Nanoseconds(SteadyNanos() - unanswered_ns_.load());
  if (unanswered_.load() > 0 && waiting > options_.unreachable_after) {
    const std::string last = watch_.last_error();
    return absl::UnavailableError(
        absl::StrCat("Kafka: no append was acknowledged for ",
                     absl::FormatDuration(absl::Trunc(waiting, absl::Seconds(1))),
                     last.empty() ? "" : "; last: ", last));
  }
  return watch_.Health(options_.unreachable_after);
}

absl::Status KafkaProducer::Close() {
  {
    const std::lock_guard lock(mutex_);
    closing_.store(true);
  }
  const std::lock_guard lock(close_mutex_);
  if (server_.joinable()) server_.join();
  if (given_up_ == 0) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("Kafka: closed with ", given_up_, " records that were not acknowledged"));
}

void KafkaProducer::FailForTest() {
  const std::lock_guard lock(mutex_);
  rd_kafka_test_fatal_error(client_.producer.get(), RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
                            "test");
}

void KafkaProducer::Serve() {
  int64_t closing_since = 0;
  while (true) {
    rd_kafka_poll(client_.producer.get(), ToMillis(kServe));
    if (rd_kafka_fatal_error(client_.producer.get(), nullptr, 0) != RD_KAFKA_RESP_ERR_NO_ERROR &&
        !Replace())
      return;
    if (!closing_.load()) continue;
    if (closing_since == 0) closing_since = SteadyNanos();
    const int left = rd_kafka_outq_len(client_.producer.get());
    if (left == 0) return;
    if (absl::Nanoseconds(SteadyNanos() - closing_since) < kCloseAfter) continue;
    given_up_ = left;
    Purge(client_.producer.get());
    return;
  }
}

void KafkaProducer::Purge(rd_kafka_t* client) {
  rd_kafka_purge(client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  while (rd_kafka_outq_len(client) > 0) rd_kafka_poll(client, ToMillis(kServe));
}

bool KafkaProducer::Replace() {
  failed_.store(true);
  Client failed;
  {
    const std::lock_guard lock(mutex_);
    std::swap(failed, client_);
  }
  // What was under way may be stored or not: its appenders are told, append it again, and readers
  // drop what then stands twice.
  Purge(failed.producer.get());
  while (!closing_.load()) {
    absl::StatusOr<Client> anew = NewClient();
    if (!anew.ok()) {
      std::this_thread::sleep_for(absl::ToChronoMilliseconds(kRetryAfter));
      continue;
    }
    const std::lock_guard lock(mutex_);
    client_ = *std::move(anew);
    failed_.store(false);
    return true;
  }
  return false;
}

}  // namespace trigpoint
