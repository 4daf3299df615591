#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "client.h"
#include "submit_stream.h"

namespace trigpoint {

/// What a backfill ended with.
struct BackfillResult {
  SubmissionCounts counts;     ///< Of the items, without the brackets.
  uint64_t services = 0;       ///< Services whose history was loaded.
  uint64_t unknown = 0;        ///< Services that nobody registered: what is about them waits.
  uint64_t brackets_open = 0;  ///< Starts whose end was not acknowledged.
};

/// Loads history: the items of all files as one, in the order in which they were received, each
/// service between BackfillStarted and BackfillEnded, so that nothing of it goes out to people but
/// what still holds at the end (design 2). Thread-compatible.
class Backfill {
 public:
  /// `client` must outlive it. `window`: items on their way at a time.
  Backfill(const Client& client, size_t window);

  /// Takes one item; nothing is sent yet.
  void Add(v1::SubmitEventsRequest item);

  /// Sends everything. `sent` is called with the number of items sent so far. An item received at
  /// no stated time counts as received when it was reported, else when it occurred, else last.
  /// Errors: those of the stream; what was acknowledged stays, and the same backfill can be run
  /// again.
  grpc::Status Run(const std::function<void(uint64_t)>& sent, BackfillResult* result);

 private:
  struct Item {
    int64_t received_us;
    v1::SubmitEventsRequest request;
  };
  std::vector<v1::SubmitEventsRequest> Starts() const;
  grpc::Status SendBrackets(std::vector<v1::SubmitEventsRequest> brackets,
                            SubmissionCounts* counts) const;

  const Client& client_;
  const size_t window_;
  const std::string batch_;
  std::vector<Item> items_;
};

}  // namespace trigpoint
