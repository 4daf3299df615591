#include "trigpoint/store/key_store.h"

#include <optional>
#include <unordered_map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "kek.h"
#include "key_cache.h"
#include "trigpoint/base/crypto.h"
#include "trigpoint/base/status.h"
#include "wrapped_rows.h"

namespace trigpoint {

using store_internal::KeyCache;
using store_internal::WrappedRows;

struct KeyStore::Impl {
  explicit Impl(const KeyStoreOptions& options)
      : rows({.what = "key store",
              .item = "key",
              .format = "trigpoint-keys 1",
              .probe = "trigpoint key store",
              .directory = options.directory,
              .kek_file = options.kek_file,
              .env = options.env}),
        cache(options.cached_keys) {}

  /// The key, nullopt when it never existed, or Aborted.
  absl::StatusOr<std::optional<std::string>> Find(const std::string& key_id)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

  WrappedRows rows;
  absl::Mutex mutex;  // Makes looking and creating one step.
  KeyCache cache ABSL_GUARDED_BY(mutex);
};

absl::StatusOr<std::optional<std::string>> KeyStore::Impl::Find(const std::string& key_id) {
  std::optional<std::string> key = cache.Find(key_id);
  if (key.has_value()) return key;
  TP_ASSIGN_OR_RETURN(key, rows.Find(key_id));
  if (key.has_value()) cache.Insert(key_id, *key);
  return key;
}

absl::StatusOr<std::unique_ptr<KeyStore>> KeyStore::Open(const KeyStoreOptions& options) {
  auto impl = std::make_unique<Impl>(options);
  TP_RETURN_IF_ERROR(impl->rows.Open());
  return std::unique_ptr<KeyStore>(new KeyStore(std::move(impl)));
}

KeyStore::KeyStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
KeyStore::~KeyStore() = default;

absl::StatusOr<std::string> KeyStore::GetOrCreateKey(const std::string& key_id) {
  TP_ASSIGN_OR_RETURN(std::vector<std::string> keys, GetOrCreateKeys({key_id}));
  return std::move(keys.front());
}

absl::StatusOr<std::string> KeyStore::GetKey(const std::string& key_id) {
  absl::MutexLock lock(&impl_->mutex);
  TP_ASSIGN_OR_RETURN(std::optional<std::string> key, impl_->Find(key_id));
  if (!key.has_value()) {
    return MakeStatus(absl::StatusCode::kNotFound, "no key " + key_id);
  }
  return *std::move(key);
}

absl::StatusOr<std::vector<std::string>> KeyStore::GetOrCreateKeys(
    const std::vector<std::string>& key_ids) {
  absl::MutexLock lock(&impl_->mutex);
  std::vector<std::string> keys;
  keys.reserve(key_ids.size());
  std::unordered_map<std::string, std::string> made;
  for (const std::string& key_id : key_ids) {
    TP_ASSIGN_OR_RETURN(std::optional<std::string> key, impl_->Find(key_id));
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
    TP_RETURN_IF_ERROR(impl_->rows.Put({made.begin(), made.end()}));
    for (auto& [key_id, key] : made) {
      impl_->cache.Insert(key_id, std::move(key));
    }
  }
  return keys;
}

absl::Status KeyStore::DestroyKey(const std::string& key_id) { return DestroyKeys({key_id}); }

absl::Status KeyStore::DestroyKeys(const std::vector<std::string>& key_ids) {
  if (key_ids.empty()) return absl::OkStatus();
  {
    absl::MutexLock lock(&impl_->mutex);
    // First: a tombstone whose write failed may stand nonetheless.
    for (const std::string& key_id : key_ids) impl_->cache.Erase(key_id);
    TP_RETURN_IF_ERROR(impl_->rows.Bury(key_ids));
  }
  // The tombstone only hides the wrapped key; this removes it from logs and table files.
  return impl_->rows.Rewrite(key_ids);
}

absl::Status KeyStore::CopyTo(const std::string& directory) const {
  return impl_->rows.CopyTo(directory, "keys");
}

}  // namespace trigpoint
