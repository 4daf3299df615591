#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "trigpoint/store/key_store.h"

namespace rocksdb {
class Env;
}

namespace trigpoint {

/// How a key store is opened.
struct LocalKeyStoreOptions {
  /// Made with mode 0700 when absent, tightened to it when wider. Never inside the directory of a
  /// log or store, and no part of their backups: erasure rests on it. Its parent must exist.
  std::string directory;
  /// Holds the 32 bytes that wrap every key; created with mode 0600 at first start. Outside
  /// `directory`. Without it no key can be read again.
  std::string kek_file;
  rocksdb::Env* env = nullptr;   ///< Null: the real file system. Borrowed; must outlive the store.
  size_t cached_keys = 1 << 16;  ///< Keys kept unwrapped in memory, at about 200 bytes each.
};

/// Opens or creates the key store of a directory. On disk a key is wrapped with AES-256-GCM under
/// the key of `kek_file`, bound to its id; destroying one writes the tombstone, then rewrites the
/// files that held the wrapped key, so that they no longer do.
/// Errors: FailedPrecondition when another process holds the directory, when the key file is not
/// the one that wrapped the keys, is absent although keys exist, or is open to others, and when
/// the directory lies inside that of another RocksDB or holds the key file.
absl::StatusOr<std::unique_ptr<KeyStore>> OpenLocalKeyStore(const LocalKeyStoreOptions& options);

}  // namespace trigpoint
