#pragma once

#include "cqc_poll.h"
#include "node_taker.h"
#include "session.h"

namespace trigpoint {

/// What one poll ended with.
struct PollReport {
  absl::Status status;
  CqcPollCounts counts;
  uint64_t requests = 0;    ///< To the API.
  uint64_t new_events = 0;  ///< Accepted, those that wait for their service among them.
  uint64_t unchanged = 0;   ///< Duplicates, and what is older than what is known.
  uint64_t refused = 0;     ///< Refused, and conflicts.
  bool versions_unsettled = false;
  bool repeats = false;  ///< One of many: a line of JSON each.
  grpc::Status node_status;

  /// Takes what became of the events.
  void TakeOutcomes(const NodeTaker& taker);
};

/// Prints it, the error behind it, and gives the exit code of the command.
ExitCode PutPollReport(const Session& session, const PollReport& report);

/// Prints an error of a poll and gives its exit code.
ExitCode FailPoll(const Session& session, const absl::Status& status);

}  // namespace trigpoint
