#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "head_marks.h"
#include "trigpoint/log/embedded_log.h"

namespace rocksdb {
class DB;
class Iterator;
}  // namespace rocksdb

namespace trigpoint {

/// One batch of an append, on its way to the disk.
struct StagedBatch {
  uint32_t partition = 0;
  std::vector<std::string> values;
  std::vector<Digest> digests;  // one per value
};

/// The files of the embedded log: lock, format, RocksDB, head marks.
/// Invariants: a record at or above its partition's mark was never acknowledged; every record below
/// it was synced. Threading: Commit and Close from one thread at a time; Read, DigestAt and Health
/// from any.
class EmbeddedStore {
 public:
  EmbeddedStore(const EmbeddedStore&) = delete;
  EmbeddedStore& operator=(const EmbeddedStore&) = delete;
  ~EmbeddedStore();

  static absl::StatusOr<std::unique_ptr<EmbeddedStore>> Open(const EmbeddedLogOptions& options);

  /// Next offset of every partition, as the marks have it.
  std::vector<int64_t> Heads() const;
  /// Writes the batches in order at the heads, syncs the log, then the marks. All of them or an
  /// error for all: ResourceExhausted = disk full, a later call tries again; Unavailable = fenced,
  /// no later call succeeds.
  absl::Status Commit(const std::vector<StagedBatch>& batches);

  /// Appends records from `from` to below `end` to `out`, at most `max_records` and about
  /// `max_bytes`.
  absl::Status Read(Position from, int64_t end, size_t max_records, size_t max_bytes,
                    std::vector<Record>* out) const;
  /// The record must lie below its head.
  absl::StatusOr<Digest> DigestAt(Position position) const;
  absl::Status Health() const;
  /// Moves the write-ahead log into table files, so that the next open is quick, and gives up the
  /// lock. Idempotent.
  absl::Status Close();

 private:
  class DirectoryLock;

  EmbeddedStore();
  absl::Status PrepareDirectory();
  absl::Status OpenDatabase();
  absl::Status OpenMarks(bool created);
  absl::Status CheckMark(uint32_t partition, const HeadMark& mark) const;
  absl::Status AdoptTail(uint32_t partition, HeadMark* mark) const;
  absl::Status RecoverFromFullDisk();
  absl::Status NotOpenError() const;  // database_mutex_ held
  absl::Status WriteBatches(const std::vector<StagedBatch>& batches, std::vector<HeadMark>* marks);
  absl::Status Fence(const absl::Status& cause);
  void SetHealth(absl::Status health);
  absl::StatusOr<Digest> CheckedDigest(Position position) const;

  EmbeddedLogOptions options_;
  std::string marks_path_;
  std::string database_path_;
  std::unique_ptr<DirectoryLock> lock_;
  mutable std::shared_mutex database_mutex_;  // exclusive to close or reopen
  std::unique_ptr<rocksdb::DB> database_;
  std::unique_ptr<HeadMarks> marks_;
  bool disk_full_ = false;  // of the committing thread
  mutable std::mutex health_mutex_;
  absl::Status health_;
};

}  // namespace trigpoint
