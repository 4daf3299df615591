#include "trigpoint/store/local_key_store.h"

#include <atomic>
#include <optional>
#include <unordered_map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "kek.h"
#include "trigpoint/base/crypto.h"
#include "trigpoint/base/status.h"
#include "trigpoint/store/key_cache.h"
#include "wrapped_rows.h"

namespace trigpoint {

using store_internal::WrappedRows;

namespace {

class LocalKeyStore final : public KeyStore {
 public:
  explicit LocalKeyStore(const LocalKeyStoreOptions& options)
      : rows_({.what = "key store",
               .item = "key",
               .format = "trigpoint-keys 1",
               .probe = "trigpoint key store",
               .directory = options.directory,
               .kek_file = options.kek_file,
               .env = options.env}),
        cache_(options.cached_keys) {}

  absl::Status Open() { return rows_.Open(); }

  absl::StatusOr<std::vector<std::string>> GetOrCreateKeys(
      const std::vector<std::string>& key_ids) override;
  std::vector<absl::StatusOr<std::string>> GetKeys(
      const std::vector<std::string>& key_ids) override;
  absl::Status DestroyKeys(const std::vector<std::string>& key_ids) override;
  absl::Status CopyTo(const std::string& directory) const override {
    return rows_.CopyTo(directory, "keys");
  }
  absl::Status Health() const override {
    return full_.load()
               ? absl::ResourceExhaustedError("no room for a key; it works again when there is")
               : absl::OkStatus();
  }

 private:
  /// The key, nullopt when it never existed, or Aborted.
  absl::StatusOr<std::optional<std::string>> Find(const std::string& key_id)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  WrappedRows rows_;
  std::atomic<bool> full_ = false;
  absl::Mutex mutex_;  // Makes looking and creating one step.
  KeyCache cache_ ABSL_GUARDED_BY(mutex_);
};

absl::StatusOr<std::optional<std::string>> LocalKeyStore::Find(const std::string& key_id) {
  std::optional<std::string> key = cache_.Find(key_id);
  if (key.has_value()) return key;
  TP_ASSIGN_OR_RETURN(key, rows_.Find(key_id));
  if (key.has_value()) cache_.Insert(key_id, *key);
  return key;
}

absl::StatusOr<std::vector<std::string>> LocalKeyStore::GetOrCreateKeys(
    const std::vector<std::string>& key_ids) {
  absl::MutexLock lock(&mutex_);
  std::vector<std::string> keys;
  keys.reserve(key_ids.size());
  std::unordered_map<std::string, std::string> made;
  for (const std::string& key_id : key_ids) {
    TP_ASSIGN_OR_RETURN(std::optional<std::string> key, Find(key_id));
    if (const auto twice = made.find(key_id); !key.has_value() && twice != made.end()) {
      key = twice->second;
    }
    if (!key.has_value()) {
      TP_ASSIGN_OR_RETURN(key, RandomBytes(store_internal::kKeyBytes));
      made.emplace(key_id, *key);
    }
    keys.push_back(*std::move(key));
  }
  if (!made.empty()) {
    const absl::Status put = rows_.Put({made.begin(), made.end()});
    full_.store(absl::IsResourceExhausted(put));
    TP_RETURN_IF_ERROR(put);
    for (auto& [key_id, key] : made) {
      cache_.Insert(key_id, std::move(key));
    }
  }
  return keys;
}

std::vector<absl::StatusOr<std::string>> LocalKeyStore::GetKeys(
    const std::vector<std::string>& key_ids) {
  absl::MutexLock lock(&mutex_);
  std::vector<absl::StatusOr<std::string>> keys;
  keys.reserve(key_ids.size());
  for (const std::string& key_id : key_ids) {
    absl::StatusOr<std::optional<std::string>> key = Find(key_id);
    if (!key.ok()) {
      keys.emplace_back(key.status());
    } else if (!key->has_value()) {
      keys.emplace_back(MakeStatus(absl::StatusCode::kNotFound, "no key " + key_id));
    } else {
      keys.emplace_back(**std::move(key));
    }
  }
  return keys;
}

absl::Status LocalKeyStore::DestroyKeys(const std::vector<std::string>& key_ids) {
  if (key_ids.empty()) return absl::OkStatus();
  {
    absl::MutexLock lock(&mutex_);
    // First: a tombstone whose write failed may stand nonetheless.
    for (const std::string& key_id : key_ids) cache_.Erase(key_id);
    TP_RETURN_IF_ERROR(rows_.Bury(key_ids));
  }
  // The tombstone only hides the wrapped key; this removes it from logs and table files.
  return rows_.Rewrite(key_ids);
}

}  // namespace

absl::StatusOr<std::unique_ptr<KeyStore>> OpenLocalKeyStore(const LocalKeyStoreOptions& options) {
  auto store = std::make_unique<LocalKeyStore>(options);
  TP_RETURN_IF_ERROR(store->Open());
  return std::unique_ptr<KeyStore>(std::move(store));
}

}  // namespace trigpoint
