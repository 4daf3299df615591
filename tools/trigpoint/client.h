#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "grpcpp/grpcpp.h"
#include "session.h"
#include "trigpoint/v1/api.grpc.pb.h"

namespace trigpoint {

/// The server's services over one channel. Thread-safe.
class Client {
 public:
  /// Prepares a channel; the first call connects.
  /// Errors: NotFound when a file cannot be read; InvalidArgument for options that contradict each
  /// other, and for a token that would leave this machine in the clear.
  static absl::StatusOr<Client> Open(const ConnectionOptions& options);

  /// Makes the context of one call with the deadline of the options.
  std::unique_ptr<grpc::ClientContext> NewContext() const;

  /// Makes the context of a stream, which has no deadline.
  std::unique_ptr<grpc::ClientContext> NewStreamContext() const;

  v1::IntelligenceService::Stub& intelligence() const { return *intelligence_; }
  v1::ProviderService::Stub& providers() const { return *providers_; }
  v1::DecisionService::Stub& decisions() const { return *decisions_; }
  v1::AlertService::Stub& alerts() const { return *alerts_; }
  v1::PolicyService::Stub& policies() const { return *policies_; }
  v1::ReportService::Stub& reports() const { return *reports_; }
  v1::PrivacyService::Stub& privacy() const { return *privacy_; }
  v1::OperationService::Stub& operation() const { return *operation_; }
  grpc::health::v1::Health::Stub& health() const { return *health_; }

 private:
  Client(const std::shared_ptr<grpc::Channel>& channel, std::string token, int timeout_s);

  std::unique_ptr<v1::IntelligenceService::Stub> intelligence_;
  std::unique_ptr<v1::ProviderService::Stub> providers_;
  std::unique_ptr<v1::DecisionService::Stub> decisions_;
  std::unique_ptr<v1::AlertService::Stub> alerts_;
  std::unique_ptr<v1::PolicyService::Stub> policies_;
  std::unique_ptr<v1::ReportService::Stub> reports_;
  std::unique_ptr<v1::PrivacyService::Stub> privacy_;
  std::unique_ptr<v1::OperationService::Stub> operation_;
  std::unique_ptr<grpc::health::v1::Health::Stub> health_;
  std::string token_;
  int timeout_s_;
};

/// Prints a failed call on the error stream, as text or as one line of JSON, and gives its code.
ExitCode Fail(const Session& session, const grpc::Status& status);

/// The same for a call that records something: without an answer it may have been carried out, and
/// repeating it with its id cannot do it twice.
ExitCode FailUncertain(const Session& session, const grpc::Status& status,
                       const std::string& request_id);

/// The same for an error of our own: a file, an option.
ExitCode Fail(const Session& session, const absl::Status& status);

/// The same with the exit code given: what a file holds (kData) or how the command was used.
ExitCode Fail(const Session& session, ExitCode code, std::string_view message);

/// Writes text to standard output.
void Put(std::string_view text);

/// Writes a message as JSON to standard output.
void PutJson(const google::protobuf::Message& message);
void PutJsonLine(const google::protobuf::Message& message);

/// Opens the client and runs `command(client)`, or fails.
template <typename Command>
ExitCode WithClient(const Session& session, Command command) {
  const absl::StatusOr<Client> client = Client::Open(session.connection);
  return client.ok() ? command(*client) : Fail(session, client.status());
}

}  // namespace trigpoint
