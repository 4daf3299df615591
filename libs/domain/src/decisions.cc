#include "trigpoint/domain/decisions.h"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <utility>

#include "decision_guards.h"
#include "trigpoint/domain/service.h"

namespace trigpoint {
namespace {

constexpr int kDecisionsKept = 100;
/// [D] No source says who settles it; S2 names its two owners.
constexpr char kNotAgreedGoesTo[] =
    "it goes to the Director for adults and communities and the Chief Nursing Officer";

template <typename A, typename B>
bool Shares(const A& a, const B& b) {
  return std::any_of(a.begin(), a.end(), [&b](const std::string& x) {
    return std::find(b.begin(), b.end(), x) != b.end();
  });
}

const v1::AuthorityMatrix::Transition* FindTransition(const v1::AuthorityMatrix& authority,
                                                      const std::string& from,
                                                      const std::string& to) {
  for (const auto& transition : authority.transitions()) {
    const bool from_matches = transition.from_state() == "*" || transition.from_state() == from;
    if (from_matches && transition.to_state() == to) return &transition;
  }
  return nullptr;
}

/// 0 for the lowest state, rising; -1 for none of the policy.
int RankOf(const v1::AuthorityMatrix& authority, const std::string& state) {
  const auto& states = authority.states();
  const auto it = std::find(states.begin(), states.end(), state);
  return it == states.end() ? -1 : static_cast<int>(it - states.begin());
}

/// Whether the open recommendation says `to`, or something beyond it: a step on the way (3.10
/// ruling 6).
bool RecommendationMatches(const v1::PolicyRecord& record, const v1::AuthorityMatrix& authority,
                           const std::string& from, const std::string& to) {
  if (!record.awaiting_decision()) return false;
  const int target = RankOf(authority, record.recommendation().target_state());
  const int start = RankOf(authority, from);
  const int step = RankOf(authority, to);
  return step > start ? step <= target : step >= target && target < start;
}

using Decision = v1::DecisionRecord;

struct Verdict {
  Decision::Outcome outcome = Decision::OUTCOME_RECORDED;
  std::string clause;
  std::string reason;
  Decision::Refusal refusal = Decision::REFUSAL_UNSPECIFIED;
  std::string missing{};
  bool concurrence_later = false;  ///< Recorded at once; the joint commissioners may still refuse.
};

Verdict Refuse(Decision::Outcome outcome, Decision::Refusal refusal, const std::string& clause,
               const std::string& reason) {
  return {.outcome = outcome, .clause = clause, .reason = reason, .refusal = refusal};
}

/// Refused for want of a field of the proposal.
Verdict Lacks(const std::string& field, Decision::Outcome outcome, const std::string& clause,
              const std::string& reason) {
  Verdict verdict = Refuse(outcome, Decision::REFUSAL_REQUIREMENT, clause, reason);
  verdict.missing = field;
  return verdict;
}

Verdict JudgeDecline(const v1::DecisionProposed& proposal, const v1::AuthorityMatrix& authority,
                     const v1::PolicyRecord& record) {
  if (!Shares(proposal.actor().roles(), authority.decline_roles())) {
    return Refuse(Decision::OUTCOME_REFUSED_AUTHORITY, Decision::REFUSAL_AUTHORITY,
                  authority.decline_clause(),
                  "none of the actor's roles may decline a recommendation");
  }
  if (!record.awaiting_decision()) {
    return Refuse(Decision::OUTCOME_REFUSED_INVALID, Decision::REFUSAL_NOTHING_TO_DECLINE,
                  authority.decline_clause(), "no recommendation awaits a decision");
  }
  if (!HasRationale(proposal)) {
    return Lacks("rationale", Decision::OUTCOME_REFUSED_INVALID, "S3 3.0",
                 "declining needs a rationale");
  }
  return {.clause = authority.decline_clause(), .reason = ""};
}

Verdict JudgeMove(const v1::DecisionProposed& proposal, int64_t known_us,
                  const DecisionContext& context, const v1::PolicyRecord& record) {
  const v1::AuthorityMatrix& authority = *context.authority;
  const std::string from = DecidedState(record, authority);
  const auto& states = authority.states();
  if (std::find(states.begin(), states.end(), proposal.to_state()) == states.end()) {
    return Refuse(Decision::OUTCOME_REFUSED_INVALID, Decision::REFUSAL_UNKNOWN_STATE, "",
                  "the policy has no such state");
  }
  if (!proposal.from_state().empty() && proposal.from_state() != from) {
    return Refuse(Decision::OUTCOME_REFUSED_BASIS_MOVED, Decision::REFUSAL_BASIS_MOVED, "",
                  "the decided state is " + from);
  }
  if (proposal.to_state() == from) {
    return Refuse(Decision::OUTCOME_REFUSED_INVALID, Decision::REFUSAL_DECIDED_ALREADY, "",
                  "the decided state is that already");
  }
  const auto* transition = FindTransition(authority, from, proposal.to_state());
  if (transition == nullptr) {
    return Refuse(
        Decision::OUTCOME_REFUSED_AUTHORITY, Decision::REFUSAL_AUTHORITY, "3.5 rule f",
        "the policy has no move from " + from + " to " + proposal.to_state() + " in one decision");
  }
  if (!Shares(proposal.actor().roles(), transition->roles())) {
    std::string roles;
    for (const auto& role : transition->roles()) roles += (roles.empty() ? "" : " or ") + role;
    return Refuse(
        Decision::OUTCOME_REFUSED_AUTHORITY, Decision::REFUSAL_AUTHORITY, transition->clause(),
        "the move from " + from + " to " + proposal.to_state() + " is authorised by " + roles);
  }
  if (const auto lack = LackOf(*transition, proposal, known_us, context, record);
      lack.has_value()) {
    return lack->field.empty() ? Refuse(Decision::OUTCOME_REFUSED_AUTHORITY,
                                        Decision::REFUSAL_AUTHORITY, lack->clause, lack->reason)
                               : Lacks(lack->field, Decision::OUTCOME_REFUSED_AUTHORITY,
                                       lack->clause, lack->reason);
  }
  // What the quality review meeting found is the ground of the move (S3 App 1).
  const bool by_meeting = !transition->needs_meeting_outcome().empty();
  if (!by_meeting && !RecommendationMatches(record, authority, from, proposal.to_state()) &&
      !(proposal.override() && HasRationale(proposal))) {
    return Lacks(proposal.override() ? "rationale" : "override",
                 Decision::OUTCOME_REFUSED_AUTHORITY, "S3 3.0",
                 "no open recommendation says " + proposal.to_state() +
                     ": a decision against it needs override and a rationale");
  }
  const bool joint = transition->joint_if_jointly_commissioned() && context.jointly_commissioned;
  const bool up = RankOf(authority, from) < RankOf(authority, proposal.to_state());
  if (joint && up && proposal.urgency() && UrgentPathHolds(record)) {
    return {.clause = transition->clause(),
            .reason = "in urgency, by one commissioner; the others are asked afterwards (S3 App 2)",
            .concurrence_later = true};
  }
  return {.outcome = joint ? Decision::OUTCOME_PENDING_CONCURRENCE : Decision::OUTCOME_RECORDED,
          .clause = transition->clause(),
          .reason = ""};
}

Verdict Judge(const v1::DecisionProposed& proposal, int64_t known_us,
              const DecisionContext& context, const v1::PolicyRecord& record) {
  if (context.authority == nullptr) {
    return Refuse(Decision::OUTCOME_REFUSED_INVALID, Decision::REFUSAL_POLICY_NOT_IN_FORCE, "",
                  "the policy is not in force");
  }
  if (proposal.based_on() != record.head()) {
    return Refuse(Decision::OUTCOME_REFUSED_BASIS_MOVED, Decision::REFUSAL_BASIS_MOVED, "",
                  "what the decision was based on has changed; read it again");
  }
  if (proposal.kind() == v1::DecisionProposed::KIND_DECLINE) {
    return JudgeDecline(proposal, *context.authority, record);
  }
  return JudgeMove(proposal, known_us, context, record);
}

/// What people looked at and did not follow is not recommended again without new evidence (3.5 rule
/// b).
void Decline(v1::PolicyRecord* record) {
  record->set_declined(true);
  record->clear_declined_evidence();
  for (const auto& criterion : record->recommendation().criteria()) {
    if (criterion.value() != v1::TRUTH_VALUE_TRUE) continue;
    for (const auto& ref : criterion.evidence()) *record->add_declined_evidence() = ref;
  }
}

void Apply(const v1::DecisionProposed& proposal, const std::string& decision_id, int64_t known_us,
           const v1::AuthorityMatrix& authority, v1::PolicyRecord* record) {
  const std::string from = DecidedState(*record, authority);
  // A step on the way leaves the rest of the move recommended.
  const bool on_the_way = proposal.kind() != v1::DecisionProposed::KIND_DECLINE &&
                          RecommendationMatches(*record, authority, from, proposal.to_state()) &&
                          proposal.to_state() != record->recommendation().target_state();
  record->set_head(decision_id);
  record->set_decision_id(decision_id);
  record->set_awaiting_decision(on_the_way);
  record->set_basis_weakened(false);
  record->clear_not_agreed_state();
  if (proposal.kind() == v1::DecisionProposed::KIND_DECLINE) {
    Decline(record);
    return;
  }
  if (authority.states_size() > 0 && from == authority.states(0)) {
    record->add_entered_enhanced_us(known_us);
  }
  record->set_declined(false);
  record->clear_declined_evidence();
  record->set_decided_state(proposal.to_state());
  record->set_decided_us(known_us);
  record->set_entered_state_us(known_us);
  // Decided here: what a predecessor left stands no more.
  record->clear_inherited_state();
  record->clear_inherited_from();
  const bool below = RankOf(authority, proposal.to_state()) <
                     RankOf(authority, record->recommendation().target_state());
  if (below && !on_the_way) Decline(record);
}

void Keep(const v1::DecisionRecord& decision, v1::PolicyRecord* record) {
  *record->add_decisions() = decision;
  if (record->decisions_size() > kDecisionsKept) {
    record->mutable_decisions()->DeleteSubrange(0, record->decisions_size() - kDecisionsKept);
  }
}

/// The joint commissioners are asked.
void Await(const v1::DecisionProposed& proposal, const std::string& decision_id, int64_t known_us,
           v1::PolicyRecord* record) {
  auto* pending = record->mutable_pending();
  pending->Clear();
  pending->set_proposal_id(decision_id);
  *pending->mutable_proposal() = proposal;
  pending->set_proposed_us(known_us);
}

/// The higher of the two states is shown until they agree (3.6).
void NotAgreed(const v1::DecisionProposed& proposal, const v1::AuthorityMatrix& authority,
               v1::PolicyRecord* record) {
  const std::string decided = DecidedState(*record, authority);
  const bool higher = RankOf(authority, decided) < RankOf(authority, proposal.to_state());
  record->set_not_agreed_state(higher ? proposal.to_state() : decided);
}

bool AllConcur(const v1::PendingProposal& pending, const DecisionContext& context) {
  const std::string& proposer = pending.proposal().actor().organisation();
  return std::all_of(context.commissioners.begin(), context.commissioners.end(),
                     [&](const std::string& commissioner) {
                       return commissioner == proposer ||
                              std::find(pending.concurred().begin(), pending.concurred().end(),
                                        commissioner) != pending.concurred().end();
                     });
}

}  // namespace

DecisionContext DecisionContextOf(const v1::ProviderState& state,
                                  const v1::AuthorityMatrix* authority) {
  DecisionContext context;
  context.authority = authority;
  context.state = &state;
  if (const v1::ServiceRegistered* service = ServiceOf(state); service != nullptr) {
    context.jointly_commissioned = service->jointly_commissioned();
    context.commissioners = {service->commissioners().begin(), service->commissioners().end()};
  }
  return context;
}

std::string DecidedState(const v1::PolicyRecord& record, const v1::AuthorityMatrix& authority) {
  if (!record.inherited_state().empty()) return record.inherited_state();
  if (!record.decided_state().empty()) return record.decided_state();
  return authority.states_size() == 0 ? "" : authority.states(0);
}

std::vector<const v1::AuthorityMatrix::Transition*> MovesTo(const v1::AuthorityMatrix& authority,
                                                            const std::string& from,
                                                            const std::string& to) {
  using Way = std::vector<const v1::AuthorityMatrix::Transition*>;
  std::map<std::string, Way> ways = {{from, {}}};
  std::deque<std::string> next = {from};
  while (!next.empty() && ways.count(to) == 0) {
    const std::string at = next.front();
    next.pop_front();
    for (const auto& state : authority.states()) {
      const auto* transition = FindTransition(authority, at, state);
      if (transition == nullptr || ways.count(state) > 0) continue;
      Way way = ways[at];
      way.push_back(transition);
      ways.emplace(state, std::move(way));
      next.push_back(state);
    }
  }
  const auto found = ways.find(to);
  return found == ways.end() ? Way() : found->second;
}

v1::DecisionRecord FoldProposal(const v1::DecisionProposed& proposal,
                                const std::string& decision_id, int64_t known_us,
                                const DecisionContext& context, v1::PolicyRecord* record) {
  const Verdict verdict = Judge(proposal, known_us, context, *record);
  v1::DecisionRecord decision;
  decision.set_decision_id(decision_id);
  *decision.mutable_decision() = proposal;
  decision.set_outcome(verdict.outcome);
  decision.set_clause(verdict.clause);
  decision.set_reason(verdict.reason);
  decision.set_refusal(verdict.refusal);
  decision.set_missing(verdict.missing);
  decision.set_known_us(known_us);
  if (verdict.outcome == Decision::OUTCOME_RECORDED) {
    record->clear_pending();
    Apply(proposal, decision_id, known_us, *context.authority, record);
    if (verdict.concurrence_later) {
      Await(proposal, decision_id, known_us, record);
      if (AllConcur(record->pending(), context)) record->clear_pending();
    }
  } else if (verdict.outcome == Decision::OUTCOME_PENDING_CONCURRENCE) {
    Await(proposal, decision_id, known_us, record);
    if (AllConcur(record->pending(), context)) {  // The proposer is the only commissioner.
      decision.set_outcome(Decision::OUTCOME_RECORDED);
      record->clear_pending();
      Apply(proposal, decision_id, known_us, *context.authority, record);
    }
  }
  Keep(decision, record);
  return decision;
}

v1::DecisionRecord FoldConcurrence(const v1::DecisionConcurrence& concurrence, int64_t known_us,
                                   const DecisionContext& context, v1::PolicyRecord* record) {
  v1::DecisionRecord decision;
  decision.set_decision_id(concurrence.proposal_id());
  decision.set_known_us(known_us);
  decision.set_clause("S2 3.1.4");
  if (!record->has_pending() || record->pending().proposal_id() != concurrence.proposal_id()) {
    decision.set_outcome(Decision::OUTCOME_REFUSED_INVALID);
    decision.set_refusal(Decision::REFUSAL_NOT_PENDING);
    decision.set_reason("no such proposal awaits concurrence");
    Keep(decision, record);
    return decision;
  }
  v1::PendingProposal* pending = record->mutable_pending();
  *decision.mutable_decision() = pending->proposal();
  const std::string& organisation = concurrence.actor().organisation();
  const auto& needed = context.commissioners;
  if (std::find(needed.begin(), needed.end(), organisation) == needed.end() ||
      organisation == pending->proposal().actor().organisation()) {
    decision.set_outcome(Decision::OUTCOME_REFUSED_AUTHORITY);
    decision.set_refusal(Decision::REFUSAL_AUTHORITY);
    decision.set_reason("only another of the joint commissioners may concur");
  } else if (!concurrence.concurs()) {
    decision.set_outcome(Decision::OUTCOME_BLOCKED);
    decision.set_reason("not agreed by " + organisation + ": the higher level is shown; " +
                        kNotAgreedGoesTo);
    if (context.authority != nullptr) {
      NotAgreed(pending->proposal(), *context.authority, record);
    }
    record->clear_pending();
  } else {
    if (std::find(pending->concurred().begin(), pending->concurred().end(), organisation) ==
        pending->concurred().end()) {
      pending->add_concurred(organisation);
    }
    if (!AllConcur(*pending, context)) {
      decision.set_outcome(Decision::OUTCOME_PENDING_CONCURRENCE);
    } else if (record->decision_id() == pending->proposal_id()) {
      decision.set_outcome(Decision::OUTCOME_RECORDED);
      decision.set_reason("the joint commissioners concurred afterwards");
      record->clear_pending();
    } else if (pending->proposal().based_on() != record->head()) {
      decision.set_outcome(Decision::OUTCOME_REFUSED_BASIS_MOVED);
      decision.set_refusal(Decision::REFUSAL_BASIS_MOVED);
      decision.set_reason("what the decision was based on has changed; propose it again");
      record->clear_pending();
    } else {
      const v1::DecisionProposed proposal = pending->proposal();
      record->clear_pending();
      decision.set_outcome(Decision::OUTCOME_RECORDED);
      Apply(proposal, concurrence.proposal_id(), known_us, *context.authority, record);
    }
  }
  Keep(decision, record);
  return decision;
}

}  // namespace trigpoint
