#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "trigpoint/telemetry/metrics.h"

namespace trigpoint {

/// grpc.health.v1.Health, asked by probes and load balancers. gRPC has one of its own, but an open
/// Watch on that holds up the end of the server, and reflection knows no descriptor of it.
/// Threading: thread-safe. Destroyed after the server was shut down.
class HealthService final : public grpc::health::v1::Health::CallbackService {
 public:
  using Status = grpc::health::v1::HealthCheckResponse::ServingStatus;

  /// `services` by their full names; the empty name, the server as a whole, is always known.
  /// Nothing is served yet. `metrics` may be null and must outlive it.
  HealthService(std::vector<std::string> services, Metrics* metrics);
  ~HealthService() override;

  /// Of every service: a node serves all or none.
  void SetServing(bool serving);
  /// NOT_SERVING for good: tells every watch so and ends it with UNAVAILABLE, reason DRAINING.
  void Drain();

  grpc::ServerUnaryReactor* Check(grpc::CallbackServerContext* context,
                                  const grpc::health::v1::HealthCheckRequest* request,
                                  grpc::health::v1::HealthCheckResponse* response) override;
  grpc::ServerWriteReactor<grpc::health::v1::HealthCheckResponse>* Watch(
      grpc::CallbackServerContext* context,
      const grpc::health::v1::HealthCheckRequest* request) override;

 private:
  class Watcher;

  bool Knows(const std::string& service) const { return services_.count(service) > 0; }
  Status StatusLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::vector<std::shared_ptr<Watcher>> Watchers();
  void Remove(const Watcher* watcher);

  std::set<std::string> services_;
  Metrics* metrics_;
  absl::Mutex mu_;
  bool serving_ ABSL_GUARDED_BY(mu_) = false;
  bool draining_ ABSL_GUARDED_BY(mu_) = false;
  std::set<std::shared_ptr<Watcher>> watchers_ ABSL_GUARDED_BY(mu_);
};

}  // namespace trigpoint
