#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "trigpoint/engine/projector.h"
#include "trigpoint/v1/api.pb.h"

namespace trigpoint {

/// What a sender may know of what it sent.
struct TraceQuery {
  std::string source;
  std::string id;
  v1::Sensitivity clearance = v1::SENSITIVITY_UNSPECIFIED;  ///< Of who asks.
};

/// Tells what became of a submission: where it stands, how many reports of others are taken to be
/// about the same incident, and which open recommendations, decisions and alerts it is evidence in;
/// after a move or a sale also whether it counts for those that follow, and what it is evidence in
/// there.
///
/// What it is part of is withheld from callers not cleared for C2, the class of recommendations,
/// and for reports of the class C5: that one counts would tell what a protected source said
/// (3.10 ruling 8).
/// Errors: NotFound, reason SUBMISSION_NOT_FOUND, also for what is not folded yet; those of the
/// store.
absl::StatusOr<v1::TraceSubmissionResponse> TraceSubmission(const Projector& projector,
                                                            const TraceQuery& query);

}  // namespace trigpoint
