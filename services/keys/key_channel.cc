#include "services/keys/key_channel.h"

#include <utility>

#include "services/keys/admission.h"
#include "services/keys/key_services.h"
#include "services/keys/pem_file.h"
#include "trigpoint/access/listen.h"
#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

constexpr int kMessageBytesMax = 64 << 20;
constexpr int kReconnectMinMs = 50;
constexpr int kReconnectMaxMs = 1'000;

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> CredentialsOf(
    const KeyClientOptions& options) {
  const bool tls = !options.tls_ca.empty();
  if (tls != !options.tls_cert.empty() || tls != !options.tls_key.empty()) {
    return MakeStatus(absl::StatusCode::kInvalidArgument,
                      "authority, certificate and key for the keys go together");
  }
  if (!tls) {
    const absl::Status near = CheckListen(options.address, false, false);
    if (!near.ok()) {
      return MakeStatus(near.code(), "keys would go in the clear between this process and " +
                                         options.address + ": they need TLS");
    }
    return grpc::InsecureChannelCredentials();
  }
  grpc::SslCredentialsOptions ssl;
  TP_ASSIGN_OR_RETURN(ssl.pem_root_certs, ReadPem(options.tls_ca));
  TP_ASSIGN_OR_RETURN(ssl.pem_cert_chain, ReadPem(options.tls_cert));
  TP_ASSIGN_OR_RETURN(ssl.pem_private_key, ReadPem(options.tls_key));
  return grpc::SslCredentials(ssl);
}

}  // namespace

absl::StatusOr<std::shared_ptr<KeyChannel>> KeyChannel::Open(const KeyClientOptions& options) {
  TP_ASSIGN_OR_RETURN(const auto credentials, CredentialsOf(options));
  std::string secret;
  if (!options.secret_file.empty()) {
    TP_ASSIGN_OR_RETURN(secret, ReadSecretOf(options.secret_file, false));
  }
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectMinMs);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kReconnectMaxMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectMaxMs);
  // Keys go where they are sent, not through whatever proxy the environment names.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  if (!options.tls_server_name.empty()) arguments.SetSslTargetNameOverride(options.tls_server_name);
  return std::make_shared<KeyChannel>(
      options, grpc::CreateCustomChannel(options.address, credentials, arguments),
      std::move(secret));
}

KeyChannel::KeyChannel(const KeyClientOptions& options,
                       const std::shared_ptr<grpc::Channel>& channel, std::string secret)
    : options_(options),
      secret_(std::move(secret)),
      channel_(channel),
      keys_(internal::v1::KeyService::NewStub(channel)),
      identities_(internal::v1::IdentityService::NewStub(channel)) {}

void KeyChannel::Prepare(absl::Duration timeout, grpc::ClientContext* context) const {
  context->set_deadline(absl::ToChronoTime(absl::Now() + timeout));
  if (!secret_.empty()) context->AddMetadata(kSecretMetadata, secret_);
}

absl::Status KeyChannel::StatusOf(const grpc::Status& status,
                                  const grpc::ClientContext& context) const {
  if (status.ok()) return absl::OkStatus();
  if (context.GetServerTrailingMetadata().count(kAnsweredMetadata) > 0)
    return MakeStatus(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  if (status.error_code() == grpc::StatusCode::PERMISSION_DENIED) {
    return MakeStatus(absl::StatusCode::kPermissionDenied,
                      "the process that keeps the keys (" + options_.address +
                          ") refuses this one: " + status.error_message());
  }
  return MakeStatus(absl::StatusCode::kUnavailable,
                    "the process that keeps the keys (" + options_.address +
                        ") does not answer: " + status.error_message());
}

void KeyChannel::AwaitConnection(absl::Duration duration) const {
  channel_->WaitForConnected(absl::ToChronoTime(absl::Now() + duration));
}

void KeyChannel::Wait(absl::Duration duration) const {
  const absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithTimeout(absl::Condition(&closed_), duration);
}

void KeyChannel::Close() {
  const absl::MutexLock lock(&mutex_);
  closed_ = true;
}

}  // namespace trigpoint
