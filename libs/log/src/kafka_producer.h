#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kafka_client.h"
#include "trigpoint/log/event_log.h"
#include "trigpoint/log/kafka_topics.h"

namespace trigpoint {

struct KafkaProducerOptions {
  KafkaConnection connection;
  std::string topic;
  size_t max_queued_bytes;
  absl::Duration delivery_timeout;
  absl::Duration unreachable_after;
  /// Told of each acknowledged record before its append is answered; may be empty.
  std::function<void(Position)> acknowledged;
};

/// The appending side of a topic: one idempotent producer, which is made anew after a fatal error,
/// and the thread that answers. Threading: thread-safe; Close not from an AppendCallback.
class KafkaProducer {
 public:
  KafkaProducer(const KafkaProducer&) = delete;
  KafkaProducer& operator=(const KafkaProducer&) = delete;
  ~KafkaProducer();

  static absl::StatusOr<std::unique_ptr<KafkaProducer>> Open(KafkaProducerOptions options);

  /// As EventLog::Append; the partition was checked. RD_KAFKA_PARTITION_UA leaves the choice to the
  /// key of each record.
  void Append(int32_t partition, std::vector<TopicRecord> records, AppendCallback done);
  absl::Status Health() const;
  /// Waits for answers, for a while; what is then unanswered is answered Unavailable, and so is
  /// this.
  absl::Status Close();

  /// Makes the producer fail as after an error that it cannot get over. For tests.
  void FailForTest();

 private:
  struct Batch;
  struct Client {  // destroyed from the last to the first
    KafkaOwned<rd_kafka_t> producer;
    KafkaOwned<rd_kafka_topic_t> topic;
  };

  explicit KafkaProducer(KafkaProducerOptions options);
  absl::StatusOr<Client> NewClient();
  absl::Status Admit(const std::vector<TopicRecord>& records, size_t bytes);
  rd_kafka_resp_err_t Produce(Batch* batch, TopicRecord* record);
  static void OnDelivery(rd_kafka_t* client, const rd_kafka_message_t* message, void* opaque);
  void Settle(Batch* batch, int records);
  void Serve();
  static void Purge(rd_kafka_t* client);
  bool Replace();  // false = closing

  const KafkaProducerOptions options_;
  BrokerWatch watch_;

  std::mutex mutex_;  // orders batches, and guards client_ against its replacement
  Client client_;
  std::atomic<bool> closing_ = false;

  std::atomic<size_t> queued_bytes_ = 0;
  std::atomic<int64_t> unanswered_ = 0;     // batches
  std::atomic<int64_t> unanswered_ns_ = 0;  // since when there are some and none was answered
  std::atomic<bool> failed_ = false;        // between a fatal error and the new producer
  int given_up_ = 0;                        // records, at Close

  std::mutex close_mutex_;
  std::thread server_;  // last: it uses the members above
};

}  // namespace trigpoint
