#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "grpcpp/support/status.h"
#include "trigpoint/v1/events.pb.h"

/// Errors of the API. Each is a google.rpc.Status with an ErrorInfo (domain "trigpoint", reason
/// UPPER_SNAKE) in its details. PERMISSION_DENIED is access; FAILED_PRECONDITION with reason
/// AUTHORITY is authority, with the clause.
namespace trigpoint {

/// Names and values beside a reason; never content of intelligence.
using ErrorMetadata = std::map<std::string, std::string>;

/// Turns a status into the answer of a call. OK stays OK. An empty reason is the name of the code.
/// Texts of storage, which name files, are kept from the caller: of an internal error and of lost
/// data always, of a full disk and of what is unavailable where no reason is given.
grpc::Status ToGrpc(const absl::Status& status, std::string_view reason = "",
                    const ErrorMetadata& metadata = {});

/// INVALID_ARGUMENT with every violation as BadRequest; reason INVALID_FIELDS.
grpc::Status InvalidArgument(const std::vector<v1::FieldViolation>& violations);
/// INVALID_ARGUMENT about one argument of the request.
grpc::Status InvalidArgument(std::string_view field, std::string_view rule,
                             std::string_view description);
/// FAILED_PRECONDITION, reason AUTHORITY: who may decide this, by which clause.
grpc::Status FailedPrecondition(std::string_view clause, std::string_view reason_text);
/// ABORTED, reason BASIS_MOVED unless another is given.
grpc::Status Aborted(std::string_view text, std::string_view reason = "BASIS_MOVED");
/// NOT_FOUND, reason NOT_FOUND.
grpc::Status NotFound(std::string_view text);
/// PERMISSION_DENIED, reason ACCESS_DENIED.
grpc::Status PermissionDenied(std::string_view text);
/// UNAVAILABLE, reason DRAINING: the node is stopping; RetryInfo says after how long to try again.
grpc::Status Draining(std::string_view text, const ErrorMetadata& metadata = {});
/// OUT_OF_RANGE, e.g. a resume token that is too old: metadata says what the earliest is.
grpc::Status OutOfRange(std::string_view reason, std::string_view text,
                        const ErrorMetadata& metadata = {});

}  // namespace trigpoint
