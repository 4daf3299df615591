#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace rocksdb {
class Env;
}

namespace trigpoint {

/// How a vault is opened.
struct IdentityVaultOptions {
  /// As KeyStoreOptions.directory: private, never inside a log or store, in no backup of theirs.
  std::string directory;
  /// Holds the 32 bytes that wrap every identity; as KeyStoreOptions.kek_file, and another file
  /// than that.
  std::string kek_file;
  rocksdb::Env* env = nullptr;  ///< Null: the real file system. Borrowed; must outlive the vault.
};

/// A record of a partner.
struct VaultRecord {
  std::string source;
  std::string id;
};

/// The identities of protected sources (domain.md 2.2, C5), apart from log, store and keys.
///
/// An event carries a reference: "vault:", 32 hexadecimal digits for its record, 32 for the
/// identity. Both are HMACs under a secret that lies in the vault, so they say nothing; the same
/// record and identity give the same reference, so a redelivery is told from a conflict without
/// the identity. The digits of the record alone name everything kept of that record.
/// On disk an identity is wrapped with AES-256-GCM under the key of `kek_file`, bound to its
/// reference. What was erased leaves a tombstone for ever, and nothing of that record is taken
/// again.
/// Errors, for every method: Aborted "ERASED ..."; ResourceExhausted on a full disk; DataLoss when
/// what is stored is damaged. No message holds an identity.
/// Threading: thread-safe.
class IdentityVault {
 public:
  /// Opens or creates the vault. Errors: as KeyStore::Open.
  static absl::StatusOr<std::unique_ptr<IdentityVault>> Open(const IdentityVaultOptions& options);

  ~IdentityVault();
  IdentityVault(const IdentityVault&) = delete;
  IdentityVault& operator=(const IdentityVault&) = delete;

  /// The reference of an identity, whether it is kept or not.
  std::string RefOf(const VaultRecord& record, const std::string& identity) const;
  /// What stands for everything kept of a record: the beginning of its references.
  std::string KeyOf(const VaultRecord& record) const;

  /// Keeps an identity and gives its reference; durable when it returns. The same again changes
  /// nothing. Errors: Aborted when the record's identities were erased.
  absl::StatusOr<std::string> Put(const VaultRecord& record, const std::string& identity);
  /// The identity behind a reference. Errors: NotFound; Aborted when it was erased.
  absl::StatusOr<std::string> Get(const std::string& ref) const;
  /// Whether a reference is of this record and of this vault, kept or erased.
  absl::StatusOr<bool> Owns(const VaultRecord& record, const std::string& ref) const;
  /// Whether anything of a record is kept, or was before it was erased.
  absl::StatusOr<bool> Knows(const VaultRecord& record) const;
  /// Erases everything of the records that these keys (KeyOf) stand for, for ever: tombstones, then
  /// the files are rewritten. Idempotent.
  absl::Status Erase(const std::vector<std::string>& keys);

 private:
  struct Impl;
  explicit IdentityVault(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace trigpoint
