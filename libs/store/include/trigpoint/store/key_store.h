#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "trigpoint/events/sealing.h"

namespace rocksdb {
class Env;
}

namespace trigpoint {

/// How a key store is opened.
struct KeyStoreOptions {
  /// Made with mode 0700 when absent, tightened to it when wider. Never inside the directory of a
  /// log or store, and no part of their backups: erasure rests on it. Its parent must exist.
  std::string directory;
  /// Holds the 32 bytes that wrap every key; created with mode 0600 at first start. Outside
  /// `directory`. Without it no key can be read again.
  std::string kek_file;
  rocksdb::Env* env = nullptr;   ///< Null: the real file system. Borrowed; must outlive the store.
  size_t cached_keys = 1 << 16;  ///< Keys kept unwrapped in memory, at about 200 bytes each.
};

/// The keys that seal personal text, one for each case or subject.
///
/// A key is 32 random bytes, made once, and durable before anyone sees it. On disk it is wrapped
/// with AES-256-GCM under the key of `kek_file`, bound to its id. A destroyed key leaves a
/// tombstone for ever.
/// Errors, for every method: Aborted "ERASED ..." when the key was destroyed; ResourceExhausted
/// when the disk is full (nothing was created that anyone has seen; works again, as Store, when
/// there is room); DataLoss when a stored key is damaged;
/// InvalidArgument for an empty id. No message holds a byte of a key.
/// Threading: thread-safe; two callers that create the same key get the same bytes.
class KeyStore : public KeySource {
 public:
  /// Opens or creates the key store.
  /// Errors: FailedPrecondition when another process holds the directory, when the key file is not
  /// the one that wrapped the keys, is absent although keys exist, or is open to others, and when
  /// the directory lies inside that of another RocksDB or holds the key file.
  static absl::StatusOr<std::unique_ptr<KeyStore>> Open(const KeyStoreOptions& options);

  ~KeyStore() override;
  KeyStore(const KeyStore&) = delete;
  KeyStore& operator=(const KeyStore&) = delete;

  /// Gives the 32 bytes of a key; makes it when it never existed.
  absl::StatusOr<std::string> GetOrCreateKey(const std::string& key_id) override;

  /// Gives the 32 bytes of a key. Errors: NotFound when it never existed.
  absl::StatusOr<std::string> GetKey(const std::string& key_id) override;

  /// As GetOrCreateKey for many ids with one sync; the result is in the order of the ids. An erased
  /// id fails the whole call with Aborted naming that id, and nothing is created.
  absl::StatusOr<std::vector<std::string>> GetOrCreateKeys(const std::vector<std::string>& key_ids);

  /// Destroys a key for ever, whether it existed or not: writes the tombstone, then rewrites the
  /// files that held the wrapped key, so that they no longer do. Idempotent; takes up to seconds.
  absl::Status DestroyKey(const std::string& key_id);
  /// The same for many, all or none, at the price of one.
  absl::Status DestroyKeys(const std::vector<std::string>& key_ids);

  /// Copies the keys and the file that wraps them into a directory that does not exist yet, as
  /// "keys" and "keys.kek". A key that is destroyed later is still in the copy: whoever keeps
  /// copies erases there, too. Errors: AlreadyExists; else what the file system says.
  absl::Status CopyTo(const std::string& directory) const;

 private:
  struct Impl;
  explicit KeyStore(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace trigpoint
