#include "trigpoint/log/kafka_log.h"

#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kafka_producer.h"
#include "kafka_reader.h"
#include "kafka_topic.h"
#include "trigpoint/base/status.h"
#include "visible_tail.h"

namespace trigpoint {
namespace {

constexpr absl::Duration kRecordPatience = absl::Seconds(10);

/// A consumer that is assigned to nothing: it asks. Threading: thread-safe.
struct Asker {
  BrokerWatch watch;  // outlives the client
  KafkaOwned<rd_kafka_t> client;
};

class KafkaLog final : public EventLog {
 public:
  KafkaLog(std::shared_ptr<KafkaTopicState> state, std::unique_ptr<Asker> asker,
           std::unique_ptr<KafkaProducer> producer)
      : state_(std::move(state)),
        asker_(std::move(asker)),
        record_reader_(NewKafkaReader(state_, KafkaPrefetch::kOneRecord)),
        producer_(std::move(producer)) {}
  KafkaLog(const KafkaLog&) = delete;
  KafkaLog& operator=(const KafkaLog&) = delete;
  ~KafkaLog() override { KafkaLog::Close().IgnoreError(); }

  uint32_t partitions() const override { return state_->partitions(); }

  void Append(uint32_t partition, std::vector<std::string> values, AppendCallback done) override {
    if (partition >= partitions()) return done(UnknownPartitionError(partition, partitions()));
    producer_->Append(partition, std::move(values), std::move(done));
  }

  absl::StatusOr<int64_t> FirstOffset(uint32_t partition) const override {
    TP_ASSIGN_OR_RETURN(const Watermarks marks, Ask(partition));
    return marks.first;
  }

  absl::StatusOr<int64_t> HeadOffset(uint32_t partition) const override {
    TP_ASSIGN_OR_RETURN(const Watermarks marks, Ask(partition));
    return marks.head;
  }

  absl::StatusOr<Digest> DigestAt(Position at) const override {
    TP_ASSIGN_OR_RETURN(const Watermarks marks, Ask(at.partition));
    const std::string place = absl::StrCat("partition ", at.partition, " offset ", at.offset);
    if (at.offset < marks.first || at.offset >= marks.head)
      return absl::OutOfRangeError(absl::StrCat("no record at ", place));
    const std::lock_guard lock(record_mutex_);
    TP_RETURN_IF_ERROR(record_reader_->Assign({at}));
    absl::StatusOr<std::vector<Record>> records = record_reader_->Poll(1, kRecordPatience);
    record_reader_->Assign({}).IgnoreError();  // fetches no more
    if (!records.ok()) return records.status();
    if (records->empty())
      return absl::UnavailableError(absl::StrCat("Kafka: no record came from ", place));
    return DigestOf(records->front().value);
  }

  std::unique_ptr<LogReader> NewReader() override {
    return NewKafkaReader(state_, KafkaPrefetch::kStream);
  }

  absl::Status Health() const override { return producer_->Health(); }

  absl::Status Close() override {
    absl::Status closed = producer_->Close();
    state_->Close();
    return closed;
  }

 private:
  absl::StatusOr<Watermarks> Ask(uint32_t partition) const {
    if (partition >= partitions()) return UnknownPartitionError(partition, partitions());
    rd_kafka_poll(asker_->client.get(), 0);  // what went wrong lies in memory until it is told
    return AskWatermarks(asker_->client.get(), state_.get(), partition);
  }

  const std::shared_ptr<KafkaTopicState> state_;
  const std::unique_ptr<Asker> asker_;
  mutable std::mutex record_mutex_;
  const std::unique_ptr<LogReader> record_reader_;
  const std::unique_ptr<KafkaProducer> producer_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<EventLog>> OpenKafkaLog(const KafkaLogOptions& options) {
  if (options.connection.brokers.empty())
    return absl::InvalidArgumentError("Kafka: no broker is named");
  if (options.topic.empty() || options.partitions == 0)
    return absl::InvalidArgumentError("Kafka: a log needs a topic and at least one partition");
  auto state =
      std::make_shared<KafkaTopicState>(options.connection, options.topic, options.partitions);
  auto asker = std::make_unique<Asker>();
  TP_ASSIGN_OR_RETURN(
      asker->client,
      ReaderSettings(*state, &asker->watch, KafkaPrefetch::kOneRecord).New(RD_KAFKA_CONSUMER));
  TP_RETURN_IF_ERROR(PrepareTopic(asker->client.get(), options, asker->watch));
  TP_ASSIGN_OR_RETURN(auto producer, KafkaProducer::Open(options, state));
  return std::make_unique<KafkaLog>(std::move(state), std::move(asker), std::move(producer));
}

}  // namespace trigpoint
