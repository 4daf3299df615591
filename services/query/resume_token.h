#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace trigpoint {

/// Where a watch of alerts stands in the log.
struct WatchPosition {
  std::vector<int64_t> next;  ///< Next offset of every provider partition.
  /// Alerts below these offsets are shown only while nobody has acknowledged them; 0: all are
  /// shown.
  std::vector<int64_t> open_until;

  friend bool operator==(const WatchPosition&, const WatchPosition&) = default;
};

/// Makes and reads resume tokens: opaque, of one log, and good as long as that log, also after a
/// restart.
class ResumeTokens {
 public:
  explicit ResumeTokens(const std::string& log_id);

  std::string Make(const WatchPosition& position) const;
  /// Errors: OutOfRange for a token that is malformed, of another log, of another number of
  /// partitions, or beyond the heads: nothing can be resumed from it.
  absl::StatusOr<WatchPosition> Read(const std::string& token,
                                     const std::vector<int64_t>& heads) const;
  /// The token before the first alert.
  std::string Earliest(size_t partitions) const;

 private:
  std::string Tag(const std::string& body) const;

  std::string key_;  ///< Follows from the log's id: it tells logs apart and finds damage; a token
                     ///< grants nothing.
};

}  // namespace trigpoint
