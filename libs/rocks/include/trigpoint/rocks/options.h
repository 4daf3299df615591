#pragma once

#include <rocksdb/options.h>

#include <atomic>
#include <memory>
#include <string>

namespace trigpoint {

/// Set when RocksDB ran out of space, in a write or in the background. Shared with its listener.
using RanOutOfSpace = std::shared_ptr<std::atomic<bool>>;

/// Gives the settings that every database of ours has; the reason stands at each. RocksDB's
/// warnings go to the file `warnings` (empty: nowhere).
rocksdb::DBOptions BaseOptions(rocksdb::Env* env, const std::string& warnings,
                               RanOutOfSpace ran_out);

}  // namespace trigpoint
