#include "trigpoint/base/reason.h"

#include "absl/strings/cord.h"
#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

constexpr std::string_view kReason = "trigpoint/reason";
constexpr std::string_view kMetadata = "trigpoint/reason/";

}  // namespace

absl::Status WithReason(absl::Status status, std::string_view reason,
                        const ReasonMetadata& metadata) {
  status.SetPayload(ToAbsl(kReason), absl::Cord(ToAbsl(reason)));
  for (const auto& [name, value] : metadata) {
    status.SetPayload(std::string(kMetadata) + name, absl::Cord(value));
  }
  return status;
}

std::string ReasonOf(const absl::Status& status) {
  const auto reason = status.GetPayload(ToAbsl(kReason));
  return reason.has_value() ? std::string(*reason) : std::string();
}

ReasonMetadata ReasonMetadataOf(const absl::Status& status) {
  ReasonMetadata metadata;
  status.ForEachPayload([&metadata](absl::string_view url, const absl::Cord& payload) {
    std::string_view name = FromAbsl(url);
    if (!name.starts_with(kMetadata)) {
      return;
    }
    name.remove_prefix(kMetadata.size());
    metadata[std::string(name)] = std::string(payload);
  });
  return metadata;
}

}  // namespace trigpoint
