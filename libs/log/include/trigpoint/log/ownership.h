#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/status.h"

namespace trigpoint {

/// What an owner of partitions is told. Calls come one at a time. After `revoked` returns, another
/// process may own the partitions: finish the work on them before returning.
struct OwnershipCallbacks {
  std::function<void(const std::vector<uint32_t>& partitions)> granted;
  std::function<void(const std::vector<uint32_t>& partitions)> revoked;
};

/// Shares partitions out among processes. It says who works on what, never from where: offsets are
/// the store's. Threading: thread-compatible.
class Ownership {
 public:
  virtual ~Ownership() = default;
  /// Begins; partitions are granted from now on, perhaps before this returns.
  /// Errors: FailedPrecondition when already started.
  virtual absl::Status Start(OwnershipCallbacks callbacks) = 0;
  /// Revokes everything held and ends. Idempotent.
  virtual void Stop() = 0;
};

/// Grants partitions [0, partitions) once, on the caller's thread: for the memory log and for the
/// embedded log, whose lock on its directory already excludes a second process.
std::unique_ptr<Ownership> NewSoleOwnership(uint32_t partitions);

}  // namespace trigpoint
