#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "trigpoint/log/event_log.h"

namespace rocksdb {
class Env;
}

namespace trigpoint {

struct EmbeddedLogOptions {
  /// Directory of this log alone; created when missing. Its layout is described in
  /// libs/log/README.md.
  std::string directory;
  /// 1 to 65536. Fixed when the directory is created; another value is refused at open.
  uint32_t partitions = 16;
  /// Bytes of appends not yet answered (values plus 32 each). Beyond it Append answers
  /// ResourceExhausted at once.
  size_t max_queued_bytes = size_t{64} << 20;
  /// Bytes of recent records kept in memory, over all partitions, so that live readers do not touch
  /// the disk.
  size_t tail_bytes = size_t{8} << 20;
  /// False only for a test that proves loss: an acknowledgement then promises nothing.
  bool sync = true;
  /// For durability tests: every file but the lock goes through it. Null = the operating system.
  /// Must outlive the log.
  rocksdb::Env* env = nullptr;
};

/// Opens (or creates) the embedded log: a RocksDB, one committing thread, one sync of the log and
/// one of the head marks per group of appends, both before the acknowledgement. Errors:
/// FailedPrecondition = directory in use, another format version, another number of partitions;
/// DataLoss = records that were acknowledged are missing or differ (names partition, offset and
/// file), or the head marks are damaged; InvalidArgument; else what the file system says.
absl::StatusOr<std::unique_ptr<EventLog>> OpenEmbeddedLog(const EmbeddedLogOptions& options);

/// How many partitions the embedded log in a directory has. Errors: NotFound where there is none;
/// FailedPrecondition where its FORMAT says something else.
absl::StatusOr<uint32_t> EmbeddedLogPartitions(const std::string& directory);

}  // namespace trigpoint
