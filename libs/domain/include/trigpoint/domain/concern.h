#pragma once

#include <cstdint>
#include <vector>

#include "trigpoint/v1/events.pb.h"
#include "trigpoint/v1/state.pb.h"

namespace trigpoint {

/// Bits of v1::Concern.flags. Stored in provider states; never renumber.
enum ConcernFlag : uint32_t {
  kConcernNeverEvent = 1U << 0,
  kConcernProviderCause = 1U << 1,
  kConcernContinuingExposure = 1U << 2,
  kConcernOrganisationalAbuse = 1U << 3,
  kConcernCurrentAbuseAlleged = 1U << 4,
  kConcernProtectedSource = 1U << 5,
  kConcernFeedback = 1U << 6,  ///< An item of feedback of any tone; counts in the feedback ratio.
  kConcernNegative =
      1U << 7,  ///< Raises a concern: counts as one. Positive items count as nothing.
  kConcernOfficerFlag = 1U << 8,  ///< An officer says that it gives rise to concern.
  kConcernSoft = 1U << 9,         ///< Early indicator: never sufficient alone (CL-10).
  kConcernVisitFinding = 1U << 10,
  kConcernApart = 1U << 11,  ///< Sensitivity C4 or C5: no rule or key puts it with another (3.8).
};

/// The reports of `event` that rules count: none, one, or one per finding of a visit.
///
/// An incident, safeguarding concern, complaint or whistleblowing concern is always a concern;
/// feedback and visit findings only where negative. An outcome ("no further action", "not upheld")
/// is never one and never removes one (S3 5.2.1; R-05 of the product reference). Of a protected
/// source only the day stands in it, as its beginning in London.
std::vector<v1::Concern> ConcernsOf(const v1::Event& event, int64_t known_us);

/// Whether a report is of a protected source: by its kind, or because its sender raised it to C5.
bool IsOfProtectedSource(const v1::Event& event);

/// The order of concerns in a state: as they occurred; by source and id where that is the same.
bool ConcernLess(const v1::Concern& a, const v1::Concern& b);

/// Whether `concern` counts as a concern (and not only as an item of feedback).
inline bool Counts(const v1::Concern& concern) {
  return (concern.flags() & kConcernNegative) != 0 && (concern.flags() & kConcernSoft) == 0;
}

}  // namespace trigpoint
