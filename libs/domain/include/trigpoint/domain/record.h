#pragma once

#include <functional>
#include <string>

#include "trigpoint/domain/decisions.h"
#include "trigpoint/v1/events.pb.h"
#include "trigpoint/v1/state.pb.h"

namespace trigpoint {

/// Source of every derived event.
inline constexpr char kEngineSource[] = "trigpoint/engine";
/// Source of decisions, concurrences and answers to alerts.
inline constexpr char kDecisionSource[] = "trigpoint/decisions";
/// Source of events that only carry time.
inline constexpr char kTimeSource[] = "trigpoint/time";

/// What folding an event into the record did.
enum class RecordOutcome : uint8_t {
  kUnchanged,
  kRecorded,         ///< The head of a policy moved, or an alert was added or answered.
  kIgnored,          ///< A derived event whose `previous` is not the head; counted.
  kDecisionRefused,  ///< Kept for the audit trail.
};

/// Gives the decision context of a policy at known_at.
using ContextOf = std::function<DecisionContext(const std::string& policy_id)>;

/// The record of one policy, or null.
const v1::PolicyRecord* FindPolicyRecord(const v1::ProviderRecord& record,
                                         const std::string& policy_id);
/// The record of one policy, added (sorted) when it is not there.
v1::PolicyRecord* MutablePolicyRecord(v1::ProviderRecord* record, const std::string& policy_id);
/// The alert, or null.
v1::AlertRecord* FindAlert(v1::ProviderRecord* record, const std::string& alert_id);

/// Whether nobody owes an answer to an alert any more: somebody has it in hand, or declined it, and
/// the next tier has it.
inline bool IsAnswered(const v1::AlertRecord& alert) {
  return alert.acknowledged_us() != 0 || alert.declined_us() != 0;
}

/// Folds a decision or derived event into the record. Total. Other events leave it unchanged.
/// Rule: design 6: the fold records a derived event whose `previous` is the head, and otherwise
/// ignores and counts it.
RecordOutcome EvolveRecord(const v1::Event& event, int64_t known_us, const ContextOf& context,
                           v1::ProviderRecord* record);

}  // namespace trigpoint
