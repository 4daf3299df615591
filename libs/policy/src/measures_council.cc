// Measures over what a council's quality team does: visits, assessments, suspensions (S4 3.15-3.33,
// 3.69-3.70).
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "measure_facts.h"
#include "measure_support.h"
#include "trigpoint/domain/ratings.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

/// Unannounced routine visits that began within core hours: recorded, but no Safe and Well visits
/// (S4 3.33; 3.10 ruling 9). A visit of which only the day is known is not judged.
MeasureResult UnannouncedInCoreHours(const MeasureArguments& arguments,
                                     const MeasureContext& context) {
  MeasureResult result = Begin(context);
  for (const auto& fact : context.state.facts()) {
    const auto& visit = fact.commissioner_visit_conducted();
    if (!fact.has_commissioner_visit_conducted() || visit.announced() ||
        visit.visit_type() != v1::CommissionerVisitConducted::VISIT_TYPE_ROUTINE ||
        !IsWithin(fact, context, arguments.Integer("days")) ||
        fact.occurred_precision() >= v1::TIME_PRECISION_DAY) {
      continue;
    }
    const CivilDate day = LondonDate(FactInstant(fact));
    const int64_t hour = (FactInstant(fact) - LondonMidnight(day)) / kMicrosPerHour;
    if (WeekdayOf(day) <= Weekday::kFriday && hour >= arguments.Integer("from_hour") &&
        hour < arguments.Integer("to_hour")) {
      Refer(fact, &result);
    }
  }
  return TrueIfCited(std::move(result));
}

MeasureResult FocusedVisitAgreedByOthers(const MeasureArguments& arguments,
                                         const MeasureContext& context) {
  MeasureResult result = Begin(context);
  for (const auto& fact : context.state.facts()) {
    if (fact.has_focused_visit_authorised() && IsWithin(fact, context, arguments.Integer("days")) &&
        !IsOneOf(arguments.values, fact.focused_visit_authorised().authorised_by_role())) {
      Refer(fact, &result);
    }
  }
  return TrueIfCited(std::move(result));
}

/// Suspensions in force by one of the organisations for which no approval was granted before they
/// were imposed (S4 3.70). Each approval is good for one.
MeasureResult SuspendedWithoutApproval(const MeasureArguments& arguments,
                                       const MeasureContext& context) {
  MeasureResult result = Begin(context);
  std::set<EventKey> lifted;
  const CivilDate today = LondonDate(context.as_of_us);
  for (const auto& fact : context.state.facts()) {
    if (!fact.has_suspension_lifted()) continue;
    const auto& lifting = fact.suspension_lifted();
    if (!lifting.has_lifted_on() || ToCivil(lifting.lifted_on()) <= today) {
      lifted.insert(Resolve(fact, lifting.suspension()));
    }
  }
  int approvals = 0;
  for (const v1::Event* fact : FactsInOrder(context, [](const v1::Event& one) {
         return one.has_suspension_imposed() || one.has_suspension_approval_decided();
       })) {
    if (fact->has_suspension_approval_decided()) {
      approvals += fact->suspension_approval_decided().granted() ? 1 : 0;
      continue;
    }
    std::string by = fact->suspension_imposed().imposed_by();
    if (by.empty()) by = fact->source_organisation();
    if (by.empty()) by = fact->source().substr(0, fact->source().find('/'));
    if (!IsOneOf(arguments.values, by)) continue;
    if (approvals > 0) {
      --approvals;
    } else if (lifted.count(KeyOf(*fact)) == 0) {
      Refer(*fact, &result);
    }
  }
  return TrueIfCited(std::move(result));
}

using Pamms = v1::PammsAssessmentFinalised;

CivilDate FinalisedOn(const v1::Event& fact) {
  const auto& assessment = fact.pamms_assessment_finalised();
  return assessment.has_finalised_on() ? ToCivil(assessment.finalised_on())
                                       : LondonDate(FactInstant(fact));
}

/// The assessment that gives the overall rating in force, or null: the last that has one. No
/// completed action plan changes it (S4 3.19).
const v1::Event* LastRated(const MeasureContext& context) {
  const v1::Event* last = nullptr;
  for (const auto& fact : context.state.facts()) {
    if (!fact.has_pamms_assessment_finalised() ||
        fact.pamms_assessment_finalised().overall() == Pamms::GRADE_UNSPECIFIED ||
        FinalisedOn(fact) > LondonDate(context.as_of_us)) {
      continue;
    }
    if (last == nullptr || FinalisedOn(fact) >= FinalisedOn(*last)) last = &fact;
  }
  return last;
}

MeasureResult PammsAssessed(const MeasureArguments&, const MeasureContext& context) {
  MeasureResult result = Begin(context);
  if (const v1::Event* last = LastRated(context); last != nullptr) Refer(*last, &result);
  return TrueIfCited(std::move(result));
}

MeasureResult PammsOverallIn(const MeasureArguments& arguments, const MeasureContext& context) {
  MeasureResult result = Begin(context);
  const v1::Event* last = LastRated(context);
  if (last == nullptr) {
    result.note = "no PAMMS assessment with an overall rating";
    return result;
  }
  Refer(*last, &result);
  result.value = Is(
      IsOneOf(arguments.values, Pamms::Grade_Name(last->pamms_assessment_finalised().overall())));
  return result;
}

/// Follow-ups that graded a standard which the assessment before had as Good or Excellent: that
/// grade remains (S4 3.22).
MeasureResult PammsFollowUpBeyondScope(const MeasureArguments&, const MeasureContext& context) {
  MeasureResult result = Begin(context);
  std::map<EventKey, const Pamms*> assessments;
  for (const auto& fact : context.state.facts()) {
    if (fact.has_pamms_assessment_finalised()) {
      assessments[KeyOf(fact)] = &fact.pamms_assessment_finalised();
    }
  }
  for (const auto& fact : context.state.facts()) {
    const auto& follow_up = fact.pamms_assessment_finalised();
    if (follow_up.scope() != Pamms::SCOPE_FOLLOW_UP) continue;
    const auto before = assessments.find(Resolve(fact, follow_up.follows()));
    if (before == assessments.end()) continue;
    const auto graded_again = [&follow_up](const Pamms::StandardGrade& known) {
      const bool well =
          known.grade() == Pamms::GRADE_EXCELLENT || known.grade() == Pamms::GRADE_GOOD;
      return well &&
             std::any_of(follow_up.standards().begin(), follow_up.standards().end(),
                         [&known](const auto& s) { return s.standard() == known.standard(); });
    };
    const auto& standards = before->second->standards();
    if (std::any_of(standards.begin(), standards.end(), graded_again)) Refer(fact, &result);
  }
  return TrueIfCited(std::move(result));
}

const std::vector<Measure> kCouncilMeasures = {
    {.name = "unannounced_in_core_hours",
     .summary = "An unannounced routine visit within `days` began from `from_hour` to before "
                "`to_hour` of a Monday to Friday.",
     .numbers = {"days", "from_hour", "to_hour"},
     .windows = {"days"},
     .reads = {.facts = KindsOf({v1::Event::kCommissionerVisitConducted})},
     .evaluate = UnannouncedInCoreHours},
    {.name = "focused_visit_agreed_by_others",
     .summary = "A focused visit was agreed within `days` by a role that is none of `values`.",
     .numbers = {"days"},
     .windows = {"days"},
     .needs_values = true,
     .reads = {.facts = KindsOf({v1::Event::kFocusedVisitAuthorised})},
     .evaluate = FocusedVisitAgreedByOthers},
    {.name = "suspended_without_approval",
     .summary = "A suspension by one of `values` is in force that nobody approved before.",
     .numbers = {},
     .windows = {},
     .needs_values = true,
     .reads = {.facts = KindsOf({v1::Event::kSuspensionImposed})},
     .evaluate = SuspendedWithoutApproval},
    {.name = "pamms_assessed",
     .summary = "A PAMMS assessment gave the service an overall rating.",
     .numbers = {},
     .windows = {},
     .reads = {.facts = KindsOf({v1::Event::kPammsAssessmentFinalised})},
     .evaluate = PammsAssessed},
    {.name = "pamms_overall_in",
     .summary = "The overall PAMMS rating in force is one of `values`; UNKNOWN without one.",
     .numbers = {},
     .windows = {},
     .needs_values = true,
     .reads = {.facts = KindsOf({v1::Event::kPammsAssessmentFinalised})},
     .evaluate = PammsOverallIn},
    {.name = "pamms_follow_up_beyond_scope",
     .summary = "A PAMMS follow-up graded a standard that was Good or Excellent before.",
     .numbers = {},
     .windows = {},
     .reads = {.facts = KindsOf({v1::Event::kPammsAssessmentFinalised})},
     .evaluate = PammsFollowUpBeyondScope},
};

}  // namespace

std::span<const Measure> CouncilMeasures() { return kCouncilMeasures; }

}  // namespace trigpoint
