#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "trigpoint/store/identity_vault.h"

namespace rocksdb {
class Env;
}

namespace trigpoint {

/// How a vault is opened.
struct LocalIdentityVaultOptions {
  /// As LocalKeyStoreOptions.directory: private, never inside a log or store, in no backup of
  /// theirs.
  std::string directory;
  /// Holds the 32 bytes that wrap every identity; as LocalKeyStoreOptions.kek_file, and another
  /// file than that.
  std::string kek_file;
  rocksdb::Env* env = nullptr;  ///< Null: the real file system. Borrowed; must outlive the vault.
};

/// Opens or creates the vault of a directory. On disk an identity is wrapped with AES-256-GCM under
/// the key of `kek_file`, bound to its reference; erasing writes tombstones, then the files are
/// rewritten. Errors: as OpenLocalKeyStore.
absl::StatusOr<std::unique_ptr<IdentityVault>> OpenLocalIdentityVault(
    const LocalIdentityVaultOptions& options);

}  // namespace trigpoint
