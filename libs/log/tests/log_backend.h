#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "trigpoint/log/event_log.h"

namespace trigpoint {

/// One backend under the contract suite: a log, and what it can be asked to do.
class LogBackend {
 public:
  virtual ~LogBackend() = default;
  virtual EventLog& log() = 0;
  /// Closes the log and opens it again over the same data. Called only when Traits::durable.
  virtual void Reopen() = 0;
};

struct LogBackendTraits {
  std::string name;
  bool durable = false;        ///< Reopen finds what was acknowledged.
  bool bounded_queue = false;  ///< Appends queue behind a slow callback, up to kQueueBytes.
  std::string missing = {};    ///< What this machine lacks for it; empty = nothing.
  std::function<std::unique_ptr<LogBackend>(uint32_t partitions)> make;
};

/// Bound of a bounded queue in this suite, in bytes.
inline constexpr size_t kQueueBytes = size_t{256} << 10;

/// The backends of this program.
std::vector<LogBackendTraits> AllLogBackends();

/// A directory of its own, removed at the end.
class TempDirectory {
 public:
  TempDirectory();
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;
  ~TempDirectory();
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace trigpoint
