#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace trigpoint {

/// Time since this machine started, standing while it sleeps included: a process that was stopped,
/// or whose machine was, finds its lease run out.
absl::Duration SinceBoot();

/// Which keys were destroyed, told to every process that remembers keys, so that none goes on using
/// one.
///
/// Rule (docs/adr/0030): a follower may use what it remembers for the length of the lease after it
/// sent the call that was answered last. Revoke returns when each follower that was heard of within
/// its lease has said, with its next call, that it forgot; the leases of followers of an earlier
/// run of this process, which it cannot know, count from its start.
/// Threading: thread-safe.
class Revocations {
 public:
  /// What a follower is to forget, and up to where it then is.
  struct News {
    std::string run;
    uint64_t sequence = 0;
    bool forget_all = false;
    std::vector<std::string> key_ids;
  };

  explicit Revocations(absl::Duration lease);

  absl::Duration lease() const { return lease_; }
  /// A follower says how far it is: `run` and `sequence` of the last news that it applied, `run`
  /// empty where it remembers nothing. Blocks until there is news, at most `hold`. nullopt after
  /// Stop.
  std::optional<News> Follow(const std::string& follower, const std::string& run, uint64_t sequence,
                             absl::Duration hold);
  /// Tells every follower, and blocks until none uses the keys any more: at most a lease and a
  /// little, also where followers are gone. Call it after the keys were destroyed.
  void Revoke(const std::vector<std::string>& key_ids);
  /// Ends every Follow; Revoke goes on by the leases alone.
  void Stop();

 private:
  struct Follower {
    uint64_t sequence = 0;
    absl::Duration lease_until{};
  };

  News NewsSince(const std::string& run, uint64_t sequence) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  /// The end of the last lease under which a key revoked as `sequence` may be in use; nullopt: no
  /// such lease.
  std::optional<absl::Duration> InUseUntil(uint64_t sequence) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const absl::Duration lease_;
  const absl::Duration granted_;  // As this side counts a lease: two clocks are never the same.
  const std::string run_;
  const absl::Duration earlier_runs_until_;
  absl::Mutex mutex_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t sequence_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<std::pair<uint64_t, std::string>> recent_ ABSL_GUARDED_BY(mutex_);  // By sequence.
  uint64_t complete_after_ ABSL_GUARDED_BY(mutex_) = 0;  // recent_ has all beyond it.
  std::map<std::string, Follower> followers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace trigpoint
