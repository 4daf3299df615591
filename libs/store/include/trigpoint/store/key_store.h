#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "trigpoint/events/sealing.h"

namespace trigpoint {

/// The keys that seal personal text, one for each case or subject.
///
/// A key is 32 random bytes, made once, and durable before anyone sees it. A destroyed key leaves a
/// tombstone for ever. The keys lie on this machine (local_key_store.h) or with the process that
/// keeps them for a cluster (services/keys).
/// Errors, for every method: Aborted "ERASED ..." when the key was destroyed; ResourceExhausted
/// when the disk is full (nothing was created that anyone has seen; works again when there is
/// room); DataLoss when a stored key is damaged; InvalidArgument for an empty id; Unavailable while
/// whoever keeps them cannot be reached. No message holds a byte of a key.
/// Threading: thread-safe; two callers that create the same key get the same bytes.
class KeyStore : public KeySource {
 public:
  /// Gives the 32 bytes of a key; makes it when it never existed.
  absl::StatusOr<std::string> GetOrCreateKey(const std::string& key_id) final;
  /// As GetOrCreateKey for many ids with one sync; the result is in the order of the ids. An erased
  /// id fails the whole call with Aborted naming that id, and nothing is created.
  virtual absl::StatusOr<std::vector<std::string>> GetOrCreateKeys(
      const std::vector<std::string>& key_ids) = 0;

  /// Gives the 32 bytes of a key. Errors: NotFound when it never existed.
  absl::StatusOr<std::string> GetKey(const std::string& key_id) final;
  /// As GetKey for many ids; the results are in the order of the ids, each with its own error.
  virtual std::vector<absl::StatusOr<std::string>> GetKeys(
      const std::vector<std::string>& key_ids) = 0;

  /// Destroys a key for ever, whether it existed or not: afterwards it stands in no file and no
  /// process uses what it remembered of it. Idempotent; takes up to seconds. After an error it may
  /// be destroyed or not.
  absl::Status DestroyKey(const std::string& key_id) { return DestroyKeys({key_id}); }
  /// The same for many, all or none, at the price of one.
  virtual absl::Status DestroyKeys(const std::vector<std::string>& key_ids) = 0;

  /// Copies the keys and the file that wraps them into a directory that does not exist yet, as
  /// "keys" and "keys.kek". A key that is destroyed later is still in the copy: whoever keeps
  /// copies erases there, too. Errors: AlreadyExists; Unimplemented where the keys lie with another
  /// process; else what the file system says.
  virtual absl::Status CopyTo(const std::string& directory) const = 0;

  /// Whether keys can be had and made. Errors: ResourceExhausted since a key could not be written
  /// for want of room; Unavailable since whoever keeps them was not heard of for their lease.
  virtual absl::Status Health() const = 0;
};

}  // namespace trigpoint
