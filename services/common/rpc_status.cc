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
  // A defect of ours is for the log of the operator: its text may name files or positions.
  const bool ours = absl::IsInternal(status) || absl::IsDataLoss(status) || absl::IsUnknown(status);
  const std::string text =
      ours ? "the service met an error of its own; its operator finds it in the log"
           : std::string(status.message());
  return Make(static_cast<grpc::StatusCode>(status.code()), text,
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
