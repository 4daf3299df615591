#include "services/keys/revocations.h"

#include <ctime>

#include "trigpoint/base/check.h"
#include "trigpoint/base/crypto.h"
#include "trigpoint/base/digest.h"

namespace trigpoint {
namespace {

constexpr size_t kRecentMax = 10'000;  // Who is further behind forgets everything.
constexpr size_t kRunBytes = 16;
constexpr int kDriftShare = 20;  // Clocks that differ by a twentieth are broken.

std::string NewRun() {
  const auto bytes = RandomBytes(kRunBytes);
  TP_CHECK(bytes.ok(), "no entropy");
  return HexEncode(*bytes);
}

}  // namespace

absl::Duration SinceBoot() {
  timespec now{};
  TP_CHECK(::clock_gettime(CLOCK_BOOTTIME, &now) == 0, "no clock");
  return absl::DurationFromTimespec(now);
}

Revocations::Revocations(absl::Duration lease)
    : lease_(lease),
      granted_(lease + lease / kDriftShare),
      run_(NewRun()),
      earlier_runs_until_(SinceBoot() + granted_) {}

Revocations::News Revocations::NewsSince(const std::string& run, uint64_t sequence) const {
  News news{.run = run_, .sequence = sequence_, .key_ids = {}};
  news.forget_all = run != run_ || sequence < complete_after_;
  if (news.forget_all) return news;
  for (const auto& [at, key_id] : recent_) {
    if (at > sequence) news.key_ids.push_back(key_id);
  }
  return news;
}

std::optional<Revocations::News> Revocations::Follow(const std::string& follower,
                                                     const std::string& run, uint64_t sequence,
                                                     absl::Duration hold) {
  const absl::MutexLock lock(&mutex_);
  const absl::Duration now = SinceBoot();
  std::erase_if(followers_, [now](const auto& one) { return one.second.lease_until < now; });
  // Who remembers nothing needs to forget nothing that was destroyed so far.
  const uint64_t applied = run == run_ ? sequence : run.empty() ? sequence_ : 0;
  followers_[follower] = {.sequence = applied, .lease_until = now + granted_};
  if (run == run_) {
    const auto news = [this, sequence]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return stopped_ || sequence_ > sequence;
    };
    mutex_.AwaitWithTimeout(absl::Condition(&news), hold);
  }
  if (stopped_) return std::nullopt;
  return NewsSince(run, sequence);
}

std::optional<absl::Duration> Revocations::InUseUntil(uint64_t sequence) const {
  const absl::Duration now = SinceBoot();
  std::optional<absl::Duration> until;
  if (now < earlier_runs_until_) until = earlier_runs_until_;
  for (const auto& [name, follower] : followers_) {
    if (follower.sequence >= sequence || follower.lease_until <= now) continue;
    if (!until.has_value() || *until < follower.lease_until) until = follower.lease_until;
  }
  return until;
}

void Revocations::Revoke(const std::vector<std::string>& key_ids) {
  const absl::MutexLock lock(&mutex_);
  const uint64_t sequence = ++sequence_;
  for (const std::string& key_id : key_ids) recent_.emplace_back(sequence, key_id);
  while (recent_.size() > kRecentMax) {
    complete_after_ = recent_.front().first;
    recent_.pop_front();
  }
  while (const auto until = InUseUntil(sequence)) {
    const auto settled = [this, sequence]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return !InUseUntil(sequence).has_value();
    };
    mutex_.AwaitWithTimeout(absl::Condition(&settled), *until - SinceBoot());
  }
}

void Revocations::Stop() {
  const absl::MutexLock lock(&mutex_);
  stopped_ = true;
}

}  // namespace trigpoint
