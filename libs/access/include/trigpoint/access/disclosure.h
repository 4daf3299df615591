#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "trigpoint/access/principal.h"
#include "trigpoint/base/time.h"

namespace trigpoint {

/// A disclosure that rests on a decision of its own, whatever its class.
struct NamedDisclosure {
  std::string provider{};       ///< The stream id.
  std::string authority_ref{};  ///< The decision that it rests on.
  std::string reference{};      ///< Of what was given: an export, or a record of the vault.
  std::string requester{};      ///< To whom, where that is not the caller.
  Sensitivity sensitivity = v1::SENSITIVITY_UNSPECIFIED;  ///< The highest class that it holds.
};

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
  /// Records a disclosure before the first word of it is sent, also below C3. Errors: as Record.
  virtual absl::Status RecordNamed(const Principal& principal, std::string_view method,
                                   const NamedDisclosure& disclosure) = 0;
};

/// Opens a disclosure log that appends to a file (created with mode 0600), one JSON object a line:
/// {"at":"2026-03-01T10:00:00Z","principal":"..","organisation":"..","method":"..",
/// "provider":"..","sensitivity":"C3"}, of a named disclosure also "authority", "reference" and,
/// where there is one, "requester". No content. A character outside printable ASCII, a quote or a
/// backslash is written as "?". A line is handed to the kernel when Record returns; it survives a
/// crash of the process, not of the machine.
/// `now` gives the present; leave it empty for the system clock.
/// Errors: Unavailable when the file cannot be opened.
absl::StatusOr<std::unique_ptr<DisclosureLog>> OpenFileDisclosureLog(
    std::string_view path, std::function<Micros()> now = nullptr);

}  // namespace trigpoint
