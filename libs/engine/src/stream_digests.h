#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "trigpoint/base/digest.h"
#include "trigpoint/log/event_log.h"

namespace trigpoint {

/// Differences that are told, at most.
inline constexpr size_t kDifferencesMax = 10;

/// What a log holds, so that two logs can be compared whatever their partitions.
/// Threading: thread-compatible.
class StreamDigests {
 public:
  struct Stream {
    uint64_t records = 0;
    Sha256Digest digest{};  ///< SHA-256 of the digest before and the record's bytes.
    friend bool operator==(const Stream&, const Stream&) = default;
  };

  explicit StreamDigests(EventLog* log);
  /// Reads what came since the last call. Errors: those of the log; DataLoss for what is no event.
  absl::Status Advance();
  /// Reads on in a log that holds the same so far.
  void GoOnFrom(EventLog* log) { log_ = log; }

  const std::map<std::string, Stream>& streams() const { return streams_; }
  const Stream& control_partition() const { return control_partition_; }
  /// Of each control event in a provider partition: id -> digest of its bytes -> how often.
  using Controls = std::map<std::string, std::map<Sha256Digest, uint64_t>>;
  /// By partition.
  const std::vector<Controls>& controls() const { return controls_; }

 private:
  absl::Status Take(const Record& record);

  EventLog* log_;
  std::vector<int64_t> next_;
  std::map<std::string, Stream> streams_;
  Stream control_partition_;
  std::vector<Controls> controls_;
};

/// What differs between a log and its copy, in words, at most ten.
std::vector<std::string> DifferencesOf(const StreamDigests& from, const StreamDigests& to);

}  // namespace trigpoint
