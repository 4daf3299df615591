#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "trigpoint/store/key_cache.h"

namespace trigpoint {

/// Keys that a process remembers while it is told which are destroyed (Revocations), and not a
/// moment longer. Threading: thread-safe.
class LeasedKeyCache {
 public:
  /// Taken before keys are asked for; a destruction since then makes it worthless.
  using Ticket = uint64_t;

  /// `now` gives the time since boot.
  LeasedKeyCache(size_t capacity, std::function<absl::Duration()> now);

  /// A key, if it is remembered and may be used.
  std::optional<std::string> Find(const std::string& key_id);
  /// Before keys are asked for. nullopt: what comes must not be remembered.
  std::optional<Ticket> Begin();
  /// Remembers a key that was asked for after Begin, unless something was destroyed meanwhile:
  /// the answer may be older than that.
  void Insert(std::optional<Ticket> ticket, const std::string& key_id, std::string key);
  /// Forgets keys.
  void Forget(const std::vector<std::string>& key_ids);
  void ForgetAll();
  /// Whether the lease lasts.
  bool Lasts() const;
  /// What is remembered may be used until then. Call it after what the news say was forgotten.
  void Extend(absl::Duration until);

 private:
  bool Holds() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::function<absl::Duration()> now_;
  mutable absl::Mutex mutex_;
  KeyCache keys_ ABSL_GUARDED_BY(mutex_);
  Ticket generation_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Duration until_ ABSL_GUARDED_BY(mutex_){};
};

}  // namespace trigpoint
