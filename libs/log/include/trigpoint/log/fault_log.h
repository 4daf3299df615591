#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <vector>

#include "absl/status/status.h"
#include "trigpoint/log/event_log.h"

namespace trigpoint {

/// What happens to one append.
enum class AppendFault {
  kNone,
  kFail,       ///< Not appended; answered with the plan's status.
  kLoseAck,    ///< Appended; answered with the plan's status.
  kDuplicate,  ///< Appended twice; answered with the first position.
  kHold,       ///< Kept back, with every later append, until ReleaseHeld or LoseHeld; not answered
               ///< before.
  kAckEarly,   ///< As kHold, but acknowledged at once, as a disk that lies about its cache does.
};

/// Probability of each fault per append; the rest is kNone.
struct FaultRates {
  double fail = 0;
  double lose_ack = 0;
  double duplicate = 0;
};

/// Decides, by script or by seed, what goes wrong in a fault log. Without orders nothing does.
/// Equal seeds and equal call sequences give equal faults. Threading: thread-safe.
class FaultPlan {
 public:
  explicit FaultPlan(uint64_t seed = 1) : random_(seed) {}

  /// Appends to the script: the next appends meet these faults in order. After the script the rates
  /// apply.
  void Script(const std::vector<AppendFault>& faults);
  void SetRates(const FaultRates& rates);
  /// What kFail, kLoseAck and lost appends answer; Unavailable unless set.
  void SetStatus(absl::Status status);

  /// The next `count` polls answer `status` (OK = empty), then polls are passed on.
  void FailPolls(int count, absl::Status status);

  /// Hides the records of a partition from `head` on, as a truncated log would. Appends to it
  /// answer Unavailable.
  void TruncateView(Position head);
  void RestoreViews();

  /// Passes held appends on in their order. / Loses them, as a power cut before the sync;
  /// unanswered ones are answered.
  void ReleaseHeld();
  void LoseHeld();
  size_t held() const;
  /// Number of appends that met a fault.
  size_t faults() const;

 private:
  friend class FaultLog;
  friend class FaultReader;
  struct Held {
    EventLog* log;
    uint32_t partition;
    std::vector<std::string> values;
    AppendCallback done;  // empty once acknowledged early
  };

  AppendFault Next();                             // mutex_ held
  int64_t HeldRecords(uint32_t partition) const;  // mutex_ held

  mutable std::mutex mutex_;
  std::mt19937_64 random_;
  std::deque<AppendFault> script_;
  FaultRates rates_;
  absl::Status status_ = absl::UnavailableError("fault log: scripted failure");
  std::deque<absl::Status> polls_;
  std::map<uint32_t, int64_t> views_;
  std::deque<Held> held_;
  size_t faults_ = 0;
};

/// A log that passes everything to `base` and misbehaves as `plan` says. Both must outlive it;
/// Close closes `base` and loses what is held.
std::unique_ptr<EventLog> NewFaultLog(EventLog* base, FaultPlan* plan);

}  // namespace trigpoint
