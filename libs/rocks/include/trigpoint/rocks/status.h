#pragma once

#include <string_view>

#include "absl/status/status.h"

namespace rocksdb {
class Status;
}  // namespace rocksdb

namespace trigpoint {

/// Maps a RocksDB status; `doing` stands in front of RocksDB's text. The only place where its codes
/// are read.
/// Corruption: DataLoss. No space: ResourceExhausted. Busy, TimedOut, TryAgain: Unavailable.
/// NotFound: NotFound. Closing or closed: FailedPrecondition. Anything else: Internal.
absl::Status FromRocks(const rocksdb::Status& status, std::string_view doing);

/// True when the disk (or a quota) is full: the one write error that heals by itself.
bool IsNoSpace(const rocksdb::Status& status);

/// True when the directory could not be opened because a process holds it.
bool IsLockHeld(const rocksdb::Status& status);

}  // namespace trigpoint
