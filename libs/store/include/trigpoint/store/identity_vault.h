#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace trigpoint {

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
/// the identity. The digits of the record alone name everything kept of that record. What was
/// erased leaves a tombstone for ever, and nothing of that record is taken again.
/// The vault lies on this machine (local_identity_vault.h) or with the process that keeps it for a
/// cluster (services/keys).
/// Errors, for every method: Aborted "ERASED ..."; ResourceExhausted on a full disk; DataLoss when
/// what is stored is damaged; Unavailable while whoever keeps it cannot be reached. No message
/// holds an identity.
/// Threading: thread-safe.
class IdentityVault {
 public:
  IdentityVault() = default;
  virtual ~IdentityVault() = default;
  IdentityVault(const IdentityVault&) = delete;
  IdentityVault& operator=(const IdentityVault&) = delete;

  /// The reference of an identity, whether it is kept or not.
  virtual absl::StatusOr<std::string> RefOf(const VaultRecord& record,
                                            const std::string& identity) const = 0;
  /// What stands for everything kept of a record: the beginning of its references.
  virtual absl::StatusOr<std::string> KeyOf(const VaultRecord& record) const = 0;

  /// Keeps an identity and gives its reference; durable when it returns. The same again changes
  /// nothing. Errors: Aborted when the record's identities were erased.
  virtual absl::StatusOr<std::string> Put(const VaultRecord& record,
                                          const std::string& identity) = 0;
  /// The identity behind a reference. Errors: NotFound; Aborted when it was erased.
  virtual absl::StatusOr<std::string> Get(const std::string& ref) const = 0;
  /// Whether a reference is of this record and of this vault, kept or erased.
  virtual absl::StatusOr<bool> Owns(const VaultRecord& record, const std::string& ref) const = 0;
  /// Whether anything of a record is kept, or was before it was erased.
  virtual absl::StatusOr<bool> Knows(const VaultRecord& record) const = 0;
  /// Erases everything of the records that these keys (KeyOf) stand for, for ever, from the files,
  /// too. Idempotent. Errors: InvalidArgument for what is no such key.
  virtual absl::Status Erase(const std::vector<std::string>& keys) = 0;
};

}  // namespace trigpoint
