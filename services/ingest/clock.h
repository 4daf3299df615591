#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "services/common/write_gate.h"
#include "services/ingest/baseline_publisher.h"

namespace trigpoint {

/// When the clock acts.
struct ClockOptions {
  int64_t grace_us =
      60'000'000;  ///< Time that events have to carry a stream past an instant by themselves.
  int64_t period_ms = 200;                      ///< Between two looks.
  int64_t baseline_period_us = 86'400'000'000;  ///< Between two peer baselines.
  /// How old a control event is before the owner of a partition that lacks it makes the copy: who
  /// published it copies it at once, unless it ended in between.
  int64_t copy_after_us = 5'000'000;
};

/// What carries a stream past an instant: DayStarted where a London day begins with it, else
/// DeadlinePassed. One for each stream and instant, whoever makes it: its id says no more.
v1::Event TimeEventOf(int64_t due_us, const std::string& stream_id);

/// Carries streams past the instants at which time alone matters, and copies control events, in the
/// partitions that this process owns; publishes peer baselines once a day, where it owns the
/// control partition. The only place that looks at the clock for them: no fold does. The arguments
/// must outlive it.
class Clock {
 public:
  Clock(Projector* projector, EventWriter* writer, ControlPublisher* controls,
        BaselinePublisher* baselines, const ClockOptions& options);
  ~Clock();

  void Start();
  /// Idempotent. Appends under way are still answered.
  void Stop();

  /// One look at the timers: appends what carries streams past those that are due, without waiting
  /// for it. Not beside Start, whose thread does it every period.
  void FireTimers();
  /// One look at what is due besides: copies and baselines. Blocks. As FireTimers.
  void Publish();

 private:
  void Run();
  int64_t LastBaseline() const;

  Projector* projector_;
  EventWriter* writer_;
  ControlPublisher* controls_;
  BaselinePublisher* baselines_;
  ClockOptions options_;
  int64_t started_us_ = 0;
  int64_t publish_after_us_ = 0;                         // An error came: not before.
  std::set<std::pair<int64_t, std::string>> in_flight_;  // Confined to the thread.
  std::shared_ptr<std::atomic<bool>> failed_ = std::make_shared<std::atomic<bool>>(false);
  absl::Mutex mu_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace trigpoint
