#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "grpcpp/server_context.h"
#include "trigpoint/access/authorise.h"
#include "trigpoint/access/disclosure.h"
#include "trigpoint/access/principals.h"

namespace trigpoint {

/// Says who calls and whether they may. Threading: thread-safe; the disclosure log must outlive it.
class CallerAuth {
 public:
  /// `disclosures` null: reads of C3 and above are not recorded (tests).
  CallerAuth(Principals principals, DisclosureLog* disclosures);

  /// The principal behind a call: the bearer token of its metadata, else its verified client
  /// certificate, or, on the proxy's own socket alone, the name in `trigpoint-verified-name`.
  /// Errors: Unauthenticated.
  absl::StatusOr<Principal> Caller(const grpc::CallbackServerContext& context) const;
  /// As Principals::Named.
  absl::StatusOr<Principal> Named(std::string_view id) const { return principals_.Named(id); }
  /// As Authorise. Errors: PermissionDenied.
  absl::Status Check(const Principal& principal, std::string_view method,
                     const Target& target) const;
  /// Caller, then Check.
  absl::StatusOr<Principal> Admit(const grpc::CallbackServerContext& context,
                                  std::string_view method, const Target& target) const;
  /// Records a read before its answer is sent; see DisclosureLog.
  absl::Status Disclose(const Principal& principal, std::string_view method,
                        std::string_view stream_id, Sensitivity sensitivity) const;
  /// Records a disclosure that rests on a decision before the first word of it is sent.
  absl::Status Disclose(const Principal& principal, std::string_view method,
                        const NamedDisclosure& disclosure) const;

 private:
  Principals principals_;
  DisclosureLog* disclosures_;
};

}  // namespace trigpoint
