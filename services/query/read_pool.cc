#include "services/query/read_pool.h"

#include <utility>

namespace trigpoint {

ReadPool::ReadPool(size_t threads, size_t queue_max) : queue_max_(queue_max) {
  for (size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { Loop(); });
}

ReadPool::~ReadPool() {
  {
    const absl::MutexLock lock(&mu_);
    stop_ = true;
  }
  for (auto& thread : threads_) thread.join();
}

bool ReadPool::Run(std::function<void()> work) {
  const absl::MutexLock lock(&mu_);
  if (stop_ || queue_.size() >= queue_max_) return false;
  queue_.push_back(std::move(work));
  return true;
}

void ReadPool::Loop() {
  const auto ready = [this] {
    mu_.AssertHeld();
    return stop_ || !queue_.empty();
  };
  while (true) {
    std::function<void()> work;
    {
      const absl::MutexLock lock(&mu_);
      mu_.Await(absl::Condition(&ready));
      if (queue_.empty()) return;
      work = std::move(queue_.front());
      queue_.pop_front();
    }
    work();
  }
}

}  // namespace trigpoint
