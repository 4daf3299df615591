#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include "absl/synchronization/mutex.h"
#include "client.h"

namespace trigpoint {

/// What became of the items of one import.
struct SubmissionCounts {
  uint64_t sent = 0;
  uint64_t acknowledged = 0;
  std::map<v1::SubmissionOutcome, uint64_t> outcomes;
  uint64_t not_owned = 0;         ///< Refused, not kept: of a source the caller may not submit for.
  std::set<std::string> streams;  ///< Of the providers that accepted or duplicate items are about.
};

/// Sends items over one SubmitEvents stream with a bounded window: Send blocks while `window` items
/// are not acknowledged. Thread-compatible; a thread of its own reads the acknowledgements.
class SubmitStream {
 public:
  /// `client` must outlive the stream. `window` is at least 1.
  SubmitStream(const Client& client, size_t window);

  /// Ends the stream if Finish has not.
  ~SubmitStream();
  SubmitStream(const SubmitStream&) = delete;
  SubmitStream& operator=(const SubmitStream&) = delete;

  /// Numbers and sends one item. False when the stream has ended; Finish then says why.
  bool Send(v1::SubmitEventsRequest request);

  /// Waits for the acknowledgements that are missing and ends the stream.
  /// Errors: those of the server; DATA_LOSS when it ended well without acknowledging everything.
  grpc::Status Finish();

  /// Gives a copy of the counts so far.
  SubmissionCounts counts() const;

 private:
  void ReadAcknowledgements();

  const size_t window_;
  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::SubmitEventsRequest, v1::SubmitEventsResponse>>
      stream_;
  mutable absl::Mutex mutex_;
  SubmissionCounts counts_ ABSL_GUARDED_BY(mutex_);
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ = false;
  std::jthread reader_;
};

}  // namespace trigpoint
