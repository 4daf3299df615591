#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/notify/webhook_config.h"
#include "trigpoint/log/kafka_connection.h"
#include "trigpoint/log/kafka_topics.h"
#include "trigpoint/store/outbox.h"

namespace trigpoint {

/// The alerts topic as an endpoint of the outbox: every alert, no digest, named "kafka:" and the
/// topic, as no webhook can be. `organisation`: who reads it; see WebhookConfig.
WebhookConfig AlertsEndpoint(const std::string& topic, const std::string& organisation);

/// Writes the messages that webhooks get to a topic of Apache Kafka, keyed by alert id.
/// Threading: thread-safe.
class AlertsTopic {
 public:
  /// Waits for no broker. Errors: InvalidArgument.
  static absl::StatusOr<std::unique_ptr<AlertsTopic>> Open(const KafkaConnection& connection,
                                                           const std::string& topic);

  /// Writes one message and waits until all synced replicas have it; after an error it may be there
  /// all the same. Errors: Cancelled after Abort; those of TopicWriter::Write.
  absl::Status Write(const OutboxMessage& message);
  /// Ends what waits, for good.
  void Abort();

 private:
  struct Waiting;
  AlertsTopic(std::string topic, std::unique_ptr<TopicWriter> writer);

  const std::string topic_;
  const std::shared_ptr<Waiting> waiting_;  // Shared with the answers under way.
  const std::unique_ptr<TopicWriter> writer_;
};

}  // namespace trigpoint
