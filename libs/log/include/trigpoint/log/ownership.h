#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/status.h"

namespace trigpoint {

/// What an owner of partitions is told. Calls come one at a time. After `revoked` returns, another
/// process may own the partitions: finish the work on them before returning. Where Held says no
/// already, another may own them now.
struct OwnershipCallbacks {
  std::function<void(const std::vector<uint32_t>& partitions)> granted;
  std::function<void(const std::vector<uint32_t>& partitions)> revoked;
};

/// Shares partitions out among processes. It says who works on what, never from where: offsets are
/// the store's. Threading: thread-compatible, but Held and Health: from any thread.
class Ownership {
 public:
  virtual ~Ownership() = default;
  /// Begins; partitions are granted from now on, perhaps before this returns.
  /// Errors: FailedPrecondition when already started.
  virtual absl::Status Start(OwnershipCallbacks callbacks) = 0;
  /// Revokes everything held and ends. Idempotent; not from a callback.
  virtual void Stop() = 0;
  /// Whether `partition` is this process's at this moment; to be asked before each append. It turns
  /// false before another process can own the partition, with no word from anyone and however long
  /// this process was stopped, and stays so until the partition is granted again. Does not block.
  virtual bool Held(uint32_t partition) const = 0;
  /// OK while a part in the sharing is taken; Unavailable = not now (heals by itself);
  /// FailedPrecondition = ended, or another process has taken this one's place for good.
  virtual absl::Status Health() const = 0;
};

/// Grants partitions [0, partitions) once, on the caller's thread: for the memory log and for the
/// embedded log, whose lock on its directory already excludes a second process.
std::unique_ptr<Ownership> NewSoleOwnership(uint32_t partitions);

}  // namespace trigpoint
