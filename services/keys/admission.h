#pragma once

#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "grpcpp/server_context.h"

namespace trigpoint {

/// The metadata of a call that carries the shared secret.
inline constexpr char kSecretMetadata[] = "x-trigpoint-secret";

/// Reads a secret that processes of one machine share, and makes it (64 random hexadecimal digits,
/// mode 0600) where `may_create` holds and there is none.
/// Errors: FailedPrecondition when it is absent, may be read by others than its owner, or holds no
/// word of at least 32 printable characters; else what the file system says.
absl::StatusOr<std::string> ReadSecretOf(const std::string& path, bool may_create);

/// Who may call: everybody is refused who does not show what is asked for. Immutable.
struct Admission {
  std::set<std::string> clients{};  ///< Common names of certificates; empty: none is asked for.
  std::string secret{};             ///< Empty: none is asked for.

  /// Errors: PermissionDenied, which says what was wrong and not what would be right. Where nothing
  /// at all is asked for, everybody is refused.
  absl::Status Admit(const grpc::ServerContextBase& context) const;
};

}  // namespace trigpoint
