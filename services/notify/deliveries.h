#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "services/notify/alerts_topic.h"
#include "services/notify/sender.h"
#include "services/notify/taker.h"
#include "services/notify/webhook_config.h"
#include "trigpoint/v1/api.pb.h"

namespace trigpoint {

/// What deliveries stand on. All pointers are borrowed and must outlive them.
struct DeliveriesDeps {
  Projector* projector = nullptr;
  Metrics* metrics = nullptr;
  std::string directory{};  ///< Of the outbox.
  std::string log_id{};
  std::function<Micros()> now_us{};
  std::string secret{};               ///< Of the data directory; see TakerDeps.
  std::string alerts_topic{};         ///< Of Apache Kafka; empty: alerts go to webhooks alone.
  std::string alerts_organisation{};  ///< Who reads that topic; see WebhookConfig::organisation.
  KafkaConnection kafka{};            ///< Where it is.
};

/// Alerts and digests on their way to the webhooks of a node, and alerts to a topic: one thread
/// takes them from the projector into the outbox, one for each endpoint sends them. The topic is an
/// endpoint as the others, with its own checkpoint; what it cannot take now is never given up.
/// Threading: thread-safe.
class Deliveries {
 public:
  /// Opens the outbox and reads the secrets; null when there is no endpoint and never was one.
  /// Errors: those of Outbox::Open, CheckWebhooks and AlertsTopic::Open.
  static absl::StatusOr<std::unique_ptr<Deliveries>> Open(
      const DeliveriesDeps& deps, const std::vector<WebhookConfig>& webhooks);
  ~Deliveries();

  /// Starts the threads. The projector has caught up.
  void Start();
  /// There are new alerts. Never blocks; also after Stop.
  void Wake();
  /// Begins nothing new.
  void BeginStop();
  /// Ends the threads and closes the outbox; what is not delivered is, after the next start.
  /// Idempotent.
  absl::Status Stop();

  /// As AlertService.ListDeliveries: endpoints that have left the configuration, too.
  /// Errors: NotFound for a name that never was one.
  absl::StatusOr<v1::ListDeliveriesResponse> List(const std::string& endpoint);
  /// As AlertService.RetryDeliveries; the message in front is tried at once. Gives how many were
  /// queued again. Errors: NotFound for an endpoint or message that is not there.
  absl::StatusOr<int> Retry(const v1::RetryDeliveriesRequest& request);

 private:
  Deliveries(const DeliveriesDeps& deps, std::vector<WebhookConfig> webhooks,
             std::unique_ptr<Outbox> outbox);
  void Run();
  /// One look at one endpoint; after how long the next is wanted.
  Micros Look(const WebhookConfig& webhook);
  Micros UntilNextDigest() const;
  absl::Status Fill(const std::string& endpoint, v1::EndpointStatus* status);
  absl::StatusOr<std::vector<std::string>> Names() const;

  const DeliveriesDeps deps_;
  const std::vector<WebhookConfig> webhooks_;  // The topic among them.
  std::unique_ptr<Outbox> outbox_;
  std::unique_ptr<AlertsTopic> alerts_topic_;  // Null: none is configured.
  Taker taker_;                                // Confined to the thread.
  std::map<std::string, std::unique_ptr<Sender>> senders_;
  std::map<std::string, absl::StatusCode> troubles_;  // Confined to the thread.
  bool noted_absent_ = false;                         // Confined to the thread.
  absl::Mutex mu_;
  bool woken_ ABSL_GUARDED_BY(mu_) = false;
  bool stop_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace trigpoint
