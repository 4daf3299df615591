#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "grpcpp/support/server_callback.h"
#include "services/common/caller.h"
#include "trigpoint/telemetry/metrics.h"

namespace trigpoint {

/// One call of the API, from its begin to its status. The caller's x-correlation-id and traceparent
/// come back in the initial metadata (printable, at most 128 bytes each); at its end the call is
/// counted and, at level debug, logged: method, code, principal, milliseconds and trace id, without
/// content.
/// Threading: one thread at a time.
class Call {
 public:
  /// Before anything is sent. `metrics` may be null; `method` is a literal, e.g.
  /// "trigpoint.v1.AlertService/ListAlerts".
  Call(Metrics* metrics, grpc::CallbackServerContext* context, std::string_view method);
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  std::string_view method() const { return method_; }
  /// Who calls, if they may. Errors: Unauthenticated, PermissionDenied.
  absl::StatusOr<Principal> Admit(const CallerAuth& auth, const Target& target);
  /// Who calls; what they may is looked at later. Errors: Unauthenticated.
  absl::StatusOr<Principal> Caller(const CallerAuth& auth);
  /// Once, before the reactor's Finish.
  void Ended(const grpc::Status& status);

 private:
  void Echo(std::string_view key);

  Metrics* metrics_;
  grpc::CallbackServerContext* context_;  // Not after the end.
  std::string_view method_;
  std::string principal_{};
  std::string trace_{};
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

/// A call with one answer.
class UnaryCall : public Call {
 public:
  UnaryCall(Metrics* metrics, grpc::CallbackServerContext* context, std::string_view method)
      : Call(metrics, context, method), reactor_(context->DefaultReactor()) {}

  grpc::ServerUnaryReactor* reactor() const { return reactor_; }
  /// Once; from any thread.
  void Finish(const grpc::Status& status) {
    Ended(status);
    reactor_->Finish(status);
  }

 private:
  grpc::ServerUnaryReactor* reactor_;
};

/// A server stream that only says why there is none.
template <typename Response>
class RefusedStream final : public grpc::ServerWriteReactor<Response> {
 public:
  RefusedStream(Call& call, const grpc::Status& status) {
    call.Ended(status);
    this->Finish(status);
  }
  void OnDone() override { delete this; }
};

}  // namespace trigpoint
