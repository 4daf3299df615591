#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "cqc_client.h"
#include "poll_state.h"
#include "trigpoint/intake/cqc_changes.h"

namespace trigpoint {

/// Takes the documents that a poll fetches, for the node; tests have their own.
class DocumentTaker {
 public:
  virtual ~DocumentTaker() = default;

  /// Hands one document on. Errors: InvalidArgument when it cannot be read; any other ends the
  /// poll.
  virtual absl::Status Take(const CqcRecordId& record, const std::string& document,
                            CivilDate fetched_on) = 0;

  /// Waits until everything taken so far is acknowledged. Errors: not all of it was.
  virtual absl::Status Settle() = 0;
};

struct CqcPollOptions {
  std::string state_file;
  std::optional<Micros> from = {};                  ///< Of a first poll: changes since then.
  bool all = false;                                 ///< The whole register, not only what changed.
  std::vector<std::string> local_authorities = {};  ///< Only theirs; empty: as the first poll.
  std::function<Micros()> now_us = {};
  std::function<void(uint64_t)> show = {};  ///< Sees how many documents were fetched; may be empty.
};

/// What a poll met.
struct CqcPollCounts {
  using Reasons = std::vector<std::pair<CqcRecordId, std::string>>;

  uint64_t listed = 0;  ///< Records that changed, or with `all` those of the register, each once.
  uint64_t elsewhere = 0;                   ///< Of other local authorities: not taken.
  uint64_t fetched = 0;                     ///< Documents that were fetched and could be used.
  std::vector<v1::FieldViolation> refused;  ///< Entries of lists that name no record.
  std::vector<CqcRecordId> gone;            ///< 404: no longer in the register.
  Reasons failed;                           ///< Could not be had, and why; tried again next time.
  uint64_t still_to_fetch = 0;              ///< Where the poll ended early.
  std::optional<Micros> until;              ///< Everything before was asked for.
};

/// One poll of CQC's public API: what a broken off one left, then what changed since the last one.
/// A kill at any moment repeats at most a batch of documents, which then are duplicates.
/// Thread-compatible; client and taker must outlive it.
class CqcPoll {
 public:
  CqcPoll(CqcPollOptions options, CqcClient* client, DocumentTaker* taker)
      : options_(std::move(options)), client_(client), taker_(taker) {}

  /// Errors: InvalidArgument, what was asked for does not fit the state file; DataLoss, that file,
  /// or a list of the API, cannot be used; FailedPrecondition, the clock is wrong; those of
  /// CqcClient and of the taker. After an error the state file says what is left to do.
  absl::Status Run(CqcPollCounts* counts);

 private:
  absl::Status Begin();
  absl::Status List(bool whole_register);
  absl::Status ListChanges();
  absl::Status ListRegister();
  absl::Status ListPages(CqcListing listing, CqcDocumentKind kind,
                         const std::function<std::string(uint32_t)>& path);
  absl::Status Open(Micros end, bool all);
  absl::Status FetchAll();
  absl::Status FetchBatch();
  absl::Status FetchOne(const CqcRecordId& record);
  absl::Status Fetched(const CqcRecordId& record, const CqcDocumentHead& head,
                       const std::string& document);
  bool IsWanted(const CqcRecordId& record, const CqcDocumentHead& head) const;
  void Follow(const CqcRecordId& record, const CqcDocumentHead& head);
  void Enqueue(const CqcRecordId& record);
  absl::Status Write() { return WritePollState(options_.state_file, state_); }

  const CqcPollOptions options_;
  CqcClient* const client_;
  DocumentTaker* const taker_;
  CqcPollCounts* counts_ = nullptr;
  PollState state_;
  Micros listed_at_ = 0;              // The API's time when its list began.
  std::vector<CqcRecordId> listed_;   // Of the list under way, each once.
  std::set<CqcRecordId> in_listed_;   // The same.
  std::set<CqcRecordId> queued_;      // Of the window, fetched or not.
  std::vector<CqcRecordId> more_;     // Named by documents of the batch.
  std::vector<CqcRecordId> no_luck_;  // Of the batch; tried again with the next window.
  int unanswered_ = 0;                // Documents in a row for which the API did not answer.
};

}  // namespace trigpoint
