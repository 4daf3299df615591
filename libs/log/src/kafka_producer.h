#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kafka_client.h"
#include "kafka_topic_state.h"
#include "trigpoint/log/kafka_log.h"

namespace trigpoint {

/// The appending side of a Kafka log: one idempotent producer, which is made anew after a fatal
/// error, and the thread that answers. Threading: thread-safe; Close not from an AppendCallback.
class KafkaProducer {
 public:
  KafkaProducer(const KafkaProducer&) = delete;
  KafkaProducer& operator=(const KafkaProducer&) = delete;
  ~KafkaProducer();

  static absl::StatusOr<std::unique_ptr<KafkaProducer>> Open(
      const KafkaLogOptions& options, std::shared_ptr<KafkaTopicState> state);

  /// As EventLog::Append; the partition was checked.
  void Append(uint32_t partition, std::vector<std::string> values, AppendCallback done);
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

  KafkaProducer(const KafkaLogOptions& options, std::shared_ptr<KafkaTopicState> state);
  absl::StatusOr<Client> NewClient();
  absl::Status Admit(const std::vector<std::string>& values, size_t bytes);
  static void OnDelivery(rd_kafka_t* client, const rd_kafka_message_t* message, void* opaque);
  void Settle(Batch* batch, int records);
  void Serve();
  static void Purge(rd_kafka_t* client);
  bool Replace();  // false = closing

  const KafkaLogOptions options_;
  const std::shared_ptr<KafkaTopicState> state_;
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
