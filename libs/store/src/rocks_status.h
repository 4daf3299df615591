#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace rocksdb {
class Status;
}  // namespace rocksdb

namespace trigpoint::store_internal {

/// Maps a RocksDB status; `doing` stands in front of RocksDB's text.
/// Corruption: DataLoss. No space: ResourceExhausted. Busy, TimedOut, TryAgain: Unavailable.
/// A lock that is held: FailedPrecondition. NotFound: NotFound. Anything else: Internal.
absl::Status FromRocks(const rocksdb::Status& status, std::string_view doing);

/// Says where something was read: "read states of partition 3".
std::string Reading(std::string_view family, uint32_t partition);

}  // namespace trigpoint::store_internal
