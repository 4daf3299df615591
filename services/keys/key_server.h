#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "trigpoint/store/local_identity_vault.h"
#include "trigpoint/store/local_key_store.h"

namespace trigpoint {

/// How the process that keeps the keys for a cluster listens.
struct KeyServerOptions {
  /// "host:port" (port 0: any free one), "[ipv6]:port" or "unix:path"; another listener than that
  /// of the API.
  std::string listen;
  LocalKeyStoreOptions keys;
  std::optional<LocalIdentityVaultOptions> vault{};  ///< None: identities are not kept.
  /// Mutual TLS: certificate, private key and authority of the clients, PEM files, all or none;
  /// needed off loopback.
  std::string tls_cert{};
  std::string tls_key{};
  std::string tls_client_ca{};
  /// With TLS: the common names of the certificates that may call; at least one.
  std::set<std::string> clients{};
  /// A file with a secret that callers show, made when absent (ReadSecretOf); needed without TLS,
  /// an addition with it.
  std::string secret_file{};
  /// How long a process uses keys that it remembers without news; a destruction takes at most about
  /// as long when such a process vanished. 100 ms to 1 hour.
  absl::Duration lease = absl::Seconds(5);
};

/// Keys and identities of a cluster, served to its processes. Threading: thread-safe.
class KeyServer {
 public:
  KeyServer() = default;
  virtual ~KeyServer() = default;  ///< Stops.
  KeyServer(const KeyServer&) = delete;
  KeyServer& operator=(const KeyServer&) = delete;

  /// Where it can be reached: as `listen`, with the port that it got.
  virtual const std::string& address() const = 0;
  /// The same keys for this process itself, e.g. to copy or destroy them; a destruction reaches
  /// every follower.
  virtual KeyStore& keys() = 0;
  virtual IdentityVault* vault() = 0;  ///< Null: identities are not kept.
  /// Answers what is under way (at most 5 s), then ends. Idempotent.
  virtual void Stop() = 0;
};

/// Opens the directories and serves; calls are answered when it returns. Default deny: who shows
/// neither a certificate of `clients` nor, without TLS, the secret, is refused.
/// Errors: FailedPrecondition for an address that others reach without TLS, for TLS without
/// clients, for no TLS without a secret; those of OpenLocalKeyStore and OpenLocalIdentityVault;
/// InvalidArgument; NotFound for a file of TLS; Unavailable when the address cannot be listened on.
absl::StatusOr<std::unique_ptr<KeyServer>> StartKeyServer(const KeyServerOptions& options);

}  // namespace trigpoint
