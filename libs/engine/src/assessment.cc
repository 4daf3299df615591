#include "trigpoint/engine/assessment.h"

#include <string>
#include <utility>
#include <vector>

#include "trigpoint/domain/decisions.h"
#include "trigpoint/domain/ratings.h"
#include "trigpoint/domain/record.h"
#include "trigpoint/domain/service.h"
#include "trigpoint/engine/stream_step.h"
#include "trigpoint/events/times.h"
#include "trigpoint/policy/cross_walk.h"
#include "trigpoint/policy/feeds.h"
#include "trigpoint/policy/recommend.h"

namespace trigpoint {
namespace {

/// stale_rating_months: an old rating misleads; a caveat, not a criterion (domain.md 3.1).
constexpr int kStaleRatingMonths = 24;

void AddCaveats(const CompiledPack& pack, const v1::ProviderState& state, int64_t as_of_us,
                const v1::PolicyRecord* policy, v1::Assessment* out) {
  if (!pack.pack().caveat().empty()) out->add_caveats(pack.pack().caveat());
  if (const auto due = ParseDate(pack.pack().review_due());
      due.ok() && *due < LondonDate(as_of_us)) {
    out->add_caveats("the policy was to be reviewed by " + pack.pack().review_due());
  }
  if (policy != nullptr && policy->basis_weakened()) {
    out->add_caveats(
        "what the decided level rests on was changed or taken back since: those who "
        "decided it should look at it again");
  }
  const CurrentRating rating = CurrentRatingOf(state, as_of_us);
  if (rating.overall == v1::RATING_UNSPECIFIED) return;
  if (AddMonths(rating.report_date, kStaleRatingMonths) < LondonDate(as_of_us)) {
    out->add_caveats("the rating is of " + FormatDate(rating.report_date) + ", more than " +
                     std::to_string(kStaleRatingMonths) + " months ago");
  }
  if (rating.under_review)
    out->add_caveats("a review of the rating was requested; it applies meanwhile");
  if (rating.reinstated)
    out->add_caveats("a later report was withdrawn; the earlier rating is reinstated");
}

/// Whether a criterion that is UNKNOWN has nobody who would tell, or one who no longer does: "ID:
/// ..." is how a gap begins.
std::string WhyUnknown(const std::vector<Unsettled>& unsettled, const v1::ProviderState& state,
                       const v1::ProviderRecord& record, const std::string& gap) {
  std::string why;
  for (const Unsettled& one : unsettled) {
    if (!gap.starts_with(one.criterion + ":")) continue;
    const std::string text = FeedGap(state, record, one.kinds);
    if (!text.empty() && why.find(text) == std::string::npos)
      why += (why.empty() ? "" : "; ") + text;
  }
  return why.empty() ? "" : " (" + why + ")";
}

/// The decisions on the way to the level. A rapid review is answered, not decided.
void AddMoves(const CompiledPack& pack, const v1::ProviderState& state, v1::Assessment* out) {
  const v1::ServiceRegistered* service = ServiceOf(state);
  std::string from = out->decided_state();
  for (const auto* transition : MovesTo(pack.pack().authority(), from, out->level())) {
    auto* move = out->add_moves();
    move->set_from_state(std::exchange(from, transition->to_state()));
    move->set_to_state(transition->to_state());
    *move->mutable_roles() = transition->roles();
    *move->mutable_needs() = transition->needs();
    if (!transition->needs_meeting_outcome().empty()) move->add_needs("meeting_id");
    if (transition->needs_urgency()) move->add_needs("urgency");
    move->set_joint(transition->joint_if_jointly_commissioned() && service != nullptr &&
                    service->jointly_commissioned());
    move->set_clause(transition->clause());
  }
}

v1::Date AsDate(const CivilDate& day) {
  v1::Date date;
  date.set_year(day.year);
  date.set_month(day.month);
  date.set_day(day.day);
  return date;
}

/// The hold that stands against the fall of the decided level, if any. It follows from what is
/// known, so no event of its own could contradict it.
void AddHold(const CompiledPack& pack, const v1::ProviderState& state,
             const v1::PolicyRecord& policy, v1::Assessment* out) {
  const DecisionContext decision = DecisionContextOf(state, &pack.pack().authority());
  const auto hold = HoldAgainstFall(decision, LondonDate(ToMicros(out->as_of())), policy);
  if (!hold.has_value()) return;
  auto* told = out->mutable_hold();
  if (hold->since.has_value()) *told->mutable_since() = AsDate(*hold->since);
  if (hold->until.has_value()) *told->mutable_until() = AsDate(*hold->until);
  told->set_clause(hold->transition->hold_clause());
  *told->mutable_override_roles() = hold->transition->hold_override_roles();
}

}  // namespace

v1::Assessment BuildAssessment(
    const CompiledPack& pack, const v1::ProviderState& state, const v1::ProviderRecord& record,
    std::span<const std::shared_ptr<const v1::PeerBaselinePublished>> baselines, int64_t as_of_us,
    const CompiledPack* version_before) {
  const MeasureContext context = ContextFor(state, record, pack, baselines, as_of_us);
  const AssessmentResult result = AssessAsRecorded(pack, context, version_before);
  v1::Assessment out;
  out.set_provider(state.stream_id());
  out.set_policy_id(pack.pack().id());
  out.set_policy_version(pack.pack().version());
  SetMicros(as_of_us, out.mutable_as_of());
  out.set_applies(ToProto(result.applies));
  out.set_floor(result.floor);
  out.set_ceiling(result.ceiling);
  out.set_urgent(result.urgent);
  out.set_decided_state(context.decided_state);
  out.set_source_document(pack.pack().source_document());
  // Never down by silence (3.2): a level that was decided stands until people move it or a fact
  // ends it.
  const auto* policy = FindPolicyRecord(record, pack.pack().id());
  const bool step_down = result.fell || (policy != nullptr && policy->awaiting_decision() &&
                                         pack.Rank(policy->recommendation().target_state()) <
                                             pack.Rank(context.decided_state));
  const bool below = pack.Rank(result.floor) < pack.Rank(context.decided_state);
  out.set_level(below && !step_down ? context.decided_state : result.floor);
  if (const auto* nqb = CrossWalkOf(pack.pack(), out.level()); nqb != nullptr)
    *out.mutable_nqb() = *nqb;
  out.set_target_state(result.urgent ? pack.pack().urgent_target() : out.level());
  for (const auto& criterion : result.criteria) *out.add_criteria() = criterion;
  for (const auto& criterion : pack.pack().criteria()) {
    auto* text = out.add_criterion_texts();
    text->set_id(criterion.id());
    text->set_text(criterion.text());
  }
  for (const auto& theme : result.confidence) *out.add_confidence() = theme;
  for (const auto& text : result.near_misses) out.add_near_misses(text);
  const std::vector<Unsettled> unsettled =
      result.gaps.empty() ? std::vector<Unsettled>() : UnsettledOf(pack, context);
  for (const auto& text : result.gaps)
    out.add_gaps(text + WhyUnknown(unsettled, state, record, text));
  for (const auto& measures : pack.pack().measures()) {
    if (measures.state() != out.level() &&
        !(result.urgent && measures.state() == pack.pack().urgent_target())) {
      continue;
    }
    for (const auto& item : measures.items())
      out.add_measures(item.text() + " (" + item.clause() + ")");
  }
  AddCaveats(pack, state, as_of_us, policy, &out);
  if (!pack.HasLevels()) {
    // Its one state is no level: people are told what holds, and what is owed.
    out.clear_decided_state();
    out.clear_level();
    out.clear_floor();
    out.clear_ceiling();
    if (!result.urgent) out.clear_target_state();
    out.set_recorded(true);
    return out;
  }
  if (result.applies != Truth::kFalse) AddMoves(pack, state, &out);
  if (policy != nullptr) AddHold(pack, state, *policy, &out);
  out.set_declined(policy != nullptr && policy->declined());
  if (policy != nullptr && policy->has_recommendation()) {
    out.set_recommendation_id(policy->recommendation().recommendation_id());
    out.set_recorded(policy->recommendation().floor() == result.floor &&
                     policy->recommendation().urgent() == result.urgent);
  } else {
    out.set_recorded(out.level() == context.decided_state && !result.urgent);
  }
  return out;
}

}  // namespace trigpoint
