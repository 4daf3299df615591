#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "trigpoint/store/store_batch.h"
#include "trigpoint/v1/state.pb.h"

namespace rocksdb {
class Env;
}

namespace trigpoint {

/// How a store is opened.
struct StoreOptions {
  std::string directory;        ///< Created when absent; its parent must exist.
  rocksdb::Env* env = nullptr;  ///< Null: the real file system. Borrowed; must outlive the store.
  bool sync = true;             ///< false: a commit may be lost when the machine dies.
  size_t block_cache_bytes = size_t{128} << 20;  ///< Bytes; memtables are charged to it as well.
  size_t write_buffer_bytes = size_t{64} << 20;  ///< Bytes of all memtables before a flush.
};

/// What the fold keeps, in one RocksDB per process; every key starts with its partition.
///
/// Errors, for every method: DataLoss when stored bytes are damaged, naming the family, the
/// partition and the file RocksDB named; ResourceExhausted when the disk is full (reads go on,
/// unless it filled up again while the database was opened anew);
/// FailedPrecondition after Close; InvalidArgument when a stream id, source or index name holds a
/// NUL byte; Internal for any other failure of the disk, after which the store must be opened
/// again. Threading: thread-safe, except Close and destruction, which must not overlap other calls.
/// Callbacks run on the calling thread, return false to stop early, and get views that are valid
/// only during the call.
class Store {
 public:
  /// Opens or creates the store and completes a DropPartition that a crash cut short.
  /// Errors: FailedPrecondition when another process (or this one) holds the directory, or when it
  /// was written in another format or by another program; DataLoss when it is damaged.
  static absl::StatusOr<std::unique_ptr<Store>> Open(const StoreOptions& options);

  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  /// Writes the whole batch with one sync, or nothing.
  /// Errors: ResourceExhausted when the disk is full: the same batch may be committed again, and
  /// goes through once there is space and no scan that began before is under way, for the database
  /// is opened anew then. (That may bring the refused batch back whole, as a crash may after any
  /// failed sync; until then nothing of it can be seen.) Called from inside a scan, it does not
  /// wait for that scan.
  /// The batch is left as it was unless the result is OK, then it is empty.
  absl::Status Commit(StoreBatch&& batch);

  /// Reads the progress of a partition; nullopt when nothing was ever folded.
  absl::StatusOr<std::optional<v1::Checkpoint>> ReadCheckpoint(uint32_t partition) const;
  /// Reads the bytes that PutState stored.
  absl::StatusOr<std::optional<std::string>> ReadState(uint32_t partition,
                                                       std::string_view stream_id) const;
  /// Reads the bytes that PutRecord stored.
  absl::StatusOr<std::optional<std::string>> ReadRecord(uint32_t partition,
                                                        std::string_view stream_id) const;
  /// Reads the bytes that PutControl stored.
  absl::StatusOr<std::optional<std::string>> ReadControl(uint32_t partition) const;
  /// Reads where the latest version of an identity stands.
  absl::StatusOr<std::optional<v1::EventIndexEntry>> ReadEventIndex(uint32_t partition,
                                                                    std::string_view stream_id,
                                                                    std::string_view source,
                                                                    std::string_view id) const;

  /// Streams of the partitions below `partitions` in which an identity (source, id) stands, by
  /// partition and sorted in each.
  absl::StatusOr<std::vector<std::string>> FindStreams(uint32_t partitions, std::string_view source,
                                                       std::string_view id) const;

  /// Reads the events of a stream with revision in [from, to), in order.
  /// Errors: DataLoss also when revisions are missing between the events found.
  absl::StatusOr<std::vector<v1::StoredEvent>> ReadStream(uint32_t partition,
                                                          std::string_view stream_id, uint64_t from,
                                                          uint64_t to) const;
  /// Reads the chunk with the highest first revision; nullopt when the stream has no events.
  absl::StatusOr<std::optional<v1::StreamChunk>> ReadLastChunk(uint32_t partition,
                                                               std::string_view stream_id) const;

  /// What ScanStates and ScanRecords call: partition, stream id, stored bytes.
  using StreamCallback = absl::FunctionRef<bool(uint32_t, std::string_view, std::string_view)>;
  /// Visits the states of a partition (nullopt: of all) by partition and stream id, as of one
  /// moment: commits made while it runs are not seen.
  absl::Status ScanStates(std::optional<uint32_t> partition, StreamCallback visit) const;
  /// As ScanStates, over the records.
  absl::Status ScanRecords(std::optional<uint32_t> partition, StreamCallback visit) const;

  /// What ScanTimers calls: due time in microseconds, stream id.
  using TimerCallback = absl::FunctionRef<bool(int64_t, std::string_view)>;
  /// Visits the timers with due time <= `due_until_us`, in order of due time, then stream id.
  absl::Status ScanTimers(uint32_t partition, int64_t due_until_us, TimerCallback visit) const;

  /// One entry of an index; nullopt when absent.
  absl::StatusOr<std::optional<std::string>> ReadIndex(std::string_view index, uint32_t partition,
                                                       std::string_view key) const;
  /// What ScanIndex calls: key, value.
  using IndexCallback = absl::FunctionRef<bool(std::string_view, std::string_view)>;
  /// Visits the entries of an index in one partition with key >= `from_key` (empty: all), by key.
  /// A list over all partitions merges one scan for each.
  absl::Status ScanIndex(std::string_view index, uint32_t partition, std::string_view from_key,
                         IndexCallback visit) const;

  /// Removes everything of a partition. No other call may touch that partition meanwhile.
  /// A crash in between is completed by the next Open; the checkpoint goes first.
  absl::Status DropPartition(uint32_t partition);

  /// Writes memtables to files, so that the next Open replays nothing.
  absl::Status Flush();
  /// Flushes and releases the directory; idempotent. The destructor does it too, without a report.
  absl::Status Close();
  /// Copies it as of one moment, with everything committed so far, into a directory that does not
  /// exist yet; table files are linked where the file system allows it.
  absl::Status CopyTo(const std::string& directory) const;
  /// Exchanges what the two objects stand for, directory and all; calls under way finish on what
  /// they began with. One swap at a time.
  void Swap(Store& other);
  /// Bytes of live files and memtables; 0 after Close.
  uint64_t ApproximateBytes() const;

  /// What CheckIntegrity calls for each file: full path, OK or DataLoss.
  using FileCallback = absl::FunctionRef<bool(std::string_view, const absl::Status&)>;
  /// Reads every table file and verifies all block checksums, past every cache. Goes on after a
  /// damaged file while the callback returns true, and returns the first error.
  absl::Status CheckIntegrity(FileCallback visit) const;

 private:
  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::shared_ptr<Impl> Current() const;

  mutable absl::Mutex mutex_;
  std::shared_ptr<Impl> impl_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace trigpoint
