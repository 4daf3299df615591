#include "services/keys/leased_key_cache.h"

#include <utility>

namespace trigpoint {

LeasedKeyCache::LeasedKeyCache(size_t capacity, std::function<absl::Duration()> now)
    : now_(std::move(now)), keys_(capacity) {}

bool LeasedKeyCache::Holds() {
  if (now_() < until_) return true;
  keys_.Clear();
  ++generation_;
  return false;
}

std::optional<std::string> LeasedKeyCache::Find(const std::string& key_id) {
  const absl::MutexLock lock(&mutex_);
  if (!Holds()) return std::nullopt;
  return keys_.Find(key_id);
}

std::optional<LeasedKeyCache::Ticket> LeasedKeyCache::Begin() {
  const absl::MutexLock lock(&mutex_);
  if (!Holds()) return std::nullopt;
  return generation_;
}

void LeasedKeyCache::Insert(std::optional<Ticket> ticket, const std::string& key_id,
                            std::string key) {
  const absl::MutexLock lock(&mutex_);
  if (Holds() && ticket == generation_) {
    keys_.Insert(key_id, std::move(key));
  } else {
    Wipe(key);
  }
}

void LeasedKeyCache::Forget(const std::vector<std::string>& key_ids) {
  const absl::MutexLock lock(&mutex_);
  for (const std::string& key_id : key_ids) keys_.Erase(key_id);
  if (!key_ids.empty()) ++generation_;
}

void LeasedKeyCache::ForgetAll() {
  const absl::MutexLock lock(&mutex_);
  keys_.Clear();
  ++generation_;
}

bool LeasedKeyCache::Lasts() const {
  const absl::MutexLock lock(&mutex_);
  return now_() < until_;
}

void LeasedKeyCache::Extend(absl::Duration until) {
  const absl::MutexLock lock(&mutex_);
  if (until > until_) until_ = until;
}

}  // namespace trigpoint
