#pragma once

#include <cstdint>
#include <istream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "trigpoint/v1/events.pb.h"

namespace trigpoint {

/// A row of a file that could not be turned into an event.
struct RefusedRow {
  uint64_t line = 0;  ///< First line of the row in the file as people see it, from 1.
  std::string
      original;  ///< The row's bytes as they came; may be personal data: seal before storing.
  std::vector<v1::FieldViolation> violations;  ///< Never empty; no personal value in them.
};

/// Takes what an adapter reads, in the order of the file. Implemented by the caller.
class RowSink {
 public:
  virtual ~RowSink() = default;

  /// Takes an event; it is not validated yet. `line` is the first line that it comes from.
  /// A status that is not OK stops the adapter, which returns it.
  virtual absl::Status OnEvent(v1::Event event, uint64_t line) = 0;

  /// Takes a row that could not be used. A status that is not OK stops the adapter.
  virtual absl::Status OnRefused(RefusedRow row) = 0;
};

/// Turns one partner's file format into events. Knows nothing of streams, clocks or the log.
/// Threading: one Read at a time.
class FeedAdapter {
 public:
  virtual ~FeedAdapter() = default;

  /// Reads one whole file; a file compressed with gzip is known by its first bytes.
  /// Errors: InvalidArgument when the file as such cannot be used (wrong columns, truncated); it
  /// says what and where. DataLoss when the compressed data is damaged or ends early. Whatever the
  /// sink returned.
  virtual absl::Status Read(std::istream& input, RowSink& sink) = 0;

  /// What the last Read found in the file, in words and in the order to show; empty where the rows
  /// say it all.
  virtual std::vector<std::pair<std::string, uint64_t>> Found() const { return {}; }
};

}  // namespace trigpoint
