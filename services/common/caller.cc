#include "services/common/caller.h"

#include <string>
#include <utility>

#include "grpc/grpc_security_constants.h"
#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

constexpr std::string_view kBearer = "Bearer ";
constexpr char kVerifiedName[] = "trigpoint-verified-name";

/// Whether a call came over the proxy's own socket: only that has these credentials.
bool IsFromProxy(const grpc::AuthContext& context) {
  const auto types = context.FindPropertyValues(GRPC_TRANSPORT_SECURITY_TYPE_PROPERTY_NAME);
  return types.size() == 1 && types[0] == "local";
}

/// The name that the proxy verified; empty where it names nobody, or two.
std::string VerifiedName(const grpc::CallbackServerContext& context) {
  const auto& metadata = context.client_metadata();
  const auto name = metadata.find(kVerifiedName);
  if (name == metadata.end() || metadata.count(kVerifiedName) != 1) return "";
  return {name->second.data(), name->second.size()};
}

Credentials CredentialsOf(const grpc::CallbackServerContext& context) {
  Credentials credentials;
  const auto token = context.client_metadata().find("authorization");
  if (token != context.client_metadata().end()) {
    const std::string_view value(token->second.data(), token->second.size());
    // Anything else than a bearer token is a wrong credential, not the absence of one.
    credentials.bearer_token =
        value.starts_with(kBearer) ? value.substr(kBearer.size()) : std::string_view("?");
  }
  const auto auth = context.auth_context();
  if (auth != nullptr && IsFromProxy(*auth)) {
    credentials.proxy_verified_name = VerifiedName(context);
  } else if (auth != nullptr && auth->IsPeerAuthenticated()) {
    const auto names = auth->FindPropertyValues("x509_common_name");
    if (!names.empty())
      credentials.client_certificate_common_name.assign(names[0].data(), names[0].size());
  }
  return credentials;
}

}  // namespace

CallerAuth::CallerAuth(Principals principals, DisclosureLog* disclosures)
    : principals_(std::move(principals)), disclosures_(disclosures) {}

absl::StatusOr<Principal> CallerAuth::Caller(const grpc::CallbackServerContext& context) const {
  return principals_.Authenticate(CredentialsOf(context));
}

absl::Status CallerAuth::Check(const Principal& principal, std::string_view method,
                               const Target& target) const {
  return Authorise(principal, method, target);
}

absl::StatusOr<Principal> CallerAuth::Admit(const grpc::CallbackServerContext& context,
                                            std::string_view method, const Target& target) const {
  TP_ASSIGN_OR_RETURN(Principal principal, Caller(context));
  TP_RETURN_IF_ERROR(Check(principal, method, target));
  return principal;
}

absl::Status CallerAuth::Disclose(const Principal& principal, std::string_view method,
                                  std::string_view stream_id, Sensitivity sensitivity) const {
  if (disclosures_ == nullptr) return absl::OkStatus();
  return disclosures_->Record(principal, method, stream_id, sensitivity);
}

absl::Status CallerAuth::Disclose(const Principal& principal, std::string_view method,
                                  const NamedDisclosure& disclosure) const {
  if (disclosures_ == nullptr) return absl::OkStatus();
  return disclosures_->RecordNamed(principal, method, disclosure);
}

}  // namespace trigpoint
