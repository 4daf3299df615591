#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/common/back_off.h"
#include "services/common/http_client.h"
#include "trigpoint/store/outbox.h"
#include "trigpoint/telemetry/metrics.h"

namespace trigpoint {

/// Where and how one endpoint is sent to.
struct SenderOptions {
  std::string name;
  std::string url;
  std::string ca_file;
  std::vector<std::string> keys;  ///< Every message is signed with each.
  int64_t timeout_ms = 10'000;
  Micros give_up_after = 24 * kMicrosPerHour;
  BackOffRange back_off;
  std::function<Micros()> now_us;
  /// Where messages are written to a topic: waits until it is there. Empty: HTTP.
  /// Errors: Cancelled: it is to stop; InvalidArgument: it will never be taken.
  std::function<absl::Status(const OutboxMessage&)> write;
  /// For tests; empty: HTTP.
  std::function<absl::StatusOr<HttpAnswer>(const HttpRequest&)> post;
};

/// How the message in front is doing.
struct SenderStatus {
  uint32_t failed = 0;  ///< Attempts since this message is in front, or since the start.
  Micros next_attempt_us = 0;
  std::string last_error;  ///< Empty once a message was taken.
};

/// Sends the queue of one endpoint, in its order: the next message only when the one in front was
/// taken or became a dead letter. A thread of its own.
/// Threading: thread-safe. The outbox and the metrics must outlive it.
class Sender {
 public:
  Sender(Outbox* outbox, Metrics* metrics, SenderOptions options);
  ~Sender();
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  void Start();
  /// Begins nothing new. What is under way goes on.
  void BeginStop();
  /// Gives what is under way until then, cuts it off, and ends the thread: it is sent again after
  /// the next start. Idempotent.
  void Stop(absl::Time until);
  /// There is something new in the queue.
  void Wake();
  /// Ends the wait between two attempts.
  void TryNow();
  SenderStatus Status() const;
  const std::string& name() const { return options_.name; }

 private:
  void Run();
  /// Handles the message in front; false when there is none, or it cannot be read now.
  bool Step();
  absl::StatusOr<HttpAnswer> Post(const OutboxMessage& message);
  void Attempt(const OutboxMessage& message);
  void AttemptWrite(const OutboxMessage& message);
  void Taken(const OutboxMessage& message);
  /// Why an attempt failed, for people and for the log; and what the receiver asked for.
  struct Failure {
    std::string error;
    std::string code;
    Micros retry_after = 0;
  };
  void Failed(const OutboxMessage& message, const Failure& failure);
  /// Repeats until the outbox has it: what was taken must not be sent again for a full disk.
  void Settle(const std::function<absl::Status()>& change);
  void GiveUp(const OutboxMessage& message, const std::string& reason);
  void Clear(const std::string& last_error);
  void Export();
  /// Waits for so long, or until woken as asked; false when it is to stop.
  bool Rest(Micros at_most, bool ends_with_wake);
  bool stopping() const;

  Outbox* const outbox_;
  const SenderOptions options_;
  const Micros started_us_;
  Counter* const delivered_;
  Counter* const failed_attempts_;
  Gauge* const waiting_;
  Gauge* const dead_;
  HttpClient client_;
  std::mt19937_64 random_;  // Confined to the thread.

  mutable absl::Mutex mu_;
  SenderStatus status_ ABSL_GUARDED_BY(mu_);
  bool stop_ ABSL_GUARDED_BY(mu_) = false;
  bool woken_ ABSL_GUARDED_BY(mu_) = false;
  bool try_now_ ABSL_GUARDED_BY(mu_) = false;
  bool ended_ ABSL_GUARDED_BY(mu_) = true;
  std::thread thread_;
};

}  // namespace trigpoint
