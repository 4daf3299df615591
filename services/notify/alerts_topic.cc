#include "services/notify/alerts_topic.h"

#include <optional>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "trigpoint/base/status.h"

namespace trigpoint {

WebhookConfig AlertsEndpoint(const std::string& topic, const std::string& organisation) {
  WebhookConfig endpoint;
  endpoint.organisation = organisation;
  endpoint.name = "kafka:" + topic;
  endpoint.sends_digest = false;
  return endpoint;
}

struct AlertsTopic::Waiting {
  absl::Mutex mu;
  bool aborted ABSL_GUARDED_BY(mu) = false;
};

absl::StatusOr<std::unique_ptr<AlertsTopic>> AlertsTopic::Open(const KafkaConnection& connection,
                                                               const std::string& topic) {
  TP_ASSIGN_OR_RETURN(auto writer, TopicWriter::Open({.connection = connection}));
  return std::unique_ptr<AlertsTopic>(new AlertsTopic(topic, std::move(writer)));
}

AlertsTopic::AlertsTopic(std::string topic, std::unique_ptr<TopicWriter> writer)
    : topic_(std::move(topic)), waiting_(std::make_shared<Waiting>()), writer_(std::move(writer)) {}

absl::Status AlertsTopic::Write(const OutboxMessage& message) {
  TopicMessage written;
  written.topic = topic_;
  written.key = message.alert_id;
  written.value = message.body;
  written.headers = {{"content-type", "application/json"}, {"message-id", message.id}};
  const auto answer = std::make_shared<std::optional<absl::Status>>();
  writer_->Write(std::move(written), [answer, waiting = waiting_](absl::Status status) {
    const absl::MutexLock lock(&waiting->mu);
    *answer = std::move(status);
  });
  const absl::MutexLock lock(&waiting_->mu);
  const auto over = [&] {
    waiting_->mu.AssertHeld();
    return answer->has_value() || waiting_->aborted;
  };
  waiting_->mu.Await(absl::Condition(&over));
  if (answer->has_value() && (*answer)->ok()) return absl::OkStatus();
  return waiting_->aborted ? absl::CancelledError("it is to stop") : **answer;
}

void AlertsTopic::Abort() {
  {
    const absl::MutexLock lock(&waiting_->mu);
    waiting_->aborted = true;
  }
  writer_->Close(absl::ZeroDuration()).IgnoreError();
}

}  // namespace trigpoint
