#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <set>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/support/server_callback.h"
#include "services/common/call.h"
#include "services/query/query_core.h"
#include "services/query/resume_token.h"
#include "trigpoint/v1/api.pb.h"

namespace trigpoint {

class AlertHub;

/// One client that watches alerts. The hub's thread fills its queue, at most kQueueMax long; gRPC
/// empties it, one write in flight. A slow client is not dropped and loses nothing: its position in
/// the log waits for it.
class AlertWatch final : public grpc::ServerWriteReactor<v1::WatchAlertsResponse> {
 public:
  using Clock = std::chrono::steady_clock;

  /// What a client asked for.
  struct Opening {
    std::unique_ptr<Call> call;
    Principal principal;
    WatchPosition position;
    std::chrono::seconds heartbeat{};
  };

  AlertWatch(AlertHub* hub, QueryCore* core, const ResumeTokens* tokens, Opening opening);

  /// Reads alerts up to the room in the queue and sends a heartbeat when it is time. Hub thread
  /// only. True when there is more to read at once.
  bool Pump(Clock::time_point now);
  Clock::time_point next_heartbeat() const { return next_heartbeat_; }
  Call& call() { return *call_; }
  /// Ends the stream once the write in flight is done.
  void Close(grpc::Status status);
  /// The same for a node that stops: UNAVAILABLE with the last token that was sent.
  void Drain();

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  /// Starts the next write, or finishes; whoever has something to do calls it.
  void Proceed();
  size_t Room();
  absl::StatusOr<bool> Fill();
  absl::Status Take(const Projector::AlertPosition& at);
  void Enqueue(v1::WatchAlertsResponse response);

  AlertHub* hub_;
  QueryCore* core_;
  const ResumeTokens* tokens_;
  std::unique_ptr<Call> call_;
  const Principal principal_;
  const std::chrono::seconds heartbeat_;
  WatchPosition position_;            // Hub thread only.
  Clock::time_point next_heartbeat_;  // Hub thread only.

  absl::Mutex mu_;
  std::deque<v1::WatchAlertsResponse> queue_ ABSL_GUARDED_BY(mu_);
  bool writing_ ABSL_GUARDED_BY(mu_) = false;
  bool closing_ ABSL_GUARDED_BY(mu_) = false;
  bool finished_ ABSL_GUARDED_BY(mu_) = false;
  bool starved_ ABSL_GUARDED_BY(mu_) = false;  // The queue was full: more waits in the log.
  grpc::Status status_ ABSL_GUARDED_BY(mu_);
  v1::WatchAlertsResponse out_;  // The write in flight, or the last one.
};

/// Wakes the watches after each commit that brought alerts, and for heartbeats, from one thread.
/// Threading: thread-safe. Destroyed after the server was shut down.
class AlertHub {
 public:
  explicit AlertHub(QueryCore* core);
  ~AlertHub();

  /// Takes a watch up. OK, or why not: there are too many, or the node is stopping.
  grpc::Status Add(std::shared_ptr<AlertWatch> watch);
  /// Ends every watch at once and takes up no more.
  void Drain();
  void Remove(const AlertWatch* watch);
  /// Looks at every watch soon.
  void Wake() { signal_->Raise(); }

 private:
  /// Outlives the hub in the projector's callback.
  struct Signal {
    absl::Mutex mu;
    bool raised ABSL_GUARDED_BY(mu) = false;
    bool stop ABSL_GUARDED_BY(mu) = false;
    void Raise() {
      const absl::MutexLock lock(&mu);
      raised = true;
    }
  };

  void Run();
  std::vector<std::shared_ptr<AlertWatch>> Watches();

  QueryCore* core_;
  std::shared_ptr<Signal> signal_ = std::make_shared<Signal>();
  absl::Mutex mu_;
  std::set<std::shared_ptr<AlertWatch>> watches_ ABSL_GUARDED_BY(mu_);
  bool draining_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace trigpoint
