#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "head_marks.h"
#include "trigpoint/log/embedded_log.h"
#include "trigpoint/rocks/database.h"

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
  /// As EventLog::CopyTo. From any thread.
  absl::Status CopyTo(const std::string& directory) const;
  /// Moves the write-ahead log into table files, so that the next open is quick, and gives up the
  /// lock. Idempotent.
  absl::Status Close();

 private:
  class DirectoryLock;

  EmbeddedStore();
  absl::Status PrepareDirectory();
  absl::StatusOr<std::unique_ptr<OpenRocks>> OpenFiles();
  absl::Status OpenMarks(const OpenRocks& open, bool created);
  absl::Status CreateMarks(const OpenRocks& open) const;
  absl::Status CheckMark(const OpenRocks& open, uint32_t partition, const HeadMark& mark) const;
  absl::Status AdoptTail(const OpenRocks& open, uint32_t partition, HeadMark* mark) const;
  absl::Status RemoveTail(const OpenRocks& open, uint32_t partition, int64_t head);
  /// Notes the health that a status of the database means; fences unless it heals by itself.
  absl::Status Judge(const absl::Status& status);
  absl::Status WriteBatches(const std::vector<StagedBatch>& batches, std::vector<HeadMark>* marks);
  absl::Status Fence(const absl::Status& cause);
  void SetHealth(absl::Status health);
  absl::StatusOr<Digest> CheckedDigest(const OpenRocks& open, Position position) const;

  EmbeddedLogOptions options_;
  std::string marks_path_;
  std::string database_path_;
  std::unique_ptr<DirectoryLock> lock_;
  const RanOutOfSpace ran_out_;
  std::unique_ptr<RocksDatabase> database_;
  std::unique_ptr<HeadMarks> marks_;
  mutable std::mutex health_mutex_;
  absl::Status health_;
};

}  // namespace trigpoint
