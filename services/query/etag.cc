#include "services/query/etag.h"

#include "services/query/outside.h"
#include "services/query/present.h"
#include "trigpoint/base/digest.h"
#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

absl::Status Mismatch() {
  return WithReason(absl::AbortedError("it has changed since it was read; read it again"),
                    "ETAG_MISMATCH");
}

}  // namespace

absl::Status CheckEtag(QueryCore& core, const Principal& principal, const std::string& stream_id,
                       const std::string& etag) {
  if (etag.empty()) return absl::OkStatus();
  TP_ASSIGN_OR_RETURN(const v1::ProviderSummary summary, core.projector().ReadSummary(stream_id));
  TP_ASSIGN_OR_RETURN(const auto trace, core.traces.Of(stream_id, summary.revision()));
  const v1::Provider shown =
      PresentProvider(summary, *core.InForceNow(), {.trace = *trace, .veil = core.veil});
  if (IsOutside(principal, shown) || shown.etag() != etag) return Mismatch();
  return absl::OkStatus();
}

std::string EtagOf(const Controls& controls, const std::string& policy_id) {
  std::string said = policy_id;
  for (const auto& control : controls.state().controls()) {
    const bool about =
        (control.has_policy_activated() && control.policy_activated().policy_id() == policy_id) ||
        (control.has_policy_retired() && control.policy_retired().policy_id() == policy_id);
    if (about) said += '\n' + control.id();
  }
  return '"' + Sha256Hex(said).substr(0, 16) + '"';
}

absl::Status CheckEtag(const Controls& controls, const std::string& policy_id,
                       const std::string& etag) {
  return etag.empty() || EtagOf(controls, policy_id) == etag ? absl::OkStatus() : Mismatch();
}

}  // namespace trigpoint
