#pragma once

#include <string>
#include <utility>
#include <vector>

#include "trigpoint/policy/assess.h"
#include "trigpoint/policy/pack.h"

namespace trigpoint {

/// Urgent grounds of one policy.
struct PolicyGrounds {
  const CompiledPack* pack = nullptr;
  std::vector<UrgentGround> grounds;
};

/// Rapid quality review alerts to raise now: one per evidence cluster that has none yet, whichever
/// policies and rules it satisfies, all listed in it. While an alert on the same theme is open, a
/// further cluster is attached to it; an attached cluster that asserts immediate risk is dispatched
/// again. So is a cluster that was told of and has become immediate since; one of which reports
/// became known after the review that closed its alert, or after its last tier declined it, is
/// raised anew. To a declined alert nothing is attached until somebody has it in hand. No personal
/// data. Rule: S1 L173 (three conjuncts), S3 App 2; design 6 "Alerts".
std::vector<v1::RapidQualityReviewAlert> AlertsToRaise(const MeasureContext& context,
                                                       const std::vector<PolicyGrounds>& policies,
                                                       const std::string& cause);

/// Alerts unacknowledged at their due time (rqr_ack_hours), and those that were declined, go to the
/// next tier, three tiers at most. Rule: domain.md 2.5; 3.5 row 8.
std::vector<v1::RapidQualityReviewAlert> AlertsToEscalate(const MeasureContext& context,
                                                          int64_t acknowledge_within_us,
                                                          const std::string& cause);

/// The id of the alert that a chain of tiers began with: its own where it is the first.
const std::string& RootOf(const v1::RapidQualityReviewAlert& alert);

/// Whether people are told of the alert only by another: it does not go out, rests on protected
/// sources alone, and is attached where one that rests on them is listed already. A second line
/// would tell how many of them spoke (domain.md 2.2).
bool IsToldWithAnother(const v1::RapidQualityReviewAlert& alert, const v1::ProviderRecord& record,
                       const v1::ProviderState& state);

/// Whether the alert still concerns people: unanswered, or answered without a review that was
/// closed since.
bool IsOpen(const v1::AlertRecord& alert, const v1::ProviderState& state);

}  // namespace trigpoint
