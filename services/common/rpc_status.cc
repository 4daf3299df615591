#include "services/common/rpc_status.h"

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "services/common/field_error.h"
#include "trigpoint/base/status.h"
#include "trigpoint/events/pii_guard.h"
#include "trigpoint/events/violation.h"

namespace trigpoint {
namespace {

constexpr char kDomain[] = "trigpoint";
// The message stands in the trailers twice, as it is and among the details, which are in base64:
// 600 + 4/3 (600 + 1500 + what holds them) is below 4 KiB.
constexpr size_t kTextBytesMax = 600;
constexpr size_t kViolationsBytesMax = 1'500;
constexpr size_t kFieldBytesMax = 160;
constexpr size_t kDescriptionBytesMax = 300;
/// What is longer, e.g. a token of very many partitions, is left out: half of it is of no use.
constexpr size_t kMetadataBytesMax = 2'000;

void AddErrorInfo(std::string_view reason, const ErrorMetadata& metadata,
                  google::rpc::Status* status) {
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(reason));
  info.set_domain(kDomain);
  size_t bytes = 0;
  for (const auto& [key, value] : metadata) {
    bytes += key.size() + value.size();
    if (bytes > kMetadataBytesMax) break;
    (*info.mutable_metadata())[key] = value;
  }
  status->add_details()->PackFrom(info);
}

google::rpc::Status Begin(grpc::StatusCode code, std::string_view text) {
  google::rpc::Status status;
  status.set_code(static_cast<int>(code));
  const bool whole = text.size() <= kTextBytesMax;
  status.set_message(whole ? std::string(text) : Shortened(text, kTextBytesMax) + " ...");
  return status;
}

grpc::Status Finish(const google::rpc::Status& status) {
  return {static_cast<grpc::StatusCode>(status.code()), status.message(),
          status.SerializeAsString()};
}

// The texts of storage are for the operator: they name files, directories and positions. A reason
// is only given to texts of the services.
std::string TextForCaller(const absl::Status& status, bool has_reason) {
  std::string text(FromAbsl(status.message()));
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
  google::rpc::Status status = Begin(code, text);
  AddErrorInfo(reason, metadata, &status);
  return Finish(status);
}

/// The violation as a line of the answer.
google::rpc::BadRequest::FieldViolation Shown(const v1::FieldViolation& violation) {
  google::rpc::BadRequest::FieldViolation shown;
  shown.set_field(Shortened(violation.field(), kFieldBytesMax));
  shown.set_description(Shortened(violation.description(), kDescriptionBytesMax) + " [" +
                        violation.rule() + "]");
  return shown;
}

}  // namespace

std::string Shortened(std::string_view text, size_t bytes_max) {
  if (text.size() <= bytes_max) return std::string(text);
  size_t end = bytes_max;
  // Not inside a character of UTF-8: Protobuf would refuse the whole text.
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return std::string(text.substr(0, end));
}

ErrorMetadata Naming(const std::string& key, std::string_view value) {
  constexpr size_t kBytesMax = 100;
  if (value.empty() || FindPersonalData(value).has_value()) return {};
  return {{key, Shortened(value, kBytesMax)}};
}

std::string_view CodeName(grpc::StatusCode code) {
  static const auto* names = [] {
    auto* all = new std::vector<std::string>;  // Lives as long as the process.
    for (int i = 0; i <= 16; ++i)
      all->push_back(absl::StatusCodeToString(static_cast<absl::StatusCode>(i)));
    return all;
  }();
  const auto at = static_cast<size_t>(code);
  return at < names->size() ? (*names)[at] : std::string_view("UNKNOWN");
}

grpc::Status ToGrpc(const absl::Status& status, std::string_view reason,
                    const ErrorMetadata& metadata) {
  if (status.ok()) return grpc::Status::OK;
  if (const auto violation = FieldErrorOf(status); violation.has_value())
    return InvalidArgument({*violation});
  std::string own = ReasonOf(status);
  ErrorMetadata all = ReasonMetadataOf(status);
  all.insert(metadata.begin(), metadata.end());
  if (own.empty()) own = reason;
  const auto code = static_cast<grpc::StatusCode>(status.code());
  const std::string text = TextForCaller(status, !own.empty());
  return Make(code, text, own.empty() ? CodeName(code) : std::string_view(own), all);
}

grpc::Status InvalidArgument(const std::vector<v1::FieldViolation>& violations) {
  google::rpc::BadRequest bad;
  std::string text;
  size_t in_text = 0;
  for (const auto& violation : violations) {
    google::rpc::BadRequest::FieldViolation shown = Shown(violation);
    const std::string line = shown.field() + ": " + shown.description();
    const bool first = bad.field_violations().empty();
    if (!first && bad.ByteSizeLong() + line.size() > kViolationsBytesMax) break;
    *bad.add_field_violations() = std::move(shown);
    if (!first && text.size() + line.size() > kTextBytesMax) continue;
    text += (first ? "" : "; ") + line;
    ++in_text;
  }
  if (in_text < violations.size())
    text += "; and " + std::to_string(violations.size() - in_text) + " more";
  ErrorMetadata metadata;
  const size_t more = violations.size() - static_cast<size_t>(bad.field_violations_size());
  if (more > 0) metadata["more_violations"] = std::to_string(more);
  google::rpc::Status status = Begin(grpc::StatusCode::INVALID_ARGUMENT, "");
  status.set_message(text);
  AddErrorInfo("INVALID_FIELDS", metadata, &status);
  status.add_details()->PackFrom(bad);
  return Finish(status);
}

grpc::Status InvalidArgument(std::string_view field, std::string_view rule,
                             std::string_view description) {
  return InvalidArgument({Violation(field, rule, description)});
}

grpc::Status FailedPrecondition(std::string_view clause, std::string_view reason_text,
                                const ErrorMetadata& metadata) {
  ErrorMetadata all = metadata;
  all["clause"] = clause;
  return Make(grpc::StatusCode::FAILED_PRECONDITION, reason_text, "AUTHORITY", all);
}

grpc::Status Aborted(std::string_view text, std::string_view reason) {
  return Make(grpc::StatusCode::ABORTED, text, reason, {});
}

grpc::Status Draining(std::string_view text, const ErrorMetadata& metadata) {
  constexpr int kRetrySeconds = 1;
  google::rpc::Status status = Begin(grpc::StatusCode::UNAVAILABLE, text);
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
