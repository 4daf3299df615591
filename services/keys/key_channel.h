#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "grpcpp/grpcpp.h"
#include "services/keys/key_client.h"
#include "trigpoint/internal/v1/keys.grpc.pb.h"

namespace trigpoint {

/// The connection to the process that keeps the keys. Threading: thread-safe.
class KeyChannel {
 public:
  /// Connects nothing yet. Errors: those of ConnectKeys that concern files.
  static absl::StatusOr<std::shared_ptr<KeyChannel>> Open(const KeyClientOptions& options);
  KeyChannel(const KeyClientOptions& options, const std::shared_ptr<grpc::Channel>& channel,
             std::string secret);

  const KeyClientOptions& options() const { return options_; }
  internal::v1::KeyService::StubInterface& keys() { return *keys_; }
  internal::v1::IdentityService::StubInterface& identities() { return *identities_; }

  /// What every call carries.
  void Prepare(absl::Duration timeout, grpc::ClientContext* context) const;
  /// What a call that ended means: an error that the other side's store answered as it is; what
  /// the transport says as Unavailable; a refusal as PermissionDenied.
  absl::Status StatusOf(const grpc::Status& status, const grpc::ClientContext& context) const;

  /// Asks, again where the connection failed, until `timeout` is over. What is asked must bear to
  /// be asked twice. Errors: as StatusOf; a refusal as Unavailable, for it is the operator's to
  /// mend and not the caller's.
  template <typename Method, typename Request, typename Response>
  absl::Status Ask(const Method& method, const Request& request, Response* response,
                   absl::Duration timeout) const {
    const absl::Time deadline = absl::Now() + timeout;
    absl::Duration wait = absl::Milliseconds(10);
    while (true) {
      grpc::ClientContext context;
      Prepare(deadline - absl::Now(), &context);
      context.set_wait_for_ready(true);
      const grpc::Status answer = method(&context, request, response);
      const absl::Status status = StatusOf(answer, context);
      if (absl::IsPermissionDenied(status)) return absl::UnavailableError(status.message());
      const bool again = answer.error_code() == grpc::StatusCode::UNAVAILABLE;
      if (!again || absl::Now() + wait > deadline) return status;
      Wait(wait);
      wait = std::min(wait * 2, absl::Milliseconds(500));
    }
  }

  /// Waits until there is a connection, at most so long. Somebody has to: gRPC makes progress with
  /// one only while a call or this waits.
  void AwaitConnection(absl::Duration duration) const;
  /// Waits; ends at once after Close.
  void Wait(absl::Duration duration) const;
  /// No more waiting.
  void Close();

 private:
  const KeyClientOptions options_;
  const std::string secret_;
  const std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<internal::v1::KeyService::StubInterface> keys_;
  std::unique_ptr<internal::v1::IdentityService::StubInterface> identities_;
  mutable absl::Mutex mutex_;
  bool closed_ = false;  // Guarded by mutex_.
};

}  // namespace trigpoint
