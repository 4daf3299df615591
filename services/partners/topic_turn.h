#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "services/common/caller.h"
#include "services/ingest/intake.h"
#include "services/partners/partner_messages.h"
#include "trigpoint/access/principal.h"
#include "trigpoint/log/kafka_topics.h"

namespace trigpoint {

/// A wish to stop, and the lock of whoever waits for answers or for that. Held by callbacks, too.
/// Threading: thread-safe.
class TurnStop {
 public:
  void Request() {
    const absl::MutexLock lock(&mu);
    requested_ = true;
  }
  bool requested() const {
    const absl::MutexLock lock(&mu);
    return requested_;
  }
  /// Waits until then, or until it is to stop; true = it is to stop.
  bool AwaitFor(absl::Duration time) const {
    const absl::MutexLock lock(&mu);
    return mu.AwaitWithTimeout(absl::Condition(&requested_), time);
  }
  /// Waits until `left` is 0, or until it is to stop; true = it is 0.
  bool AwaitNone(const size_t& left) const {
    const absl::MutexLock lock(&mu);
    const auto over = [&] {
      mu.AssertHeld();
      return left == 0 || requested_;
    };
    mu.Await(absl::Condition(&over));
    return left == 0;
  }

  mutable absl::Mutex mu;

 private:
  bool requested_ ABSL_GUARDED_BY(mu) = false;
};

/// What a turn of records is taken with.
struct TopicTurnDeps {
  Intake* intake = nullptr;
  const CallerAuth* auth = nullptr;
  const Principal* partner = nullptr;
};

/// Records that were read together, on their way through intake: in order, their appends overlap.
/// Threading: confined to one thread; intake's answers come on others.
class TopicTurn {
 public:
  TopicTurn(const TopicTurnDeps& deps, std::vector<TopicRecord> records,
            std::shared_ptr<TurnStop> stop);
  ~TopicTurn();

  size_t size() const;
  /// Hands in what is not answered, in order, until one cannot be stored; then waits for the
  /// answers of what was handed in. Errors: why that one was not: it, and all behind it, may be
  /// taken again. Cancelled: it is to stop.
  absl::Status Take();
  /// Records from `from` on that are answered, up to the first that is not.
  std::vector<AnsweredRecord> Answered(size_t from) const;

 private:
  struct Item;
  struct Items;

  void Read(Item* item) const;
  void TakeOne(size_t index);
  absl::Status Admit(const Item& item) const;

  const TopicTurnDeps deps_;
  const std::shared_ptr<Items> items_;  // Shared with the answers under way.
};

}  // namespace trigpoint
