#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "trigpoint/log/event_log.h"

namespace trigpoint {

/// How far a copy of a log is: of every partition the next record, and what stands before it.
struct CopyCheckpoint {
  struct Mark {
    int64_t next = 0;
    Digest last{};  ///< Of the record before `next`; zeros at offset 0.
  };
  std::vector<Mark> from;  ///< Read, by partition of the source.
  std::vector<Mark> to;    ///< Written and acknowledged, by partition of the destination.
  std::vector<std::string> controls;  ///< Ids of those that every partition has, in their order.
};

/// Reads a checkpoint; nullopt where there is none. Errors: DataLoss for a file that is none.
absl::StatusOr<std::optional<CopyCheckpoint>> ReadCopyCheckpoint(const std::string& path);
/// Writes it whole and synced, or leaves the one before.
absl::Status WriteCopyCheckpoint(const std::string& path, const CopyCheckpoint& checkpoint);

}  // namespace trigpoint
