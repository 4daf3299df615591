// Measures over what statutory bodies, the media and governing bodies said, over mortality and
// never events (S3 5.2.1 (6)-(13)).
#include <algorithm>
#include <set>
#include <tuple>

#include "rates.h"
#include "trigpoint/domain/service.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

/// Facts within `days` for which `matches` holds. What such bodies serve reaches the commissioner:
/// none recorded is taken as none.
template <typename Matches>
MeasureResult WithinDays(const MeasureArguments& arguments, const MeasureContext& context,
                         Matches matches) {
  MeasureResult result = Begin(context);
  const int64_t from = WindowStart(context, arguments.Integer("days"));
  for (const auto& fact : context.state.facts()) {
    const int64_t at = FactInstant(fact);
    if (matches(fact) && at > from && at <= context.as_of_us) Refer(fact, &result);
  }
  result.value = Is(result.cited > 0);
  return result;
}

MeasureResult StatutoryReviewWithin(const MeasureArguments& arguments,
                                    const MeasureContext& context) {
  return WithinDays(arguments, context, [&arguments](const v1::Event& fact) {
    return fact.has_statutory_review_commissioned() &&
           IsOneOf(arguments.values,
                   v1::StatutoryReview_Name(fact.statutory_review_commissioned().review()));
  });
}

MeasureResult StatutoryNoticeWithin(const MeasureArguments& arguments,
                                    const MeasureContext& context) {
  return WithinDays(arguments, context,
                    [](const v1::Event& fact) { return fact.has_statutory_notice_received(); });
}

MeasureResult EscalatedToGoverningBody(const MeasureArguments& arguments,
                                       const MeasureContext& context) {
  return WithinDays(arguments, context,
                    [](const v1::Event& fact) { return fact.has_escalated_to_governing_body(); });
}

MeasureResult PoliceInvestigationLive(const MeasureArguments&, const MeasureContext& context) {
  MeasureResult result = Begin(context);
  for (const auto& fact : context.state.facts()) {
    if (fact.police_involvement_recorded().investigation_live() &&
        FactInstant(fact) <= context.as_of_us) {
      Refer(fact, &result);
    }
  }
  result.value = Is(result.cited > 0);
  return result;
}

/// Adverse items as people graded them; nothing is scraped.
MeasureResult AdverseMedia(const MeasureArguments& arguments, const MeasureContext& context) {
  MeasureResult result = Begin(context);
  const auto items =
      context.Clusters().In(WindowStart(context, arguments.Integer("days")), context.as_of_us);
  for (const auto& item : items) {
    if (item.family == v1::SOURCE_FAMILY_MEDIA_PUBLIC) Refer(*item.report, &result);
  }
  result.value = Reached(result.cited > 0, context, {v1::SOURCE_FAMILY_MEDIA_PUBLIC}, &result);
  return result;
}

bool HasMortalityIndicator(const v1::ServiceRegistered& service) {
  return service.service_type() == v1::SERVICE_TYPE_ACUTE;
}

/// The band that was published for the latest period. Only acute trusts have one.
MeasureResult MortalityHigher(const MeasureArguments&, const MeasureContext& context) {
  MeasureResult result = Begin(context);
  const v1::Event* last = nullptr;
  const auto period = [](const v1::Event& fact) {
    return std::make_tuple(ToCivil(fact.mortality_indicator_published().period_end()),
                           FactInstant(fact));
  };
  for (const auto& fact : context.state.facts()) {
    if (!fact.has_mortality_indicator_published() || FactInstant(fact) > context.as_of_us) continue;
    if (last == nullptr || period(*last) <= period(fact)) last = &fact;
  }
  if (last == nullptr) {
    const v1::ServiceRegistered* service = ServiceOf(context.state);
    const bool none_published = service != nullptr && !HasMortalityIndicator(*service);
    result.value = none_published ? Truth::kNotApplicable : Truth::kUnknown;
    if (result.WantsProof()) {
      result.note = none_published ? "no mortality indicator is published for such a service"
                                   : "no mortality indicator was received";
    }
    return result;
  }
  const auto& published = last->mortality_indicator_published();
  AddFigure("mortality ratio", published.value(), &result);
  result.value = Is(published.band() == v1::MortalityIndicatorPublished::BAND_HIGHER_THAN_EXPECTED);
  if (result.value == Truth::kTrue) Refer(*last, &result);
  return result;
}

/// Unlike those of the urgent path they count though a rapid quality review dealt with them.
MeasureResult NeverEventsWithin(const MeasureArguments& arguments, const MeasureContext& context) {
  MeasureResult result = Begin(context);
  std::set<int> incidents;
  for (const auto& item :
       context.Clusters().In(WindowStart(context, arguments.Integer("days")), context.as_of_us)) {
    if ((item.report->flags() & kConcernNeverEvent) == 0) continue;
    incidents.insert(item.cluster);
    Refer(*item.report, &result);
    if ((item.report->flags() & kConcernProtectedSource) != 0) result.protected_source = true;
  }
  const auto count = static_cast<size_t>(arguments.Integer("count"));
  AddFigure("never events", static_cast<double>(incidents.size()), &result);
  result.value = Reached(incidents.size() >= count, context, {v1::SOURCE_FAMILY_INCIDENT}, &result);
  if (result.value != Truth::kTrue) result.evidence.clear();
  return result;
}

MeasureResult LargeScaleEnquiry(const MeasureArguments& arguments, const MeasureContext& context) {
  MeasureResult result = WithinDays(arguments, context, [](const v1::Event& fact) {
    return fact.safeguarding_enquiry_opened().large_scale();
  });
  result.value = Reached(result.cited > 0, context, {v1::SOURCE_FAMILY_SAFEGUARDING}, &result);
  return result;
}

const std::vector<Measure> kStatutoryMeasures = {
    {.name = "statutory_review_commissioned",
     .summary =
         "A statutory review of one of the kinds in `values` was commissioned within `days`.",
     .numbers = {"days"},
     .windows = {"days"},
     .needs_values = true,
     .reads = {.facts = KindsOf({v1::Event::kStatutoryReviewCommissioned})},
     .evaluate = StatutoryReviewWithin},
    {.name = "statutory_notice",
     .summary = "A notice of a coroner, the Health and Safety Executive or another statutory body "
                "within `days`.",
     .numbers = {"days"},
     .windows = {"days"},
     .reads = {.facts = KindsOf({v1::Event::kStatutoryNoticeReceived})},
     .evaluate = StatutoryNoticeWithin},
    {.name = "escalated_to_governing_body",
     .summary = "A matter was escalated to a governing body or NHS England within `days`.",
     .numbers = {"days"},
     .windows = {"days"},
     .reads = {.facts = KindsOf({v1::Event::kEscalatedToGoverningBody})},
     .evaluate = EscalatedToGoverningBody},
    {.name = "police_investigation_live",
     .summary = "The police are involved and their investigation is live.",
     .numbers = {},
     .windows = {},
     .reads = {.facts = KindsOf({v1::Event::kPoliceInvolvementRecorded})},
     .evaluate = PoliceInvestigationLive},
    {.name = "adverse_media",
     .summary = "An item in the media that a person graded as adverse within `days`.",
     .numbers = {"days"},
     .windows = {"days"},
     .reads = {.anything = true},
     .settled_by = {v1::Event::kMediaItemAssessed},
     .evaluate = AdverseMedia},
    {.name = "mortality_higher_than_expected",
     .summary = "The mortality indicator of the latest period is in the band higher than expected; "
                "NOT_APPLICABLE where none is published for such a service.",
     .numbers = {},
     .windows = {},
     .reads = {.anything = true},
     .settled_by = {v1::Event::kMortalityIndicatorPublished},
     .evaluate = MortalityHigher},
    {.name = "never_events_within",
     .summary = "At least `count` distinct never events within `days`, whether or not a review "
                "dealt with them.",
     .numbers = {"count", "days"},
     .windows = {"days"},
     .reads = {.anything = true},
     .settled_by = {v1::Event::kIncidentReported},
     .evaluate = NeverEventsWithin},
    {.name = "large_scale_enquiry",
     .summary = "A large-scale safeguarding enquiry was opened within `days`.",
     .numbers = {"days"},
     .windows = {"days"},
     .reads = {.anything = true},
     .settled_by = {v1::Event::kSafeguardingConcernRaised},
     .evaluate = LargeScaleEnquiry},
};

}  // namespace

std::span<const Measure> StatutoryMeasures() { return kStatutoryMeasures; }

}  // namespace trigpoint
