#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "trigpoint/engine/projector.h"
#include "trigpoint/v1/api.pb.h"

namespace trigpoint {

/// Checks that what is stored follows from the log, a step at a time: every provider stream folded
/// afresh with every recorded recommendation recomputed at its cause, then the digests of the log,
/// then the files of the store. Threading: thread-compatible.
class Verification {
 public:
  /// `streams`: what to fold afresh. `everything`: log and store, too.
  Verification(const Projector* projector, std::vector<std::string> streams, bool everything);

  /// Does one step; false when there was none left. What it found is in `report`, added to what is
  /// there. Errors: those of reading; nothing can be said then.
  absl::StatusOr<bool> Step(v1::VerifyResponse* report);

  uint64_t streams_checked() const { return streams_checked_; }
  uint64_t recommendations_checked() const { return recommendations_checked_; }
  uint64_t of_other_engines() const { return of_other_engines_; }

 private:
  absl::Status CheckOneStream(const std::string& stream_id, v1::VerifyResponse* report);
  absl::StatusOr<bool> StepLog(v1::VerifyResponse* report);
  absl::Status StartPartition();
  void EndPartition(v1::VerifyResponse* report);

  const Projector* projector_;
  std::vector<std::string> streams_;
  bool check_log_;
  bool check_store_;
  uint64_t streams_checked_ = 0;
  uint64_t recommendations_checked_ = 0;
  uint64_t of_other_engines_ = 0;

  uint32_t partition_ = 0;
  std::unique_ptr<LogReader> reader_;  // Of the partition in hand.
  v1::Checkpoint expected_;
  std::string rolled_;
  std::string last_;
  int64_t next_ = 0;
};

}  // namespace trigpoint
