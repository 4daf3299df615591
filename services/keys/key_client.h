#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "trigpoint/store/identity_vault.h"
#include "trigpoint/store/key_store.h"

namespace trigpoint {

/// How a process reaches the keys of its cluster.
struct KeyClientOptions {
  std::string address;  ///< "host:port" or "unix:path" (KeyServer::address).
  /// Mutual TLS, PEM files: authority of the server, own certificate and key; all or none.
  std::string tls_ca{};
  std::string tls_cert{};
  std::string tls_key{};
  /// The name in the server's certificate, where it is not that of `address`.
  std::string tls_server_name{};
  std::string secret_file{};  ///< As KeyServerOptions; empty: none.
  size_t cached_keys = 1 << 16;
  /// How long ConnectKeys tries.
  absl::Duration connect_timeout = absl::Seconds(10);
  /// How long a call tries, through restarts of the server, before it answers Unavailable.
  absl::Duration call_timeout = absl::Seconds(3);
  /// The same for destruction and erasure, which wait for every process that remembers keys.
  absl::Duration destroy_timeout = absl::Seconds(60);
};

/// Keys and identities that lie with another process. Both may be used as long as this lives.
struct SharedKeys {
  std::unique_ptr<KeyStore> keys;
  std::unique_ptr<IdentityVault> vault;  ///< Null: that process keeps no identities.
};

/// Connects to the process that keeps the keys. Keys are remembered in memory for as long as that
/// process is heard of (docs/adr/0030); identities never. After a restart of the server everything
/// goes on by itself; calls answer Unavailable meanwhile.
/// Errors: PermissionDenied when the server refuses this process; Unavailable when it does not
/// answer, the reason in the text (a certificate that is not taken shows so, too);
/// FailedPrecondition and NotFound for files; InvalidArgument.
absl::StatusOr<SharedKeys> ConnectKeys(const KeyClientOptions& options);

}  // namespace trigpoint
