#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace trigpoint {

/// A few threads for answers that read a lot from disk, so that they never hold up gRPC's own
/// threads. Threading: thread-safe.
class ReadPool {
 public:
  /// Starts the threads; at most `queue_max` pieces of work wait.
  explicit ReadPool(size_t threads, size_t queue_max = 1024);
  /// Does what was accepted, then joins.
  ~ReadPool();
  ReadPool(const ReadPool&) = delete;
  ReadPool& operator=(const ReadPool&) = delete;

  /// Accepts one piece of work; false when too much waits already.
  bool Run(std::function<void()> work);

 private:
  void Loop();

  const size_t queue_max_;
  absl::Mutex mu_;
  std::deque<std::function<void()>> queue_ ABSL_GUARDED_BY(mu_);
  bool stop_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace trigpoint
