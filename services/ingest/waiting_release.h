#pragma once

#include <deque>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "services/ingest/intake.h"

namespace trigpoint {

/// Appends waiting events to their streams as soon as those are known and no backfill is under way
/// in them, from a thread of its own: those of sources whose partition this process owns, and what
/// it took itself when their stream was known already. A release that fails is tried again; one
/// that is repeated changes nothing. Both arguments must outlive it.
class WaitingRelease {
 public:
  WaitingRelease(Projector* projector, Intake* intake);
  ~WaitingRelease();

  /// Listens for bindings, looks through everything that waits, and starts the thread.
  void Start();
  /// Ends after the release in hand; what is left is found again at the next start. Idempotent.
  void Stop();

 private:
  /// Gets everything ready that waits and whose stream is known.
  void LookThroughAll();
  void Bound(const std::vector<v1::SubjectRef>& ids);
  struct Ready {
    v1::Event event;
    std::string stream_id;
    bool owned = false;  ///< Released as the owner of its source's partition, and only so.
  };
  void Add(Ready ready);
  bool IsMine(const Ready& ready) const;
  void Work();

  Projector* projector_;
  Intake* intake_;
  absl::Mutex mu_;
  std::deque<v1::SubjectRef> bound_ ABSL_GUARDED_BY(mu_);
  std::deque<Ready> ready_ ABSL_GUARDED_BY(mu_);
  bool look_again_ ABSL_GUARDED_BY(mu_) = false;
  bool stop_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace trigpoint
