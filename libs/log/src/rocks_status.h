#pragma once

#include <string_view>

#include "absl/status/status.h"

namespace rocksdb {
class Status;
}

namespace trigpoint {

/// Translates RocksDB's answer; `doing` says what was tried. The only place where its codes are
/// read.
absl::Status FromRocks(const rocksdb::Status& status, std::string_view doing);

/// True when the disk (or a quota) is full: the one write error that heals by itself.
bool IsNoSpace(const rocksdb::Status& status);

}  // namespace trigpoint
