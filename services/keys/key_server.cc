#include "services/keys/key_server.h"

#include <chrono>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/resource_quota.h"
#include "services/keys/admission.h"
#include "services/keys/key_services.h"
#include "services/keys/pem_file.h"
#include "services/keys/revocations.h"
#include "trigpoint/access/listen.h"
#include "trigpoint/base/status.h"
#include "trigpoint/telemetry/logging.h"

namespace trigpoint {
namespace {

constexpr int kReceiveBytesMax = 16 << 20;  // About 400,000 ids.
constexpr int kThreadsMax = 512;            // Each process that follows holds one.
constexpr auto kDrain = std::chrono::seconds(5);
constexpr absl::Duration kLeaseMin = absl::Milliseconds(100);
constexpr absl::Duration kLeaseMax = absl::Hours(1);

/// The keys of a directory; a destruction returns when no follower uses the key any more.
class RevokingKeyStore final : public KeyStore {
 public:
  RevokingKeyStore(std::unique_ptr<KeyStore> keys, Revocations* revocations)
      : keys_(std::move(keys)), revocations_(revocations) {}

  absl::StatusOr<std::vector<std::string>> GetOrCreateKeys(
      const std::vector<std::string>& key_ids) override {
    return keys_->GetOrCreateKeys(key_ids);
  }
  std::vector<absl::StatusOr<std::string>> GetKeys(
      const std::vector<std::string>& key_ids) override {
    return keys_->GetKeys(key_ids);
  }
  absl::Status DestroyKeys(const std::vector<std::string>& key_ids) override {
    if (key_ids.empty()) return absl::OkStatus();
    const absl::Status destroyed = keys_->DestroyKeys(key_ids);
    // After an error, too: a tombstone whose write failed may stand nonetheless.
    revocations_->Revoke(key_ids);
    return destroyed;
  }
  absl::Status CopyTo(const std::string& directory) const override {
    return keys_->CopyTo(directory);
  }
  absl::Status Health() const override { return keys_->Health(); }

 private:
  std::unique_ptr<KeyStore> keys_;
  Revocations* revocations_;
};

absl::Status CheckOptions(const KeyServerOptions& options) {
  const auto refuse = [](const char* why) {
    return MakeStatus(absl::StatusCode::kFailedPrecondition, why);
  };
  const bool tls = !options.tls_cert.empty();
  if (tls != !options.tls_key.empty() || tls != !options.tls_client_ca.empty())
    return refuse("certificate, key and authority of the clients go together");
  if (tls && options.clients.empty())
    return refuse("name the client certificates that may have keys");
  if (!tls && !options.clients.empty())
    return refuse("clients are known by their certificates, and there is no TLS");
  if (!tls && options.secret_file.empty())
    return refuse("without TLS the processes that may have keys show a secret: name its file");
  if (options.lease < kLeaseMin || options.lease > kLeaseMax)
    return MakeStatus(absl::StatusCode::kInvalidArgument, "a lease takes 100 ms to 1 hour");
  return CheckListen(options.listen, tls, tls);
}

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> CredentialsOf(
    const KeyServerOptions& options) {
  if (options.tls_cert.empty()) return grpc::InsecureServerCredentials();
  grpc::SslServerCredentialsOptions tls(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  TP_ASSIGN_OR_RETURN(std::string cert, ReadPem(options.tls_cert));
  TP_ASSIGN_OR_RETURN(std::string key, ReadPem(options.tls_key));
  TP_ASSIGN_OR_RETURN(tls.pem_root_certs, ReadPem(options.tls_client_ca));
  tls.pem_key_cert_pairs.push_back({std::move(key), std::move(cert)});
  return grpc::SslServerCredentials(tls);
}

class RunningKeyServer final : public KeyServer {
 public:
  explicit RunningKeyServer(const KeyServerOptions& options)
      : options_(options), revocations_(options.lease) {}
  ~RunningKeyServer() override { Stop(); }

  absl::Status Start() {
    TP_RETURN_IF_ERROR(CheckOptions(options_));
    admission_.clients = options_.clients;
    if (!options_.secret_file.empty()) {
      TP_ASSIGN_OR_RETURN(admission_.secret, ReadSecretOf(options_.secret_file, true));
    }
    TP_ASSIGN_OR_RETURN(auto keys, OpenLocalKeyStore(options_.keys));
    keys_ = std::make_unique<RevokingKeyStore>(std::move(keys), &revocations_);
    if (options_.vault.has_value()) {
      TP_ASSIGN_OR_RETURN(vault_, OpenLocalIdentityVault(*options_.vault));
    }
    return Listen();
  }

  const std::string& address() const override { return address_; }
  KeyStore& keys() override { return *keys_; }
  IdentityVault* vault() override { return vault_.get(); }
  void Stop() override {
    const absl::MutexLock lock(&stopping_);
    if (server_ == nullptr) return;
    revocations_.Stop();
    server_->Shutdown(std::chrono::system_clock::now() + kDrain);
    server_.reset();
  }

 private:
  absl::Status Listen() {
    services_ = MakeKeyServices({.admission = &admission_,
                                 .keys = keys_.get(),
                                 .vault = vault_.get(),
                                 .revocations = &revocations_});
    TP_ASSIGN_OR_RETURN(const auto credentials, CredentialsOf(options_));
    grpc::ServerBuilder builder;
    grpc::ResourceQuota quota;
    quota.SetMaxThreads(kThreadsMax);
    builder.SetResourceQuota(quota);
    builder.SetMaxReceiveMessageSize(kReceiveBytesMax);
    // Two processes on one port would each get some of the calls.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    int port = 0;
    builder.AddListeningPort(options_.listen, credentials, &port);
    for (const auto& service : services_) builder.RegisterService(service.get());
    server_ = builder.BuildAndStart();
    const bool is_unix = options_.listen.starts_with("unix:");
    if (server_ == nullptr || (port == 0 && !is_unix)) {
      server_.reset();
      return MakeStatus(absl::StatusCode::kUnavailable,
                        "cannot listen on " + options_.listen +
                            ": the port is in use or not ours, or certificate and key do not "
                            "match");
    }
    address_ = options_.listen;
    if (!is_unix) address_ = address_.substr(0, address_.rfind(':') + 1) + std::to_string(port);
    Log(LogLevel::kInfo, "keys_ready", {{"port", port}, {"identities", vault_ != nullptr}});
    return absl::OkStatus();
  }

  const KeyServerOptions options_;
  Revocations revocations_;
  Admission admission_;
  std::unique_ptr<KeyStore> keys_;
  std::unique_ptr<IdentityVault> vault_;
  std::vector<std::unique_ptr<grpc::Service>> services_;
  std::string address_;
  absl::Mutex stopping_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<KeyServer>> StartKeyServer(const KeyServerOptions& options) {
  auto server = std::make_unique<RunningKeyServer>(options);
  TP_RETURN_IF_ERROR(server->Start());
  return std::unique_ptr<KeyServer>(std::move(server));
}

}  // namespace trigpoint
