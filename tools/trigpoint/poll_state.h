#pragma once

#include <deque>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "trigpoint/base/time.h"
#include "trigpoint/intake/cqc_changes.h"

namespace trigpoint {

/// How far a poll of CQC's API has come: what a crash must not take. A small JSON file.
///
/// A window is listed whole before it stands here, and then with every record that it names.
/// `until` moves to its end only when each of them was acknowledged by the node, is gone from the
/// register, or stands in `again`.
struct PollState {
  /// The listed window that is not done.
  struct Window {
    Micros end = 0;
    bool all = false;  ///< The whole register, not what changed.
  };

  std::optional<Micros> until;  ///< Everything before was asked for; nothing: no window is done.
  std::optional<Window> window;
  std::deque<CqcRecordId> to_fetch;            ///< Of the window, in order.
  std::vector<CqcRecordId> again;              ///< Could not be had; taken with the next window.
  std::vector<std::string> local_authorities;  ///< Only theirs; empty: everyone's.
  std::set<CqcRecordId> followed;              ///< With local_authorities: records once wanted.
};

/// Reads the file; nothing where there is none. Errors: DataLoss, by path within the file.
absl::StatusOr<std::optional<PollState>> ReadPollState(const std::string& path);

/// Writes the file beside the old one, syncs it and puts it in its place: whatever happens, the one
/// or the other is whole. Errors: Unavailable.
absl::Status WritePollState(const std::string& path, const PollState& state);

/// Keeps a state file from a second poll as long as it lives, with a file PATH.lock beside it.
class PollLock {
 public:
  /// Errors: FailedPrecondition where another poll holds it; Unavailable.
  static absl::StatusOr<PollLock> Take(const std::string& path);

  PollLock(PollLock&& other) noexcept : file_(other.file_) { other.file_ = -1; }
  PollLock& operator=(PollLock&&) = delete;
  ~PollLock();

 private:
  explicit PollLock(int file) : file_(file) {}

  int file_;
};

}  // namespace trigpoint
