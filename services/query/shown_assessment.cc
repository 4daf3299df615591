#include "services/query/shown_assessment.h"

#include "services/query/outside.h"
#include "trigpoint/engine/assessment.h"

namespace trigpoint {

v1::Assessment ShownAssessment(const Principal& principal, const Protection& protection,
                               const InForce& in_force, const CompiledPack& pack, int64_t as_of_us,
                               StreamAsOf stream) {
  const auto build = [&] {
    return BuildAssessment(pack, stream.state, stream.record, in_force.baselines, as_of_us);
  };
  v1::Assessment assessment = build();
  assessment.set_provider("providers/" + stream.state.stream_id());
  if (LeaveOutProtected(protection.trace, &stream)) {
    HideProtected(protection, build(), &assessment);
  } else {
    HideReferences(protection, &assessment);
  }
  if (IsOutside(principal, stream.state)) HideSmallNumbers(stream.state, &assessment);
  return assessment;
}

}  // namespace trigpoint
