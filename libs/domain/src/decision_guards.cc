// What a move asks for beside a role: references, the outcome of a meeting, the end of a hold,
// urgency.
#include "decision_guards.h"

#include <algorithm>
#include <vector>

#include "trigpoint/base/time.h"
#include "trigpoint/domain/ratings.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

using Transition = v1::AuthorityMatrix::Transition;

std::string MissingReference(const Transition& transition, const v1::DecisionProposed& proposal) {
  for (const auto& required : transition.needs()) {
    const bool present = (required == "meeting_id" && !proposal.meeting_id().empty()) ||
                         (required == "sqg_ref" && !proposal.sqg_ref().empty()) ||
                         (required == "risk_profile_ref" && !proposal.risk_profile_ref().empty());
    if (!present) return required;
  }
  return "";
}

/// The day on which the service last left the lowest state; meetings and profiles of an earlier
/// episode say nothing about this one.
std::optional<CivilDate> EpisodeStart(const v1::PolicyRecord& record) {
  if (record.entered_enhanced_us().empty()) return std::nullopt;
  return LondonDate(
      *std::max_element(record.entered_enhanced_us().begin(), record.entered_enhanced_us().end()));
}

bool InEpisode(CivilDate day, CivilDate today, const v1::PolicyRecord& record) {
  const auto start = EpisodeStart(record);
  return day <= today && (!start.has_value() || *start <= day);
}

bool MeetingSaid(const Transition& transition, const v1::DecisionProposed& proposal,
                 CivilDate today, const DecisionContext& context, const v1::PolicyRecord& record) {
  if (context.state == nullptr || proposal.meeting_id().empty()) return false;
  const auto& facts = context.state->facts();
  return std::any_of(facts.begin(), facts.end(), [&](const v1::Event& fact) {
    if (!fact.has_quality_review_meeting_held()) return false;
    const auto& meeting = fact.quality_review_meeting_held();
    const CivilDate held =
        meeting.has_held_on() ? ToCivil(meeting.held_on()) : LondonDate(OccurredMicros(fact));
    return meeting.meeting_id() == proposal.meeting_id() && InEpisode(held, today, record) &&
           v1::QualityReviewMeetingHeld::Outcome_Name(meeting.outcome()) ==
               transition.needs_meeting_outcome();
  });
}

/// What the quality risk profiles of this episode say.
struct Assurance {
  bool profiled = false;
  std::optional<CivilDate> since;  ///< A later profile without assurance ends it.
};

Assurance AssuranceOf(CivilDate today, const DecisionContext& context,
                      const v1::PolicyRecord& record) {
  struct Profile {
    CivilDate day{};
    bool assured = false;
  };
  std::vector<Profile> profiles;
  if (context.state != nullptr) {
    for (const auto& fact : context.state->facts()) {
      if (!fact.has_quality_risk_profile_completed()) continue;
      const auto& completed = fact.quality_risk_profile_completed();
      const CivilDate day = completed.has_assured_on() ? ToCivil(completed.assured_on())
                                                       : LondonDate(OccurredMicros(fact));
      if (!InEpisode(day, today, record)) continue;
      profiles.push_back({.day = day, .assured = completed.assurance_gained()});
    }
  }
  // Of one day, the profile without assurance comes last: the cautious reading.
  std::stable_sort(profiles.begin(), profiles.end(), [](const Profile& a, const Profile& b) {
    return a.day < b.day || (a.day == b.day && a.assured && !b.assured);
  });
  Assurance assurance;
  for (const Profile& profile : profiles) {
    assurance.profiled = true;
    if (!profile.assured) {
      assurance.since.reset();
    } else if (!assurance.since.has_value()) {
      assurance.since = profile.day;
    }
  }
  return assurance;
}

template <typename Roles>
std::string OneOf(const Roles& roles) {
  std::string text;
  for (const auto& role : roles) text += (text.empty() ? "" : " or ") + role;
  return text;
}

std::optional<Lack> HoldOf(const Transition& transition, const v1::DecisionProposed& proposal,
                           CivilDate today, const DecisionContext& context,
                           const v1::PolicyRecord& record) {
  const auto hold = HoldOn(transition, today, context, record);
  if (!hold.has_value()) return std::nullopt;
  std::string reason = "the quality risk profile of this episode gained no assurance";
  if (hold->until.has_value()) {
    reason = "assurance was gained on " + FormatDate(*hold->since) + ": held until " +
             FormatDate(*hold->until) + ", " + std::to_string(transition.assurance_hold_months()) +
             " months";
  }
  const auto& may = transition.hold_override_roles();
  const auto& roles = proposal.actor().roles();
  const bool allowed = std::any_of(roles.begin(), roles.end(), [&may](const std::string& role) {
    return std::find(may.begin(), may.end(), role) != may.end();
  });
  if (allowed && proposal.override() && HasRationale(proposal)) return std::nullopt;
  if (!may.empty()) reason += "; " + OneOf(may) + " may override with a rationale";
  const std::string field = !allowed ? "" : proposal.override() ? "rationale" : "override";
  return Lack{.field = field, .clause = transition.hold_clause(), .reason = reason};
}

}  // namespace

std::optional<AssuranceHold> HoldOn(const Transition& transition, CivilDate today,
                                    const DecisionContext& context,
                                    const v1::PolicyRecord& record) {
  if (transition.assurance_hold_months() == 0) return std::nullopt;
  const Assurance assurance = AssuranceOf(today, context, record);
  if (!assurance.profiled) return std::nullopt;
  AssuranceHold hold{.transition = &transition, .since = assurance.since, .until = std::nullopt};
  if (!hold.since.has_value()) return hold;
  hold.until = AddMonths(*hold.since, static_cast<int>(transition.assurance_hold_months()));
  return today < *hold.until ? std::optional(hold) : std::nullopt;
}

std::optional<AssuranceHold> HoldAgainstFall(const DecisionContext& context, CivilDate today,
                                             const v1::PolicyRecord& record) {
  const std::string from = DecidedState(record, *context.authority);
  for (const auto& transition : context.authority->transitions()) {
    if (transition.from_state() != "*" && transition.from_state() != from) continue;
    if (transition.to_state() == from) continue;
    if (auto hold = HoldOn(transition, today, context, record); hold.has_value()) return hold;
  }
  return std::nullopt;
}

bool HasRationale(const v1::DecisionProposed& proposal) {
  return proposal.rationale().form_case() != v1::SealableText::FORM_NOT_SET ||
         !proposal.rationale_code().empty();
}

bool UrgentPathHolds(const v1::PolicyRecord& record) {
  return record.recommendation().urgent() &&
         record.recommendation().kind() != v1::Recommendation::KIND_WITHDRAWN;
}

std::optional<Lack> LackOf(const Transition& transition, const v1::DecisionProposed& proposal,
                           int64_t known_us, const DecisionContext& context,
                           const v1::PolicyRecord& record) {
  const CivilDate today = LondonDate(known_us);
  if (auto hold = HoldOf(transition, proposal, today, context, record); hold.has_value())
    return hold;
  const bool waived =
      transition.override_waives_requirements() && proposal.override() && HasRationale(proposal);
  if (waived) return std::nullopt;
  const std::string or_override =
      transition.override_waives_requirements() ? " (or override with a rationale)" : "";
  const std::string missing = MissingReference(transition, proposal);
  if (!missing.empty()) {
    return Lack{.field = missing,
                .clause = transition.clause(),
                .reason = "the move requires " + missing + or_override};
  }
  if (!transition.needs_meeting_outcome().empty() &&
      !MeetingSaid(transition, proposal, today, context, record)) {
    return Lack{.field = "meeting_id",
                .clause = transition.clause(),
                .reason =
                    "the move requires the meeting_id of a quality review meeting of this "
                    "episode with the outcome " +
                    transition.needs_meeting_outcome() + or_override};
  }
  if (transition.needs_urgency() && !UrgentPathHolds(record) &&
      !(proposal.urgency() && HasRationale(proposal))) {
    return Lack{.field = proposal.urgency() ? "rationale" : "urgency",
                .clause = transition.clause(),
                .reason = "the move is for urgency: say urgency with a rationale" + or_override};
  }
  return std::nullopt;
}

}  // namespace trigpoint
