#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace trigpoint {

/// A count on the error stream: rewritten in place on a terminal, otherwise a line now and then.
/// Thread-compatible.
class Progress {
 public:
  /// `what` follows the number: "1200 assessed". `total` 0: not known beforehand.
  explicit Progress(std::string what, uint64_t total = 0);

  /// Shows the count when the last one has been there for long enough.
  void Show(uint64_t count);

  /// Clears the line on a terminal.
  void End();

 private:
  const std::string what_;
  const uint64_t total_;
  const bool terminal_;
  const std::chrono::steady_clock::time_point started_;
  std::chrono::steady_clock::time_point shown_;
};

}  // namespace trigpoint
