#include "services/common/rpc_status.h"

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

constexpr char kDomain[] = "trigpoint";

void AddErrorInfo(std::string_view reason, const ErrorMetadata& metadata,
                  google::rpc::Status* status) {
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(reason));
  info.set_domain(kDomain);
  for (const auto& [key, value] : metadata) (*info.mutable_metadata())[key] = value;
  status->add_details()->PackFrom(info);
}

grpc::Status Finish(const google::rpc::Status& status) {
  return {static_cast<grpc::StatusCode>(status.code()), status.message(),
          status.SerializeAsString()};
}

// The texts of storage are for the operator: they name files, directories and positions. A reason
// is only given to texts of the services.
std::string TextForCaller(const absl::Status& status, bool has_reason) {
  const std::string text(FromAbsl(status.message()));
  switch (status.code()) {
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kUnknown:
      return "the service met an error of its own; its operator finds it in the log";
    case absl::StatusCode::kResourceExhausted:
      return has_reason ? text
                        : "the service has no room for it now, on its disk or in its queue; send "
                          "it again later";
    case absl::StatusCode::kUnavailable:
      return has_reason ? text : "the service cannot do it now; try again later";
    default:
      return text;
  }
}

grpc::Status Make(grpc::StatusCode code, std::string_view text, std::string_view reason,
                  const ErrorMetadata& metadata) {
  google::rpc::Status status;
  status.set_code(static_cast<int>(code));
  status.set_message(std::string(text));
  AddErrorInfo(reason, metadata, &status);
  return Finish(status);
}

}  // namespace

grpc::Status ToGrpc(const absl::Status& status, std::string_view reason,
                    const ErrorMetadata& metadata) {
  if (status.ok()) return grpc::Status::OK;
  const std::string name = absl::StatusCodeToString(status.code());
  return Make(static_cast<grpc::StatusCode>(status.code()), TextForCaller(status, !reason.empty()),
              reason.empty() ? std::string_view(name) : reason, metadata);
}

grpc::Status InvalidArgument(const std::vector<v1::FieldViolation>& violations) {
  google::rpc::Status status;
  status.set_code(static_cast<int>(grpc::StatusCode::INVALID_ARGUMENT));
  google::rpc::BadRequest bad;
  std::string text;
  for (const auto& violation : violations) {
    auto* field = bad.add_field_violations();
    field->set_field(violation.field());
    field->set_description(violation.description() + " [" + violation.rule() + "]");
    if (!text.empty()) text += "; ";
    text += violation.field() + ": " + field->description();
  }
  constexpr size_t kTextMax = 1500;  // Metadata of a call is bounded; the details hold the rest.
  if (text.size() > kTextMax) text = text.substr(0, kTextMax) + " ...";
  status.set_message(text);
  AddErrorInfo("INVALID_FIELDS", {}, &status);
  status.add_details()->PackFrom(bad);
  return Finish(status);
}

grpc::Status InvalidArgument(std::string_view field, std::string_view rule,
                             std::string_view description) {
  v1::FieldViolation violation;
  violation.set_field(std::string(field));
  violation.set_rule(std::string(rule));
  violation.set_description(std::string(description));
  return InvalidArgument({violation});
}

grpc::Status FailedPrecondition(std::string_view clause, std::string_view reason_text) {
  return Make(grpc::StatusCode::FAILED_PRECONDITION, reason_text, "AUTHORITY",
              {{"clause", std::string(clause)}});
}

grpc::Status Aborted(std::string_view text, std::string_view reason) {
  return Make(grpc::StatusCode::ABORTED, text, reason, {});
}

grpc::Status NotFound(std::string_view text) {
  return Make(grpc::StatusCode::NOT_FOUND, text, "NOT_FOUND", {});
}

grpc::Status PermissionDenied(std::string_view text) {
  return Make(grpc::StatusCode::PERMISSION_DENIED, text, "ACCESS_DENIED", {});
}

grpc::Status Draining(std::string_view text, const ErrorMetadata& metadata) {
  constexpr int kRetrySeconds = 1;
  google::rpc::Status status;
  status.set_code(static_cast<int>(grpc::StatusCode::UNAVAILABLE));
  status.set_message(std::string(text));
  AddErrorInfo("DRAINING", metadata, &status);
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(kRetrySeconds);
  status.add_details()->PackFrom(retry);
  return Finish(status);
}

grpc::Status OutOfRange(std::string_view reason, std::string_view text,
                        const ErrorMetadata& metadata) {
  return Make(grpc::StatusCode::OUT_OF_RANGE, text, reason, metadata);
}

}  // namespace trigpoint
