#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/notify/digest.h"
#include "services/notify/webhook_config.h"
#include "trigpoint/base/time.h"
#include "trigpoint/engine/projector.h"
#include "trigpoint/store/outbox.h"
#include "trigpoint/v1/api.pb.h"

namespace trigpoint {

/// What a taker stands on. All pointers are borrowed and must outlive it.
struct TakerDeps {
  Projector* projector = nullptr;
  Outbox* outbox = nullptr;
  std::string log_id{};  ///< The log that checkpoints belong to.
  std::function<Micros()> now_us{};
  /// Of the data directory: messages name what rests on a protected source as the API does.
  std::string secret{};
};

/// What one step of a taker found.
struct Taken {
  bool queued = false;  ///< There is something new to send.
  bool more = false;    ///< There is more to look at, at once.
};

/// Brings what endpoints are to be told from the projector into the outbox: alerts as the index has
/// them, digests when they are due. Each step is one change of the outbox, so a crash repeats what
/// it did not finish and nothing else. Threading: confined to one thread.
class Taker {
 public:
  Taker(TakerDeps deps, std::vector<WebhookConfig> webhooks);

  /// Marks endpoints that have left the configuration. Once, and again until it is OK.
  absl::Status NoteAbsent();
  /// Queues alerts since the endpoint's checkpoint, of a new endpoint those that are open; when
  /// there are no more, a digest if one is due. Errors: those of the projector's reads and of the
  /// outbox; nothing is skipped.
  absl::StatusOr<Taken> Take(const WebhookConfig& webhook);

 private:
  absl::StatusOr<Taken> TakeAlerts(const WebhookConfig& webhook);
  absl::StatusOr<bool> TakeDigest(const WebhookConfig& webhook);
  /// The endpoint's checkpoint on this log, made when there is none that fits.
  absl::StatusOr<OutboxProgress> Begin(const WebhookConfig& webhook);
  absl::StatusOr<bool> Fits(const OutboxProgress& progress) const;
  std::vector<int64_t> Committed() const;
  absl::Status TakeAlert(const Projector::AlertPosition& at, const WebhookConfig& webhook,
                         const OutboxProgress& progress, OutboxChange* change);
  absl::StatusOr<std::vector<DigestEndpoint>> TellOfEndpoints() const;
  absl::StatusOr<std::vector<v1::Alert>> Present(const WebhookConfig& webhook,
                                                 const std::vector<OutboxNote>& notes);

  const TakerDeps deps_;
  const Veil veil_;
  ProtectedTraces traces_;
  const std::vector<WebhookConfig> webhooks_;
};

}  // namespace trigpoint
