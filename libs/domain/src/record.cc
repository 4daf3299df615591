#include "trigpoint/domain/record.h"

#include <algorithm>

#include "trigpoint/domain/inheritance.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

RecordOutcome RecordRecommendation(const v1::Recommendation& recommendation, int64_t known_us,
                                   const ContextOf& context, v1::ProviderRecord* record) {
  v1::PolicyRecord* policy = MutablePolicyRecord(record, recommendation.policy_id());
  if (recommendation.previous() != policy->head()) {
    record->set_ignored_derived(record->ignored_derived() + 1);
    return RecordOutcome::kIgnored;
  }
  policy->set_head(recommendation.recommendation_id());
  *policy->mutable_recommendation() = recommendation;
  policy->set_recommended_us(known_us);
  // What was declined stays declined while facts only fall away (3.5 rule b).
  const bool stays_declined =
      policy->declined() && recommendation.kind() == v1::Recommendation::KIND_REVISED;
  policy->set_declined(stays_declined);
  const DecisionContext decision = context(recommendation.policy_id());
  const std::string decided = decision.authority == nullptr
                                  ? DecidedState(*policy, v1::AuthorityMatrix())
                                  : DecidedState(*policy, *decision.authority);
  policy->set_awaiting_decision(
      !stays_declined && recommendation.kind() != v1::Recommendation::KIND_WITHDRAWN &&
      (recommendation.urgent() || recommendation.target_state() != decided));
  return RecordOutcome::kRecorded;
}

RecordOutcome RecordAlert(const v1::RapidQualityReviewAlert& alert, int64_t known_us,
                          v1::ProviderRecord* record) {
  if (FindAlert(record, alert.alert_id()) != nullptr) return RecordOutcome::kUnchanged;
  v1::AlertRecord* added = record->add_alerts();
  *added->mutable_alert() = alert;
  added->set_raised_us(known_us);
  return RecordOutcome::kRecorded;
}

/// A silence is found once, however often it is said; what ends it is a fact (SettleSilences).
RecordOutcome RecordSilence(const v1::FeedSilent& silent, int64_t known_us,
                            v1::ProviderRecord* record) {
  for (const auto& known : record->silences()) {
    const v1::FeedSilent& said = known.silent();
    if (said.kind() == silent.kind() && said.feed_source() == silent.feed_source() &&
        said.policy_id() == silent.policy_id() && said.expected_id() == silent.expected_id() &&
        ToMicros(said.since()) == ToMicros(silent.since())) {
      return RecordOutcome::kUnchanged;
    }
  }
  v1::Silence* added = record->add_silences();
  *added->mutable_silent() = silent;
  added->set_since_us(known_us);
  return RecordOutcome::kRecorded;
}

RecordOutcome RecordAcknowledgement(const v1::AlertAcknowledged& acknowledged, int64_t known_us,
                                    v1::ProviderRecord* record) {
  v1::AlertRecord* alert = FindAlert(record, acknowledged.alert_id());
  if (alert == nullptr || IsAnswered(*alert)) return RecordOutcome::kUnchanged;
  alert->set_acknowledged_us(known_us);
  *alert->mutable_acknowledged_by() = acknowledged.actor();
  return RecordOutcome::kRecorded;
}

/// The first decline stands. Who had it in hand may find that no review is warranted, too.
RecordOutcome RecordDecline(const v1::AlertDeclined& declined, int64_t known_us,
                            v1::ProviderRecord* record) {
  v1::AlertRecord* alert = FindAlert(record, declined.alert_id());
  if (alert == nullptr || alert->declined_us() != 0) return RecordOutcome::kUnchanged;
  alert->set_declined_us(known_us);
  *alert->mutable_declined() = declined;
  return RecordOutcome::kRecorded;
}

RecordOutcome OutcomeOf(const v1::DecisionRecord& decision) {
  switch (decision.outcome()) {
    case v1::DecisionRecord::OUTCOME_RECORDED:
      return RecordOutcome::kRecorded;
    case v1::DecisionRecord::OUTCOME_PENDING_CONCURRENCE:
    case v1::DecisionRecord::OUTCOME_BLOCKED:
      return RecordOutcome::kUnchanged;
    default:
      return RecordOutcome::kDecisionRefused;
  }
}

}  // namespace

const v1::PolicyRecord* FindPolicyRecord(const v1::ProviderRecord& record,
                                         const std::string& policy_id) {
  for (const auto& policy : record.policies()) {
    if (policy.policy_id() == policy_id) return &policy;
  }
  return nullptr;
}

v1::PolicyRecord* MutablePolicyRecord(v1::ProviderRecord* record, const std::string& policy_id) {
  auto* policies = record->mutable_policies();
  for (auto& policy : *policies) {
    if (policy.policy_id() == policy_id) return &policy;
  }
  policies->Add()->set_policy_id(policy_id);
  for (int i = policies->size() - 1; i > 0 && policy_id < policies->Get(i - 1).policy_id(); --i) {
    policies->SwapElements(i, i - 1);
  }
  for (auto& policy : *policies) {
    if (policy.policy_id() == policy_id) return &policy;
  }
  return nullptr;
}

v1::AlertRecord* FindAlert(v1::ProviderRecord* record, const std::string& alert_id) {
  for (auto& alert : *record->mutable_alerts()) {
    if (alert.alert().alert_id() == alert_id) return &alert;
  }
  return nullptr;
}

namespace {

RecordOutcome LiftHold(const v1::LegalHoldLifted& lifted, v1::ProviderRecord* record) {
  auto* holds = record->mutable_holds();
  const auto kept = std::remove_if(holds->begin(), holds->end(), [&lifted](const auto& hold) {
    return hold.hold_id() == lifted.hold_id();
  });
  if (kept == holds->end()) return RecordOutcome::kUnchanged;
  holds->erase(kept, holds->end());
  return RecordOutcome::kRecorded;
}

}  // namespace

RecordOutcome EvolveRecord(const v1::Event& event, int64_t known_us, const ContextOf& context,
                           v1::ProviderRecord* record) {
  switch (event.payload_case()) {
    case v1::Event::kRecommendation:
      return RecordRecommendation(event.recommendation(), known_us, context, record);
    case v1::Event::kRapidQualityReviewAlert:
      return RecordAlert(event.rapid_quality_review_alert(), known_us, record);
    case v1::Event::kAlertAcknowledged:
      return RecordAcknowledgement(event.alert_acknowledged(), known_us, record);
    case v1::Event::kAlertDeclined:
      return RecordDecline(event.alert_declined(), known_us, record);
    case v1::Event::kFeedSilent:
      return RecordSilence(event.feed_silent(), known_us, record);
    case v1::Event::kDecisionBasisWeakened: {
      v1::PolicyRecord* policy =
          MutablePolicyRecord(record, event.decision_basis_weakened().policy_id());
      if (policy->decision_id() != event.decision_basis_weakened().decision_id()) {
        return RecordOutcome::kUnchanged;
      }
      policy->set_basis_weakened(true);
      return RecordOutcome::kRecorded;
    }
    case v1::Event::kDecisionProposed: {
      const auto& proposal = event.decision_proposed();
      return OutcomeOf(FoldProposal(proposal, event.id(), known_us, context(proposal.policy_id()),
                                    MutablePolicyRecord(record, proposal.policy_id())));
    }
    case v1::Event::kDecisionConcurrence: {
      const auto& concurrence = event.decision_concurrence();
      for (auto& policy : *record->mutable_policies()) {
        if (policy.pending().proposal_id() == concurrence.proposal_id()) {
          return OutcomeOf(
              FoldConcurrence(concurrence, known_us, context(policy.policy_id()), &policy));
        }
      }
      return RecordOutcome::kDecisionRefused;
    }
    case v1::Event::kLegalHoldPlaced:
      *record->add_holds() = event.legal_hold_placed();
      return RecordOutcome::kRecorded;
    case v1::Event::kMemoryCarried:
      FoldMemory(event.memory_carried(), known_us, context, record);
      return RecordOutcome::kRecorded;
    case v1::Event::kLegalHoldLifted:
      return LiftHold(event.legal_hold_lifted(), record);
    default:
      return RecordOutcome::kUnchanged;
  }
}

}  // namespace trigpoint
