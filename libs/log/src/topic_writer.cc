#include <utility>

#include "absl/strings/str_cat.h"
#include "kafka_producer.h"
#include "kafka_topic.h"
#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

class KafkaTopicWriter final : public TopicWriter {
 public:
  explicit KafkaTopicWriter(std::unique_ptr<KafkaProducer> producer)
      : producer_(std::move(producer)) {}

  void Write(TopicRecord record, std::function<void(absl::StatusOr<Position>)> done) override {
    std::vector<TopicRecord> records;
    records.push_back(std::move(record));
    producer_->Append(RD_KAFKA_PARTITION_UA, std::move(records),
                      [answer = std::move(done)](const absl::StatusOr<Appended>& at) {
                        if (at.ok()) {
                          answer(at->first);
                        } else {
                          answer(at.status());
                        }
                      });
  }
  absl::Status Health() const override { return producer_->Health(); }
  absl::Status Close() override { return producer_->Close(); }

 private:
  const std::unique_ptr<KafkaProducer> producer_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<TopicWriter>> OpenTopicWriter(const TopicWriterOptions& options) {
  if (options.topic.empty()) return absl::InvalidArgumentError("Kafka: a writer needs a topic");
  TP_RETURN_IF_ERROR(FindTopic(options.connection, options.topic));
  TP_ASSIGN_OR_RETURN(auto producer,
                      KafkaProducer::Open({.connection = options.connection,
                                           .topic = options.topic,
                                           .max_queued_bytes = options.max_queued_bytes,
                                           .delivery_timeout = options.delivery_timeout,
                                           .unreachable_after = options.unreachable_after,
                                           .acknowledged = {}}));
  return std::make_unique<KafkaTopicWriter>(std::move(producer));
}

}  // namespace trigpoint
