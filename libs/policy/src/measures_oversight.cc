// Measures over how organisations work together: who called and chairs a meeting, who moderated a
// profile, who took on what was asked of it, who hosts a unit, and what visits left open (S0 App C;
// S3 5.2.3(a), 5.3.4, App 1; S4 3.33, 3.54).
#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "measure_facts.h"
#include "measure_support.h"
#include "trigpoint/domain/ratings.h"

namespace trigpoint {
namespace {

template <typename Matches>
MeasureResult CiteWithin(const MeasureArguments& arguments, const MeasureContext& context,
                         Matches matches) {
  MeasureResult result = Begin(context);
  for (const auto& fact : context.state.facts()) {
    if (matches(fact) && IsWithin(fact, context, arguments.Integer("days"))) Refer(fact, &result);
  }
  return TrueIfCited(std::move(result));
}

/// A summit of which nobody said who called it is not judged.
MeasureResult MeetingCalledByOthers(const MeasureArguments& arguments,
                                    const MeasureContext& context) {
  return CiteWithin(arguments, context, [&arguments](const v1::Event& fact) {
    const std::string& role = fact.has_risk_summit_called()
                                  ? fact.risk_summit_called().called_by_role()
                                  : fact.surveillance_group_meeting_called().called_by_role();
    return !role.empty() && !IsOneOf(arguments.values, role);
  });
}

/// A summit for which no chair was named has none of `values` for a chair.
MeasureResult RiskSummitChairedByOthers(const MeasureArguments& arguments,
                                        const MeasureContext& context) {
  return CiteWithin(arguments, context, [&arguments](const v1::Event& fact) {
    return fact.has_risk_summit_called() &&
           !IsOneOf(arguments.values, fact.risk_summit_called().chair_role());
  });
}

/// S3 App 1: one party cannot direct any other in the exercise of its statutory functions.
MeasureResult ActionsAskedUnanswered(const MeasureArguments& /*arguments*/,
                                     const MeasureContext& context) {
  MeasureResult result = Begin(context);
  std::set<EventKey> answered;
  for (const auto& fact : context.state.facts()) {
    if (fact.has_plan_action_answered() && FactInstant(fact) <= context.as_of_us)
      answered.insert(Resolve(fact, fact.plan_action_answered().action()));
  }
  for (const auto& fact : context.state.facts()) {
    if (!fact.plan_action_agreed().asked_by().empty() && FactInstant(fact) <= context.as_of_us &&
        answered.count(KeyOf(fact)) == 0)
      Refer(fact, &result);
  }
  return TrueIfCited(std::move(result));
}

/// S3 App 1: the scoring is moderated and agreed with the other stakeholders.
MeasureResult ProfileNotModerated(const MeasureArguments& arguments,
                                  const MeasureContext& context) {
  MeasureResult result = Begin(context);
  std::map<EventKey, std::set<std::string>> moderators;
  for (const v1::Event* fact : FactsInOrder(context, [](const v1::Event& one) {
         return one.has_quality_risk_profile_moderated() ||
                one.has_quality_risk_profile_completed();
       })) {
    if (fact->has_quality_risk_profile_moderated()) {
      const auto& moderated = fact->quality_risk_profile_moderated();
      moderators[Resolve(*fact, moderated.profile())].insert(moderated.moderators().begin(),
                                                             moderated.moderators().end());
      continue;
    }
    const auto& by = moderators[Resolve(*fact, fact->quality_risk_profile_completed().profile())];
    if (static_cast<int64_t>(by.size()) < arguments.Integer("organisations")) Refer(*fact, &result);
  }
  return TrueIfCited(std::move(result));
}

MeasureResult HostCommissionerNamedBy(const MeasureArguments& arguments,
                                      const MeasureContext& context) {
  MeasureResult result = Begin(context);
  for (const auto& fact : context.state.facts()) {
    if (fact.has_host_commissioner_named() && FactInstant(fact) <= context.as_of_us &&
        IsOneOf(arguments.values, fact.host_commissioner_named().organisation()))
      Refer(fact, &result);
  }
  return TrueIfCited(std::move(result));
}

bool FoundAreaForImprovement(const v1::CommissionerVisitConducted& visit) {
  return std::any_of(visit.findings().begin(), visit.findings().end(), [](const auto& finding) {
    return finding.grade() == v1::VisitFinding::GRADE_CONCERN ||
           finding.grade() == v1::VisitFinding::GRADE_SERIOUS_CONCERN;
  });
}

/// S0 App C: areas for improvement will be reviewed at subsequent quality visits.
MeasureResult AreasForImprovementOpen(const MeasureArguments& /*arguments*/,
                                      const MeasureContext& context) {
  MeasureResult result = Begin(context);
  std::set<EventKey> reviewed;
  const auto visits = FactsInOrder(
      context, [](const v1::Event& fact) { return fact.has_commissioner_visit_conducted(); });
  for (const v1::Event* visit : visits) {
    for (const auto& ref : visit->commissioner_visit_conducted().reviewed())
      reviewed.insert(Resolve(*visit, ref));
  }
  for (const v1::Event* visit : visits) {
    if (FoundAreaForImprovement(visit->commissioner_visit_conducted()) &&
        reviewed.count(KeyOf(*visit)) == 0)
      Refer(*visit, &result);
  }
  return TrueIfCited(std::move(result));
}

MeasureResult PhotographsNotAttested(const MeasureArguments& arguments,
                                     const MeasureContext& context) {
  return CiteWithin(arguments, context, [](const v1::Event& fact) {
    const auto& photographs = fact.commissioner_visit_conducted().photographs();
    const bool attested =
        photographs.icb_device() && photographs.no_people() && photographs.media_encrypted();
    return photographs.taken() > 0 && !attested;
  });
}

/// A visit of which nobody said how long it lasted is not judged.
MeasureResult UnannouncedLongerThan(const MeasureArguments& arguments,
                                    const MeasureContext& context) {
  return CiteWithin(arguments, context, [&arguments](const v1::Event& fact) {
    const auto& visit = fact.commissioner_visit_conducted();
    return fact.has_commissioner_visit_conducted() && !visit.announced() &&
           visit.visit_type() == v1::CommissionerVisitConducted::VISIT_TYPE_ROUTINE &&
           static_cast<int64_t>(visit.minutes()) > arguments.Integer("minutes");
  });
}

MeasureResult DeepDiveSampleBelow(const MeasureArguments& arguments,
                                  const MeasureContext& context) {
  return CiteWithin(arguments, context, [&arguments](const v1::Event& fact) {
    const auto& dive = fact.ecm_deep_dive_completed();
    return fact.has_ecm_deep_dive_completed() &&
           (static_cast<int64_t>(dive.people_sampled()) < arguments.Integer("people") ||
            static_cast<int64_t>(dive.staff_sampled()) < arguments.Integer("staff"));
  });
}

const std::vector<Measure> kOversightMeasures = {
    {.name = "meeting_called_by_others",
     .summary = "An intelligence-sharing call, a single-item surveillance group or a risk summit "
                "was called within `days` by a role that is none of `values`.",
     .numbers = {"days"},
     .windows = {"days"},
     .needs_values = true,
     .reads = {.facts = KindsOf(
                   {v1::Event::kRiskSummitCalled, v1::Event::kSurveillanceGroupMeetingCalled})},
     .evaluate = MeetingCalledByOthers},
    {.name = "risk_summit_chaired_by_others",
     .summary = "A risk summit was called within `days` whose chair is none of `values`, or for "
                "which no chair was named.",
     .numbers = {"days"},
     .windows = {"days"},
     .needs_values = true,
     .reads = {.facts = KindsOf({v1::Event::kRiskSummitCalled})},
     .evaluate = RiskSummitChairedByOthers},
    {.name = "actions_asked_unanswered",
     .summary = "A party asked an action of another, which has not said whether it takes it on.",
     .numbers = {},
     .windows = {},
     .reads = {.facts = KindsOf({v1::Event::kPlanActionAgreed})},
     .evaluate = ActionsAskedUnanswered},
    {.name = "profile_not_moderated",
     .summary = "A quality risk profile was completed that fewer than `organisations` had "
                "moderated.",
     .numbers = {"organisations"},
     .windows = {},
     .reads = {.facts = KindsOf({v1::Event::kQualityRiskProfileCompleted})},
     .evaluate = ProfileNotModerated},
    {.name = "host_commissioner_named_by",
     .summary = "One of `values` named who acts as host commissioner of the unit.",
     .numbers = {},
     .windows = {},
     .needs_values = true,
     .reads = {.facts = KindsOf({v1::Event::kHostCommissionerNamed})},
     .evaluate = HostCommissionerNamedBy},
    {.name = "areas_for_improvement_open",
     .summary = "A visit found concerns that no later visit has looked at.",
     .numbers = {},
     .windows = {},
     .reads = {.facts = KindsOf({v1::Event::kCommissionerVisitConducted})},
     .evaluate = AreasForImprovementOpen},
    {.name = "photographs_not_attested",
     .summary = "Photographs were taken on a visit within `days`, and it is not said that the "
                "device was the board's, that they show nobody and that the media are encrypted.",
     .numbers = {"days"},
     .windows = {"days"},
     .reads = {.facts = KindsOf({v1::Event::kCommissionerVisitConducted})},
     .evaluate = PhotographsNotAttested},
    {.name = "unannounced_longer_than",
     .summary = "An unannounced routine visit within `days` lasted longer than `minutes`.",
     .numbers = {"days", "minutes"},
     .windows = {"days"},
     .reads = {.facts = KindsOf({v1::Event::kCommissionerVisitConducted})},
     .evaluate = UnannouncedLongerThan},
    {.name = "deep_dive_sample_below",
     .summary = "A deep dive into call monitoring within `days` looked at fewer than `people` "
                "people or fewer than `staff` staff.",
     .numbers = {"days", "people", "staff"},
     .windows = {"days"},
     .reads = {.facts = KindsOf({v1::Event::kEcmDeepDiveCompleted})},
     .evaluate = DeepDiveSampleBelow},
};

}  // namespace

std::span<const Measure> OversightMeasures() { return kOversightMeasures; }

}  // namespace trigpoint
