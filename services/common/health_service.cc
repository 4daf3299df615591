#include "services/common/health_service.h"

#include <algorithm>
#include <utility>

#include "services/common/call.h"
#include "services/common/rpc_status.h"

namespace trigpoint {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

constexpr char kCheck[] = "grpc.health.v1.Health/Check";
constexpr char kWatch[] = "grpc.health.v1.Health/Watch";
/// Nobody says who they are here, so nobody may fill the memory.
constexpr size_t kWatchersMax = 1024;

}  // namespace

/// One watch: tells what holds now and then each change; a change that was overtaken by the next
/// is left out.
class HealthService::Watcher final : public grpc::ServerWriteReactor<HealthCheckResponse> {
 public:
  Watcher(HealthService* service, std::unique_ptr<Call> call, bool known, Status first)
      : service_(service), call_(std::move(call)), known_(known), wanted_(first) {}

  void Tell(Status status) {
    {
      const absl::MutexLock lock(&mu_);
      // A service that nobody knows stays so.
      if (known_ && !closing_) wanted_ = status;
    }
    Proceed();
  }

  void Drain() {
    {
      const absl::MutexLock lock(&mu_);
      if (!closing_) end_ = Draining("the node is stopping");
      closing_ = true;
    }
    Proceed();
  }

  /// Starts the next write, or finishes; whoever has something to do calls it.
  void Proceed() {
    bool finish = false;
    {
      const absl::MutexLock lock(&mu_);
      if (writing_ || finished_) return;
      if (!cancelled_ && wanted_ != told_) {
        told_ = wanted_;
        out_.set_status(told_);
        writing_ = true;
      } else if (closing_) {
        finished_ = finish = true;
      } else {
        return;
      }
    }
    // Outside the lock: reactions may follow at once. Nobody changes end_ once it is closing.
    if (finish) {
      call_->Ended(end_);
      Finish(end_);
    } else {
      StartWrite(&out_);
    }
  }

  void OnWriteDone(bool ok) override {
    {
      const absl::MutexLock lock(&mu_);
      writing_ = false;
      if (!ok) CancelLocked();
    }
    Proceed();
  }

  void OnCancel() override {
    {
      const absl::MutexLock lock(&mu_);
      CancelLocked();
    }
    Proceed();
  }

  void OnDone() override { service_->Remove(this); }

 private:
  void CancelLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (!closing_) end_ = grpc::Status::CANCELLED;
    closing_ = cancelled_ = true;
  }

  HealthService* service_;
  std::unique_ptr<Call> call_;
  const bool known_;
  absl::Mutex mu_;
  Status wanted_ ABSL_GUARDED_BY(mu_);
  Status told_ ABSL_GUARDED_BY(mu_) = HealthCheckResponse::UNKNOWN;  // Never sent by us.
  bool writing_ ABSL_GUARDED_BY(mu_) = false;
  bool closing_ ABSL_GUARDED_BY(mu_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mu_) = false;
  bool finished_ ABSL_GUARDED_BY(mu_) = false;
  grpc::Status end_;
  HealthCheckResponse out_;  // Belongs to gRPC while a write is under way.
};

HealthService::HealthService(std::vector<std::string> services, Metrics* metrics)
    : services_(services.begin(), services.end()), metrics_(metrics) {
  services_.insert("");
}

HealthService::~HealthService() = default;

HealthService::Status HealthService::StatusLocked() const {
  return serving_ && !draining_ ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING;
}

void HealthService::SetServing(bool serving) {
  Status status = HealthCheckResponse::NOT_SERVING;
  {
    const absl::MutexLock lock(&mu_);
    serving_ = serving;
    status = StatusLocked();
  }
  for (const auto& watcher : Watchers()) watcher->Tell(status);
}

void HealthService::Drain() {
  {
    const absl::MutexLock lock(&mu_);
    draining_ = true;
  }
  for (const auto& watcher : Watchers()) {
    watcher->Tell(HealthCheckResponse::NOT_SERVING);
    watcher->Drain();
  }
}

grpc::ServerUnaryReactor* HealthService::Check(grpc::CallbackServerContext* context,
                                               const HealthCheckRequest* request,
                                               HealthCheckResponse* response) {
  UnaryCall call(metrics_, context, kCheck);
  if (!Knows(request->service())) {
    call.Finish(ToGrpc(absl::NotFoundError("no service of this server has this name"),
                       "SERVICE_NOT_FOUND"));
    return call.reactor();
  }
  {
    const absl::MutexLock lock(&mu_);
    response->set_status(StatusLocked());
  }
  call.Finish(grpc::Status::OK);
  return call.reactor();
}

grpc::ServerWriteReactor<HealthCheckResponse>* HealthService::Watch(
    grpc::CallbackServerContext* context, const HealthCheckRequest* request) {
  auto call = std::make_unique<Call>(metrics_, context, kWatch);
  const bool known = Knows(request->service());
  std::shared_ptr<Watcher> watcher;
  bool draining = false;
  {
    const absl::MutexLock lock(&mu_);
    if (watchers_.size() >= kWatchersMax) {
      return new RefusedStream<HealthCheckResponse>(
          *call, ToGrpc(absl::ResourceExhaustedError("too many watches at once"), "BUSY"));
    }
    const Status first = known ? StatusLocked() : HealthCheckResponse::SERVICE_UNKNOWN;
    watcher = std::make_shared<Watcher>(this, std::move(call), known, first);
    watchers_.insert(watcher);
    draining = draining_;
  }
  watcher->Proceed();
  if (draining) watcher->Drain();
  return watcher.get();
}

std::vector<std::shared_ptr<HealthService::Watcher>> HealthService::Watchers() {
  const absl::MutexLock lock(&mu_);
  return {watchers_.begin(), watchers_.end()};
}

void HealthService::Remove(const Watcher* watcher) {
  std::shared_ptr<Watcher> last;  // Released after the lock.
  const absl::MutexLock lock(&mu_);
  const auto it = std::find_if(watchers_.begin(), watchers_.end(),
                               [watcher](const auto& w) { return w.get() == watcher; });
  if (it == watchers_.end()) return;
  last = *it;
  watchers_.erase(it);
}

}  // namespace trigpoint
