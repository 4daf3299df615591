#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "trigpoint/log/event_log.h"

namespace trigpoint {

/// What is copied where.
struct LogCopyOptions {
  EventLog* from = nullptr;  ///< Read only. Must outlive the copy, as must `to`.
  EventLog* to = nullptr;    ///< Empty, or what this copy has made so far; nobody else appends.
  /// How far the copy is, synced after each round; beside the destination.
  std::string checkpoint_file;
  size_t batch_records = 2000;  ///< Of each partition in one round.
};

/// What a copy found on both sides.
struct LogCopyProof {
  uint64_t records = 0;   ///< Of streams; without control events.
  uint64_t streams = 0;   ///< Of providers and of sources.
  uint64_t controls = 0;  ///< Control events, each in every partition of the destination.
  std::string digest;     ///< Hexadecimal, over the digests of all streams; of `from`.
  /// What differs, in words, at most ten; empty: both hold the same.
  std::vector<std::string> differences;
};

/// Copies a log to another, of another kind or with another number of partitions.
///
/// Every record is copied byte for byte. The order within each stream stays. The control partition,
/// the last on both sides, stays what it is. Of the copies of a control event in the provider
/// partitions, one comes into every partition of the destination, where it stands between the same
/// events of each stream as before: it is written when every partition of the source has come to
/// it, and nothing behind it before (docs/adr/0031). Where partitions have control events in
/// different orders, the order of the control partition decides; then one may stand earlier than
/// before, which its effective_from makes good unless it was late there.
///
/// The source may grow meanwhile. A crash at any moment is gone on from: Open compares what the
/// destination holds beyond the checkpoint with the source and copies none of it twice.
/// Threading: thread-compatible.
class LogCopy {
 public:
  /// Begins, or goes on with, a copy. Errors: FailedPrecondition when the destination holds records
  /// and there is no checkpoint, or another copy's; DataLoss when either log is not the one that
  /// the checkpoint is about, or the destination holds what the source does not.
  static absl::StatusOr<std::unique_ptr<LogCopy>> Open(const LogCopyOptions& options);
  ~LogCopy();

  /// Whether the source may still grow.
  enum class Source : uint8_t { kGrows, kEnded };
  /// Copies what the source holds by now and gives the number of records. While the source grows,
  /// what stands behind a control event that has not reached every partition yet waits for that.
  /// After an error open the copy anew.
  /// Errors: those of the logs; FailedPrecondition where somebody else writes to the destination;
  /// DataLoss for a record that is no event, does not belong where it stands, or is a control event
  /// that differs from the control partition's; Unimplemented for an event of an unknown kind.
  absl::StatusOr<uint64_t> Pass(Source source);

  /// Goes on from another log in place of `from`: the one of which that was a backup. What was read
  /// back counts. Must outlive the copy. Errors: those of Open; after one open the copy anew.
  absl::Status GoOnFrom(EventLog* from);

  /// Reads what was not read yet of both logs, so that Prove has less to do.
  absl::Status ReadBack();
  /// Reads the rest of both logs and compares: per stream the number of records and a
  /// rolling hash over their bytes in order; the control partition; that every partition of the
  /// destination has every control event once. Errors: those of the logs.
  absl::StatusOr<LogCopyProof> Prove();
  /// Ids of all streams that were read back in the source, sorted.
  std::vector<std::string> Streams() const;

 private:
  struct Impl;
  explicit LogCopy(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

/// Folds both logs into stores below a directory, which must not exist, and removes it. Gives the
/// streams whose state or record differs, and what waits or is quarantined on one side only; at
/// most ten, in words. Appends nothing. Errors: those of the fold.
absl::StatusOr<std::vector<std::string>> CompareFolds(EventLog* from, EventLog* to,
                                                      const std::string& directory,
                                                      const std::vector<std::string>& streams);

}  // namespace trigpoint
