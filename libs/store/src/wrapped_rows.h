#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kek.h"
#include "rocks_options.h"
#include "trigpoint/rocks/database.h"

namespace rocksdb {
class WriteBatch;
}

/// Secrets on disk, each wrapped under one key file: what the key store and the vault have in
/// common.
namespace trigpoint::store_internal {

/// Where the rows are, and what errors call them.
struct WrappedRowsOptions {
  std::string what;       ///< "key store".
  std::string item;       ///< "key": what one row is.
  std::string format;     ///< Stored; never changes: "trigpoint-keys 1".
  std::string probe;      ///< Stored, wrapped: tells whether the key file is ours.
  std::string directory;  ///< Made with mode 0700 when absent, tightened to it when wider.
  std::string kek_file;   ///< 32 bytes, made with mode 0600 at first start; outside `directory`.
  rocksdb::Env* env = nullptr;
};

/// A RocksDB of wrapped secrets by id. One that was destroyed leaves a tombstone for ever.
/// Errors: those that KeyStore tells. Threading: thread-safe; to look and to write in one step is
/// the caller's to guard.
class WrappedRows {
 public:
  explicit WrappedRows(const WrappedRowsOptions& options);

  absl::Status Open();
  /// The secret; nullopt when it never existed. Errors: Aborted "ERASED ..." where it was
  /// destroyed; DataLoss; InvalidArgument for an empty id.
  absl::StatusOr<std::optional<std::string>> Find(const std::string& id) const;
  /// Ids, live and destroyed, that begin with a prefix; sorted.
  absl::StatusOr<std::vector<std::string>> IdsFrom(const std::string& prefix) const;
  /// Writes secrets under their ids with one sync; all or none.
  absl::Status Put(const std::vector<std::pair<std::string, std::string>>& secrets);
  /// Writes tombstones, durable, whether the ids existed or not. What they hide still lies in the
  /// files until Rewrite.
  absl::Status Bury(const std::vector<std::string>& ids);
  /// Rewrites the files that held the ids, so that they no longer do. Takes up to seconds.
  absl::Status Rewrite(const std::vector<std::string>& ids);
  /// Copies database and key file into a directory that does not exist yet, as `name` and
  /// `name`.kek.
  absl::Status CopyTo(const std::string& directory, const std::string& name) const;

 private:
  absl::Status Refuse(const std::string& why) const;
  absl::Status CheckPlaces() const;
  absl::Status MakePrivateDirectory() const;
  absl::StatusOr<std::unique_ptr<OpenRocks>> OpenFiles();
  absl::Status CheckFormat(const OpenRocks& open) const;
  absl::Status LoadKek();
  absl::Status Write(rocksdb::WriteBatch& batch);

  const WrappedRowsOptions options_;
  const RocksSettings settings_;
  RocksDatabase database_;
  std::optional<Kek> kek_;
};

}  // namespace trigpoint::store_internal
