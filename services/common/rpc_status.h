#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "grpcpp/support/status.h"
#include "trigpoint/base/reason.h"
#include "trigpoint/v1/events.pb.h"

/// Errors of the API. Each is a google.rpc.Status with an ErrorInfo (domain "trigpoint", reason
/// UPPER_SNAKE) in its details. PERMISSION_DENIED is access; FAILED_PRECONDITION with reason
/// AUTHORITY is authority, with the clause.
///
/// All of it travels in the trailers of a call, of which some clients take 8 KiB: texts, violations
/// and values are cut, so that message and details stay below about 4 KiB.
namespace trigpoint {

/// Names and values beside a reason; never content of intelligence.
using ErrorMetadata = ReasonMetadata;

/// The text, cut to at most `bytes_max` bytes between two characters.
std::string Shortened(std::string_view text, size_t bytes_max);

/// Metadata that repeats what a caller wrote, cut to 100 bytes; none where it looks like personal
/// data.
ErrorMetadata Naming(const std::string& key, std::string_view value);

/// Gives "NOT_FOUND" and so on.
std::string_view CodeName(grpc::StatusCode code);

/// Turns a status into the answer of a call. OK stays OK. A FieldError becomes a BadRequest. The
/// reason is the status's own (WithReason), else the one given, else the name of the code; metadata
/// are the status's and those given.
/// Texts of storage, which name files, are kept from the caller: of an internal error and of lost
/// data always, of a full disk and of what is unavailable where there is no reason.
grpc::Status ToGrpc(const absl::Status& status, std::string_view reason = "",
                    const ErrorMetadata& metadata = {});

/// INVALID_ARGUMENT with the violations as BadRequest, as many as there is room for; reason
/// INVALID_FIELDS. `more_violations` in the metadata says how many did not fit.
grpc::Status InvalidArgument(const std::vector<v1::FieldViolation>& violations);
/// INVALID_ARGUMENT about one argument of the request.
grpc::Status InvalidArgument(std::string_view field, std::string_view rule,
                             std::string_view description);
/// FAILED_PRECONDITION, reason AUTHORITY: who may decide this, by which clause.
grpc::Status FailedPrecondition(std::string_view clause, std::string_view reason_text,
                                const ErrorMetadata& metadata = {});
/// ABORTED, reason BASIS_MOVED unless another is given.
grpc::Status Aborted(std::string_view text, std::string_view reason = "BASIS_MOVED");
/// UNAVAILABLE, reason DRAINING: the node is stopping; RetryInfo says after how long to try again.
grpc::Status Draining(std::string_view text, const ErrorMetadata& metadata = {});
/// OUT_OF_RANGE, e.g. a resume token that is too old: metadata says what the earliest is.
grpc::Status OutOfRange(std::string_view reason, std::string_view text,
                        const ErrorMetadata& metadata = {});

}  // namespace trigpoint
