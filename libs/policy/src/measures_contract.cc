// Measures over plans, returns, notices, suspensions and engagement (S2 App 2; 3.1).
#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "measure_support.h"
#include "trigpoint/domain/ratings.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

using Key = std::pair<std::string, std::string>;

struct PlanAction {
  const v1::Event* agreed = nullptr;
  CivilDate due{};
  bool critical = false;
  bool completed = false;
  bool late = false;  ///< Due date plus grace has passed without completion.
};

std::vector<PlanAction> PlanActions(const MeasureContext& context, int64_t grace_days) {
  std::map<Key, PlanAction> actions;
  const CivilDate today = LondonDate(context.as_of_us);
  // Asked of another party, it is no action until its owner takes it on (S3 App 1).
  std::set<Key> taken_on;
  for (const auto& fact : context.state.facts()) {
    if (fact.plan_action_answered().accepted())
      taken_on.insert(Resolve(fact, fact.plan_action_answered().action()));
  }
  for (const auto& fact : context.state.facts()) {
    if (!fact.has_plan_action_agreed()) continue;
    const auto& agreed = fact.plan_action_agreed();
    if (!agreed.asked_by().empty() && taken_on.count({fact.source(), fact.id()}) == 0) continue;
    actions[{fact.source(), fact.id()}] = {
        .agreed = &fact, .due = ToCivil(agreed.due_on()), .critical = agreed.critical()};
  }
  for (const auto& fact : context.state.facts()) {
    if (!fact.has_plan_action_completed()) continue;
    const auto it = actions.find(Resolve(fact, fact.plan_action_completed().action()));
    if (it != actions.end()) it->second.completed = true;
  }
  std::vector<PlanAction> list;
  for (auto& [key, action] : actions) {
    action.late = !action.completed && AddDays(action.due, grace_days) < today;
    list.push_back(action);
  }
  return list;
}

/// plan_overdue_days / plan_overdue_share: share of the due actions that are overdue beyond the
/// grace, or any critical one. NOT_APPLICABLE without a plan (ruling 1).
MeasureResult PlanOverdue(const MeasureArguments& arguments, const MeasureContext& context) {
  const auto actions = PlanActions(context, arguments.Integer("grace_days"));
  MeasureResult result = Begin(context);
  if (actions.empty()) {
    result.value = Truth::kNotApplicable;
    result.note = "no improvement plan";
    return result;
  }
  const CivilDate today = LondonDate(context.as_of_us);
  int due = 0;
  int late = 0;
  bool critical = false;
  for (const auto& action : actions) {
    due += action.due < today || action.completed ? 1 : 0;
    late += action.late ? 1 : 0;
    critical = critical || (action.late && action.critical);
  }
  AddFigure("actions due", due, &result);
  AddFigure("actions overdue", late, &result);
  const bool share = late > 0 && static_cast<double>(late) >= arguments.Number("share") * due;
  result.value = Is(share || critical);
  if (result.value == Truth::kTrue) {
    for (const auto& action : actions) {
      if (action.late) Refer(*action.agreed, &result);
    }
  }
  return result;
}

MeasureResult PlanReviewsWithoutProgress(const MeasureArguments& arguments,
                                         const MeasureContext& context) {
  std::vector<const v1::Event*> reviews;
  for (const auto& fact : context.state.facts()) {
    if (fact.has_plan_reviewed() && FactInstant(fact) <= context.as_of_us) reviews.push_back(&fact);
  }
  std::stable_sort(reviews.begin(), reviews.end(), [](const v1::Event* a, const v1::Event* b) {
    return FactInstant(*a) < FactInstant(*b);
  });
  MeasureResult result = Begin(context);
  if (reviews.empty()) {
    result.value = Truth::kNotApplicable;
    return result;
  }
  const auto count = static_cast<size_t>(arguments.Integer("count"));
  size_t idle = 0;
  for (auto it = reviews.rbegin(); it != reviews.rend(); ++it, ++idle) {
    if ((*it)->plan_reviewed().actions_closed() > 0) break;
  }
  result.value = Is(idle >= count);
  if (result.value == Truth::kTrue) {
    for (size_t i = reviews.size() - count; i < reviews.size(); ++i) Refer(*reviews[i], &result);
  }
  return result;
}

/// missing_returns: `consecutive` months in a row, or `of` of the last `out_of` months.
MeasureResult ReturnsMissed(const MeasureArguments& arguments, const MeasureContext& context) {
  std::map<int, const v1::Event*> missed;
  std::set<int> received;
  for (const auto& fact : context.state.facts()) {
    if (fact.has_monitoring_return_received()) {
      const auto& period = fact.monitoring_return_received().period();
      received.insert(period.year() * 12 + static_cast<int>(period.month()) - 1);
    } else if (fact.has_monitoring_return_missed()) {
      const auto& period = fact.monitoring_return_missed().period();
      missed[period.year() * 12 + static_cast<int>(period.month()) - 1] = &fact;
    }
  }
  for (const int month : received) missed.erase(month);  // A late return is a return.
  MeasureResult result = Begin(context);
  if (missed.empty() && received.empty()) {
    result.value = Truth::kNotApplicable;
    result.note = "no monitoring returns were asked for";
    return result;
  }
  const int last = std::max(missed.empty() ? 0 : missed.rbegin()->first,
                            received.empty() ? 0 : *received.rbegin());
  const auto consecutive = arguments.Integer("consecutive");
  int64_t run = 0;
  while (missed.count(last - static_cast<int>(run)) > 0) ++run;
  int64_t recent = 0;
  for (const auto& [month, event] : missed) {
    if (month <= last - arguments.Integer("out_of")) continue;
    ++recent;
    Refer(*event, &result);
  }
  AddFigure("missed in a row", static_cast<double>(run), &result);
  if (result.WantsProof()) {
    AddFigure("missed of the last " + std::to_string(arguments.Integer("out_of")),
              static_cast<double>(recent), &result);
  }
  result.value = Is(run >= consecutive || recent >= arguments.Integer("of"));
  if (result.value == Truth::kFalse) {
    result.evidence.clear();
    if (recent > 0)
      result.near_miss = "a monitoring return was missed; one more in a row makes it a criterion";
  }
  return result;
}

MeasureResult SelfAssessmentConcern(const MeasureArguments&, const MeasureContext& context) {
  const v1::Event* last = nullptr;
  for (const auto& fact : context.state.facts()) {
    if (!fact.has_service_plan_self_assessment_received()) continue;
    if (FactInstant(fact) > context.as_of_us) continue;
    if (last == nullptr || FactInstant(fact) >= FactInstant(*last)) last = &fact;
  }
  MeasureResult result = Begin(context);
  if (last == nullptr) {
    result.note = "no service development plan or self-assessment received";
    return result;
  }
  Refer(*last, &result);
  result.value = Is(last->service_plan_self_assessment_received().concern());
  return result;
}

/// Default notices of the open episode: from the first notice until the episode is closed, with or
/// without a plan.
MeasureResult DefaultNotices(const MeasureArguments& arguments, const MeasureContext& context) {
  std::vector<const v1::Event*> facts;
  for (const auto& fact : context.state.facts()) {
    const bool notice =
        fact.has_contract_notice_served() &&
        fact.contract_notice_served().notice() == v1::ContractNoticeServed::NOTICE_DEFAULT;
    if ((notice || fact.has_default_notice_episode_closed()) &&
        FactInstant(fact) <= context.as_of_us) {
      facts.push_back(&fact);
    }
  }
  std::stable_sort(facts.begin(), facts.end(), [](const v1::Event* a, const v1::Event* b) {
    return FactInstant(*a) < FactInstant(*b);
  });
  MeasureResult result = Begin(context);
  for (const v1::Event* fact : facts) {
    if (fact->has_default_notice_episode_closed()) {
      result.evidence.clear();
      result.cited = 0;
    } else {
      Refer(*fact, &result);
    }
  }
  const auto served = static_cast<int64_t>(result.cited);
  AddFigure("default notices in the episode", static_cast<double>(served), &result);
  result.value = Is(served >= arguments.Integer("count"));
  if (result.value == Truth::kFalse) result.evidence.clear();
  return result;
}

struct Restriction {
  const v1::Event* event = nullptr;
  CivilDate start{};
  std::optional<CivilDate> end;
};

/// Advisory notices and suspensions; an advisory notice that turns into a suspension keeps its
/// start (H-L3-7).
std::vector<Restriction> OpenRestrictions(const MeasureContext& context) {
  std::map<Key, Restriction> all;
  const CivilDate today = LondonDate(context.as_of_us);
  for (const auto& fact : context.state.facts()) {
    if (fact.has_contract_notice_served() &&
        fact.contract_notice_served().notice() == v1::ContractNoticeServed::NOTICE_ADVISORY) {
      const auto& notice = fact.contract_notice_served();
      all[{fact.source(), fact.id()}] = {.event = &fact,
                                         .start = notice.has_served_on()
                                                      ? ToCivil(notice.served_on())
                                                      : LondonDate(FactInstant(fact)),
                                         .end = std::nullopt};
    } else if (fact.has_suspension_imposed()) {
      all[{fact.source(), fact.id()}] = {.event = &fact,
                                         .start = ToCivil(fact.suspension_imposed().starts_on()),
                                         .end = std::nullopt};
    }
  }
  std::map<Key, CivilDate> notice_starts;
  for (const auto& [key, restriction] : all) notice_starts[key] = restriction.start;
  const auto end = [&](const v1::Event& fact, const v1::EventRef& ref, CivilDate on) {
    const auto it = all.find(Resolve(fact, ref));
    if (it != all.end() && (!it->second.end || on < *it->second.end)) it->second.end = on;
  };
  for (const auto& fact : context.state.facts()) {
    const CivilDate at = LondonDate(FactInstant(fact));
    if (fact.has_suspension_lifted()) {
      const auto& lifted = fact.suspension_lifted();
      end(fact, lifted.suspension(), lifted.has_lifted_on() ? ToCivil(lifted.lifted_on()) : at);
    } else if (fact.has_advisory_notice_lifted()) {
      const auto& lifted = fact.advisory_notice_lifted();
      end(fact, lifted.notice(), lifted.has_lifted_on() ? ToCivil(lifted.lifted_on()) : at);
    } else if (fact.has_suspension_imposed() && fact.suspension_imposed().has_replaces_notice()) {
      const Key notice = Resolve(fact, fact.suspension_imposed().replaces_notice());
      const auto it = notice_starts.find(notice);
      if (it == notice_starts.end()) continue;
      auto& suspension = all[{fact.source(), fact.id()}];
      suspension.start = std::min(suspension.start, it->second);
      all[notice].end = ToCivil(fact.suspension_imposed().starts_on());
    }
  }
  std::vector<Restriction> open;
  for (const auto& [key, restriction] : all) {
    if (restriction.start <= today && (!restriction.end || *restriction.end > today)) {
      open.push_back(restriction);
    }
  }
  return open;
}

MeasureResult SuspensionOrAdvisory(const MeasureArguments&, const MeasureContext& context) {
  MeasureResult result = Begin(context);
  for (const auto& restriction : OpenRestrictions(context)) Refer(*restriction.event, &result);
  result.value = Is(result.cited > 0);
  return result;
}

/// Strictly longer than `months` calendar months: 31 Jan + 3 months = 30 Apr, TRUE from 1 May
/// (A11).
MeasureResult SuspensionOrAdvisoryLonger(const MeasureArguments& arguments,
                                         const MeasureContext& context) {
  MeasureResult result = Begin(context);
  const CivilDate today = LondonDate(context.as_of_us);
  const auto months = static_cast<int>(arguments.Integer("months"));
  for (const auto& restriction : OpenRestrictions(context)) {
    if (AddMonths(restriction.start, months) < today) Refer(*restriction.event, &result);
  }
  result.value = Is(result.cited > 0);
  return result;
}

MeasureResult UnwillingAsserted(const MeasureArguments&, const MeasureContext& context) {
  const v1::Event* last = nullptr;
  for (const auto& fact : context.state.facts()) {
    if (!fact.has_engagement_asserted() || FactInstant(fact) > context.as_of_us) continue;
    if (last == nullptr || FactInstant(fact) >= FactInstant(*last)) last = &fact;
  }
  MeasureResult result = Begin(context);
  if (last == nullptr) {
    result.value = Truth::kFalse;  // Must never be inferred silently (unwilling_engage).
    return result;
  }
  Refer(*last, &result);
  result.value = Is(last->engagement_asserted().unwilling());
  return result;
}

MeasureResult ContactsUnanswered(const MeasureArguments& arguments, const MeasureContext& context) {
  std::set<Key> answered;
  for (const auto& fact : context.state.facts()) {
    if (fact.has_formal_contact_answered()) {
      answered.insert(Resolve(fact, fact.formal_contact_answered().contact()));
    }
  }
  MeasureResult result = Begin(context);
  const CivilDate today = LondonDate(context.as_of_us);
  const int64_t from = WindowStart(context, arguments.Integer("days"));
  int unanswered = 0;
  for (const auto& fact : context.state.facts()) {
    if (!fact.has_formal_contact_sent() || answered.count({fact.source(), fact.id()}) > 0) continue;
    const int64_t at = FactInstant(fact);
    const auto& sent = fact.formal_contact_sent();
    // A contact is unanswered from the day after its reply was due.
    if (at <= from || at > context.as_of_us) continue;
    if (sent.has_reply_due_on() && ToCivil(sent.reply_due_on()) >= today) continue;
    ++unanswered;
    Refer(fact, &result);
  }
  AddFigure("unanswered formal contacts", unanswered, &result);
  result.value = Is(unanswered >= arguments.Integer("count"));
  if (result.value == Truth::kFalse) {
    result.evidence.clear();
    if (unanswered + 1 == arguments.Integer("count")) {
      result.near_miss =
          "one more unanswered formal contact is evidence of unwillingness to engage";
    }
  }
  return result;
}

const std::vector<Measure> kContractMeasures = {
    {.name = "plan_overdue",
     .summary = "At least `share` of the due plan actions are overdue by more than `grace_days`, "
                "or a critical one is; "
                "NOT_APPLICABLE without a plan.",
     .numbers = {"grace_days", "share"},
     .windows = {},
     .reads = {.facts = KindsOf({v1::Event::kPlanActionAgreed})},
     .evaluate = PlanOverdue},
    {.name = "plan_reviews_without_progress",
     .summary = "The last `count` reviews of the plan closed no action.",
     .numbers = {"count"},
     .windows = {},
     .reads = {.facts = KindsOf({v1::Event::kPlanReviewed})},
     .evaluate = PlanReviewsWithoutProgress},
    {.name = "returns_missed",
     .summary = "`consecutive` monitoring returns missed in a row, or `of` of the last `out_of` "
                "months; NOT_APPLICABLE "
                "where none is due.",
     .numbers = {"consecutive", "of", "out_of"},
     .windows = {},
     .reads = {.facts = KindsOf(
                   {v1::Event::kMonitoringReturnReceived, v1::Event::kMonitoringReturnMissed})},
     .evaluate = ReturnsMissed},
    {.name = "self_assessment_concern",
     .summary = "The last service development plan or self-assessment gives rise to concerns; "
                "UNKNOWN without one.",
     .numbers = {},
     .windows = {},
     .reads = {.facts = KindsOf({v1::Event::kServicePlanSelfAssessmentReceived})},
     .evaluate = SelfAssessmentConcern},
    {.name = "default_notices",
     .summary = "At least `count` default notices in the open episode.",
     .numbers = {"count"},
     .windows = {},
     .reads = {.facts = KindsOf({v1::Event::kContractNoticeServed})},
     .evaluate = DefaultNotices},
    {.name = "suspension_or_advisory_active",
     .summary = "An advisory notice or a suspension of placements is in force.",
     .numbers = {},
     .windows = {},
     .reads = {.facts = KindsOf({v1::Event::kContractNoticeServed, v1::Event::kSuspensionImposed})},
     .evaluate = SuspensionOrAdvisory},
    {.name = "suspension_or_advisory_longer_than",
     .summary = "One has been in force for strictly more than `months` calendar months.",
     .numbers = {"months"},
     .windows = {},
     .reads = {.facts = KindsOf({v1::Event::kContractNoticeServed, v1::Event::kSuspensionImposed})},
     .evaluate = SuspensionOrAdvisoryLonger},
    {.name = "unwilling_asserted",
     .summary = "An authorised person asserted that the provider is unwilling to engage, and "
                "nobody took it back.",
     .numbers = {},
     .windows = {},
     .reads = {.facts = KindsOf({v1::Event::kEngagementAsserted})},
     .evaluate = UnwillingAsserted},
    {.name = "contacts_unanswered",
     .summary = "At least `count` formal contacts of the last `days` are past their reply date "
                "without an answer.",
     .numbers = {"count", "days"},
     .windows = {"days"},
     .reads = {.facts = KindsOf({v1::Event::kFormalContactSent})},
     .evaluate = ContactsUnanswered},
};

}  // namespace

std::span<const Measure> ContractMeasures() { return kContractMeasures; }

}  // namespace trigpoint
