#include "services/node/api_server.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>
#include <utility>

#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/resource_quota.h"
#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

constexpr std::string_view kUnix = "unix:";
constexpr int kReceiveBytesMax = 4 << 20;  // Intake takes a file's rows; reference/streaming 3.2.
constexpr int64_t kKeepaliveAnswerSeconds = 20;

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> TransportOf(const NodeConfig& config) {
  if (config.tls_cert.empty()) return grpc::InsecureServerCredentials();
  grpc::SslServerCredentialsOptions options(GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  TP_ASSIGN_OR_RETURN(std::string cert, ReadNamedFile(config.tls_cert, "--tls-cert"));
  TP_ASSIGN_OR_RETURN(std::string key, ReadNamedFile(config.tls_key, "--tls-key"));
  options.pem_key_cert_pairs.push_back({std::move(key), std::move(cert)});
  if (!config.tls_client_ca.empty()) {
    TP_ASSIGN_OR_RETURN(options.pem_root_certs,
                        ReadNamedFile(config.tls_client_ca, "--tls-client-ca"));
    // Tokens stay possible beside certificates; a certificate that is shown must be good.
    options.client_certificate_request = GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY;
  }
  return grpc::SslServerCredentials(options);
}

void SetLimits(const NodeConfig& config, grpc::ServerBuilder* builder) {
  builder->SetMaxReceiveMessageSize(kReceiveBytesMax);
  builder->AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, 256);
  builder->AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, 16 * 1024);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10'000);
  // A client whose machine vanished does not say so: its watches would stay for ever. Asked also
  // while nothing is sent, and as often as it takes.
  const int64_t answer_seconds = std::min(config.keepalive_seconds, kKeepaliveAnswerSeconds);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS,
                              static_cast<int>(config.keepalive_seconds * 1'000));
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                              static_cast<int>(answer_seconds * 1'000));
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  // Two nodes on one port would each get some of the calls.
  builder->AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
}

/// The node and the proxy's group alone: whoever writes to this socket says who calls.
absl::Status AdmitGroup(const std::string& socket) {
  using std::filesystem::perms;
  std::error_code error;
  std::filesystem::permissions(
      socket, perms::owner_read | perms::owner_write | perms::group_read | perms::group_write,
      error);
  if (!error) return absl::OkStatus();
  return absl::UnavailableError("cannot set the permissions of " + socket + ": " + error.message());
}

}  // namespace

absl::StatusOr<std::string> ReadNamedFile(const std::string& path, const std::string& flag) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(flag + ": cannot read " + path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

absl::StatusOr<Principals> ReadPrincipals(const NodeConfig& config) {
  if (config.principals.empty()) return Principals::LocalOperator();
  TP_ASSIGN_OR_RETURN(const std::string text, ReadNamedFile(config.principals, "--principals"));
  auto principals = Principals::FromYaml(text);
  if (!principals.ok()) return Annotate(principals.status(), config.principals);
  return principals;
}

absl::StatusOr<ApiServer> StartApiServer(const NodeConfig& config,
                                         const std::vector<grpc::Service*>& services) {
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  TP_ASSIGN_OR_RETURN(const auto credentials, TransportOf(config));
  grpc::ServerBuilder builder;
  SetLimits(config, &builder);
  ApiServer api;
  builder.AddListeningPort(config.listen, credentials, &api.port);
  if (!config.proxy_listen.empty()) {
    // These credentials take nothing but unix sockets, and calls on them are known by them.
    builder.AddListeningPort(config.proxy_listen, grpc::experimental::LocalServerCredentials(UDS));
  }
  for (grpc::Service* service : services) builder.RegisterService(service);
  api.server = builder.BuildAndStart();
  if (api.server != nullptr && !config.proxy_listen.empty())
    TP_RETURN_IF_ERROR(AdmitGroup(config.proxy_listen.substr(kUnix.size())));
  if (api.server == nullptr || (api.port == 0 && !config.listen.starts_with(kUnix))) {
    const std::string or_proxy = config.proxy_listen.empty() ? "" : " or on " + config.proxy_listen;
    return absl::UnavailableError("cannot listen on " + config.listen + or_proxy +
                                  ": the port is in use or not ours; name another with --listen");
  }
  return api;
}

}  // namespace trigpoint
