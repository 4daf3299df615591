#include "trigpoint/log/ownership.h"

#include <atomic>
#include <numeric>
#include <utility>

namespace trigpoint {
namespace {

class SoleOwnership final : public Ownership {
 public:
  explicit SoleOwnership(uint32_t partitions) : partitions_(partitions) {
    std::iota(partitions_.begin(), partitions_.end(), 0U);
  }
  SoleOwnership(const SoleOwnership&) = delete;
  SoleOwnership& operator=(const SoleOwnership&) = delete;
  ~SoleOwnership() override { SoleOwnership::Stop(); }

  absl::Status Start(OwnershipCallbacks callbacks) override {
    if (started_) return absl::FailedPreconditionError("ownership is already started");
    callbacks_ = std::move(callbacks);
    started_ = true;
    if (callbacks_.granted) callbacks_.granted(partitions_);
    return absl::OkStatus();
  }

  void Stop() override {
    if (!started_) return;
    if (callbacks_.revoked) callbacks_.revoked(partitions_);
    started_ = false;
  }

  bool Held(uint32_t partition) const override {
    return started_ && partition < partitions_.size();
  }

  absl::Status Health() const override {
    return started_ ? absl::OkStatus() : absl::FailedPreconditionError("ownership is not started");
  }

 private:
  std::vector<uint32_t> partitions_;
  OwnershipCallbacks callbacks_;
  std::atomic<bool> started_ = false;
};

}  // namespace

std::unique_ptr<Ownership> NewSoleOwnership(uint32_t partitions) {
  return std::make_unique<SoleOwnership>(partitions);
}

}  // namespace trigpoint
