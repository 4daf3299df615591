#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "trigpoint/access/principal.h"

namespace trigpoint {

/// What a caller showed. The transport fills in what it has verified itself; the rest stays empty.
struct Credentials {
  /// The token after "Bearer ". Kept out of every log line and error.
  std::string bearer_token{};
  /// Common name of a client certificate that TLS has verified against our authority.
  std::string client_certificate_common_name{};
  /// Name in the proxy's header. Set it only for calls on the proxy's own socket.
  std::string proxy_verified_name{};
};

/// The principals that may call, and how each of them is recognised.
///
/// YAML, strictly read:
///
///     principals:
///       - id: hfd-safeguarding-feed
///         organisation: herefordshire-council
///         roles: [PARTNER]
///         sources: [herefordshire-council/safeguarding]
///         clearance: C2
///         token_sha256: 5e88...   # or certificate_cn: ..., or proxy_name: ...
///
/// id, organisation, roles, clearance and exactly one of the three credentials are required.
/// Threading: immutable.
class Principals {
 public:
  /// Reads a principals file. Tokens stand in it as SHA-256 (64 hexadecimal digits) only.
  /// Errors: InvalidArgument, with the line and the key, for an unknown, repeated or missing key,
  /// an unknown role or class, two principals with the same id or credential, the digest of the
  /// empty token, and text that is not YAML. Values of credentials are never repeated.
  static absl::StatusOr<Principals> FromYaml(std::string_view text);

  /// Gives the one built-in principal for a loopback listener without a principals file:
  /// "local-operator", all roles, all sources, clearance C3.
  static Principals LocalOperator();

  /// Finds the principal that the credentials belong to. Token, certificate, proxy, in this order:
  /// the first that is not empty decides alone, so a wrong token is never rescued by a certificate.
  /// LocalOperator knows its principal by the absence of every credential.
  /// Errors: Unauthenticated, always in the same words for one kind of credential; its reason is
  /// CREDENTIALS_MISSING, CREDENTIALS_UNKNOWN or CREDENTIALS_NOT_EXPECTED.
  /// Complexity: every token digest is compared, in constant time.
  absl::StatusOr<Principal> Authenticate(const Credentials& credentials) const;

  /// Gives the principal with this id, whatever its credential: for a channel of which somebody
  /// else has verified that it is this principal's, e.g. a topic that the brokers let nobody else
  /// write to. LocalOperator knows none. Errors: NotFound.
  absl::StatusOr<Principal> Named(std::string_view id) const;

  /// Tells that nobody was configured. True for LocalOperator too: it is no ground to listen beyond
  /// loopback (see CheckListen).
  bool empty() const { return entries_.empty(); }

 private:
  friend class PrincipalsReader;

  enum class Kind { kToken, kCertificate, kProxy };
  struct Entry {
    Principal principal;
    Kind kind = Kind::kToken;
    std::string credential;  // Lower-case hexadecimal digest, or the name.
  };

  Principals() = default;

  bool local_operator_ = false;
  std::vector<Entry> entries_;
};

}  // namespace trigpoint
