#pragma once

#include <cstdint>
#include <istream>

#include "absl/status/status.h"
#include "trigpoint/intake/feed_adapter.h"

namespace trigpoint {

/// Reads a file with one event in JSON on each line (the form of ReadEventJson).
/// Empty lines, a byte order mark and CRLF do no harm. A line that cannot be read is refused by
/// itself: NOT_UTF8, MESSAGE_TOO_LARGE (over 1 MiB; its original is cut there) or a rule of
/// ReadEventJson. Every event goes to the sink before the next line is read.
class JsonLinesAdapter : public FeedAdapter {
 public:
  absl::Status Read(std::istream& input, RowSink& sink) override;

  /// Lines that were not empty, of the last Read.
  uint64_t rows() const { return rows_; }

 private:
  uint64_t rows_ = 0;
};

}  // namespace trigpoint
