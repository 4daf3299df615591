#include "client.h"

#include <chrono>
#include <fstream>
#include <iostream>
#include <sstream>
#include <utility>

#include "arguments.h"
#include "print.h"
#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

constexpr int kMessageBytesMax = 64 * 1024 * 1024;

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) {
    return MakeStatus(absl::StatusCode::kInvalidArgument, "cannot read " + path);
  }
  return text.str();
}

absl::StatusOr<std::string> ReadToken(const ConnectionOptions& options) {
  if (options.token_file.empty()) {
    return options.token;
  }
  TP_ASSIGN_OR_RETURN(std::string token, ReadFile(options.token_file));
  token.erase(token.find_last_not_of(" \t\r\n") + 1);
  if (token.empty()) {
    return MakeStatus(absl::StatusCode::kInvalidArgument, options.token_file + " holds no token");
  }
  return token;
}

bool UsesTls(const ConnectionOptions& options) {
  return options.tls || !options.ca.empty() || !options.cert.empty() || !options.key.empty();
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> Credentials(
    const ConnectionOptions& options) {
  if (!UsesTls(options)) {
    return grpc::InsecureChannelCredentials();
  }
  if (options.cert.empty() != options.key.empty()) {
    return MakeStatus(absl::StatusCode::kInvalidArgument, "--cert and --key go together");
  }
  grpc::SslCredentialsOptions tls;
  if (!options.ca.empty()) {
    TP_ASSIGN_OR_RETURN(tls.pem_root_certs, ReadFile(options.ca));
  }
  if (!options.cert.empty()) {
    TP_ASSIGN_OR_RETURN(tls.pem_cert_chain, ReadFile(options.cert));
    TP_ASSIGN_OR_RETURN(tls.pem_private_key, ReadFile(options.key));
  }
  return grpc::SslCredentials(tls);
}

}  // namespace

absl::StatusOr<Client> Client::Open(const ConnectionOptions& options) {
  TP_ASSIGN_OR_RETURN(std::string token, ReadToken(options));
  if (!token.empty() && !UsesTls(options) && !IsLoopback(options.server)) {
    return MakeStatus(absl::StatusCode::kInvalidArgument,
                      "the token would go to " + options.server +
                          " in the clear; give --ca FILE, or --tls for the system's authorities");
  }
  TP_ASSIGN_OR_RETURN(auto credentials, Credentials(options));
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
  if (IsLoopback(options.server)) {
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  }
  const auto channel = grpc::CreateCustomChannel(options.server, credentials, arguments);
  return Client(channel, std::move(token), options.timeout_s);
}

Client::Client(const std::shared_ptr<grpc::Channel>& channel, std::string token, int timeout_s)
    : intelligence_(v1::IntelligenceService::NewStub(channel)),
      providers_(v1::ProviderService::NewStub(channel)),
      decisions_(v1::DecisionService::NewStub(channel)),
      alerts_(v1::AlertService::NewStub(channel)),
      policies_(v1::PolicyService::NewStub(channel)),
      reports_(v1::ReportService::NewStub(channel)),
      privacy_(v1::PrivacyService::NewStub(channel)),
      operation_(v1::OperationService::NewStub(channel)),
      health_(grpc::health::v1::Health::NewStub(channel)),
      token_(std::move(token)),
      timeout_s_(timeout_s) {}

std::unique_ptr<grpc::ClientContext> Client::NewStreamContext() const {
  auto context = std::make_unique<grpc::ClientContext>();
  if (!token_.empty()) {
    context->AddMetadata("authorization", "Bearer " + token_);
  }
  return context;
}

std::unique_ptr<grpc::ClientContext> Client::NewContext() const {
  auto context = NewStreamContext();
  context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(timeout_s_));
  return context;
}

ExitCode Fail(const Session& session, const grpc::Status& status) {
  const ErrorReport report = Decode(status);
  const std::string& server = session.connection.server;
  std::cout << std::flush;
  std::cerr << (session.json ? ErrorJson(report, server) : ErrorText(report, server));
  return ExitCodeOf(report.code);
}

ExitCode FailUncertain(const Session& session, const grpc::Status& status,
                       const std::string& request_id) {
  const ExitCode code = Fail(session, status);
  if (code == ExitCode::kUnreachable && !session.json) {
    std::cerr << "  It may have been recorded. To repeat it safely add: --request-id " << request_id
              << '\n';
  }
  return code;
}

ExitCode Fail(const Session& session, const absl::Status& status) {
  return Fail(session, ExitCodeOf(status), FromAbsl(status.message()));
}

ExitCode Fail(const Session& session, ExitCode code, std::string_view message) {
  ErrorReport report;
  report.code = code == ExitCode::kUsage      ? grpc::StatusCode::INVALID_ARGUMENT
                : code == ExitCode::kNotFound ? grpc::StatusCode::NOT_FOUND
                                              : grpc::StatusCode::UNKNOWN;
  report.message = message;
  std::cout << std::flush;
  std::cerr << (session.json ? ErrorJson(report, session.connection.server)
                             : ErrorText(report, {}));
  return code;
}

void Put(std::string_view text) { std::cout << text << std::flush; }

void PutJson(const google::protobuf::Message& message) {
  Put(ToJson(message, JsonForm::kDocument));
}

void PutJsonLine(const google::protobuf::Message& message) {
  Put(ToJson(message, JsonForm::kLine));
}

}  // namespace trigpoint
