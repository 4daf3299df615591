#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "services/common/back_off.h"
#include "services/common/caller.h"
#include "services/ingest/intake.h"
#include "services/partners/partner_config.h"
#include "trigpoint/base/time.h"
#include "trigpoint/log/kafka_connection.h"
#include "trigpoint/log/kafka_topics.h"
#include "trigpoint/telemetry/metrics.h"

namespace trigpoint {

/// What the intake of topics stands on. The pointers are borrowed and must outlive it.
struct PartnerIntakeDeps {
  Intake* intake = nullptr;
  const CallerAuth* auth = nullptr;
  Metrics* metrics = nullptr;
  KafkaConnection connection = {};
  std::function<Micros()> now_us = {};
  /// How long it waits before it tries again what could not be stored or told.
  BackOffRange back_off = {.min = kMicrosPerSecond / 4, .max = 30 * kMicrosPerSecond};
};

class TopicIntake;

/// Takes partners' events from topics of Apache Kafka: CloudEvents 1.0, as ReadCloudEvent reads
/// them, through the same doors as IntelligenceService.SubmitEvents: Authorise with the principal
/// that the topic is bound to, then Intake. Each topic has a thread of its own and is taken in the
/// order of its partitions.
///
/// A record is committed when what became of it is in the log, in the partner's topic of outcomes
/// and, where it was refused, in the topic of dead letters. A crash repeats: then a record is told
/// again, as DUPLICATE where it was accepted. What cannot be stored or told now (disk full, brokers
/// or keys away) is waited for; nothing is skipped, and no record can keep back those behind it for
/// what it holds. History (backfill) cannot be loaded over a topic.
/// Threading: thread-safe.
class PartnerIntake {
 public:
  ~PartnerIntake();
  PartnerIntake(const PartnerIntake&) = delete;
  PartnerIntake& operator=(const PartnerIntake&) = delete;

  /// Begins nothing new.
  void BeginStop();
  /// Ends the threads. What is not committed is read again. Before the log is closed. Idempotent.
  void Stop();

 private:
  friend absl::StatusOr<std::unique_ptr<PartnerIntake>> StartPartnerIntake(
      const PartnerIntakeDeps& deps, const std::vector<PartnerTopic>& topics);
  PartnerIntake();

  std::unique_ptr<TopicWriter> writer_;
  std::vector<std::unique_ptr<TopicIntake>> topics_;
};

/// Starts taking from every topic; null when there is none. Waits for no broker.
/// Errors: FailedPrecondition when the principals file knows no such partner; InvalidArgument.
absl::StatusOr<std::unique_ptr<PartnerIntake>> StartPartnerIntake(
    const PartnerIntakeDeps& deps, const std::vector<PartnerTopic>& topics);

}  // namespace trigpoint
