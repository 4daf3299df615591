#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "trigpoint/access/principal.h"
#include "trigpoint/base/time.h"

namespace trigpoint {

/// Records who was shown what: reads of C3 and above.
/// Threading: implementations are thread-safe.
class DisclosureLog {
 public:
  virtual ~DisclosureLog() = default;

  /// Records one read before its answer is sent; a class below C3 is not recorded and gives OK.
  /// `provider` is the stream id that was found, never the caller's own words; empty for a list.
  /// Errors: Unavailable when it could not be written: the caller then withholds the answer.
  virtual absl::Status Record(const Principal& principal, std::string_view method,
                              std::string_view provider, Sensitivity sensitivity) = 0;
};

/// Opens a disclosure log that appends to a file (created with mode 0600), one JSON object a line:
/// {"at":"2026-03-01T10:00:00Z","principal":"..","organisation":"..","method":"..",
/// "provider":"..","sensitivity":"C3"}. No content. A character outside printable ASCII, a quote or
/// a backslash is written as "?". A line is handed to the kernel when Record returns; it survives a
/// crash of the process, not of the machine.
/// `now` gives the present; leave it empty for the system clock.
/// Errors: Unavailable when the file cannot be opened.
absl::StatusOr<std::unique_ptr<DisclosureLog>> OpenFileDisclosureLog(
    std::string_view path, std::function<Micros()> now = nullptr);

}  // namespace trigpoint
