#include "trigpoint/base/status.h"

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"

namespace trigpoint {

absl::Status MakeStatus(absl::StatusCode code, std::string_view message) {
  return {code, ToAbsl(message)};
}

absl::Status Annotate(const absl::Status& status, std::string_view doing) {
  if (status.ok()) {
    return status;
  }
  absl::Status annotated(status.code(), absl::StrCat(ToAbsl(doing), ": ", status.message()));
  status.ForEachPayload([&annotated](absl::string_view url, const absl::Cord& payload) {
    annotated.SetPayload(url, payload);
  });
  return annotated;
}

std::string StatusText(const absl::Status& status) {
  return status.ToString(absl::StatusToStringMode::kWithNoExtraData);
}

}  // namespace trigpoint
