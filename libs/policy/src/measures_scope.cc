// Measures over what the service is and what people decided about it.
#include <algorithm>
#include <set>

#include "measure_support.h"
#include "trigpoint/domain/inheritance.h"
#include "trigpoint/domain/ratings.h"
#include "trigpoint/domain/record.h"
#include "trigpoint/domain/service.h"
#include "trigpoint/events/catalogue.h"
#include "trigpoint/events/times.h"
#include "trigpoint/policy/feeds.h"

namespace trigpoint {
namespace {

template <typename Answer>
MeasureResult OfService(const MeasureContext& context, Answer answer) {
  MeasureResult result = Begin(context);
  const v1::ServiceRegistered* service = ServiceOf(context.state);
  if (service == nullptr) {
    result.note = "the service is not registered in the directory";
    return result;
  }
  result.value = answer(*service);
  return result;
}

MeasureResult CommissionedBy(const MeasureArguments& arguments, const MeasureContext& context) {
  return OfService(context, [&arguments](const v1::ServiceRegistered& service) {
    return Is(std::any_of(service.commissioners().begin(), service.commissioners().end(),
                          [&arguments](const auto& c) { return IsOneOf(arguments.values, c); }));
  });
}

MeasureResult ServiceTypeIn(const MeasureArguments& arguments, const MeasureContext& context) {
  return OfService(context, [&arguments](const v1::ServiceRegistered& service) {
    if (service.service_type() == v1::SERVICE_TYPE_UNSPECIFIED) return Truth::kUnknown;
    return Is(IsOneOf(arguments.values, v1::ServiceType_Name(service.service_type())));
  });
}

MeasureResult OrganisationIn(const MeasureArguments& arguments, const MeasureContext& context) {
  return OfService(context, [&arguments](const v1::ServiceRegistered& service) {
    return Is(IsOneOf(arguments.values, service.organisation()));
  });
}

MeasureResult HealthCommissioned(const MeasureArguments&, const MeasureContext& context) {
  return OfService(context, [](const v1::ServiceRegistered& service) {
    return Is(service.health_commissioned());
  });
}

MeasureResult DecidedStateIn(const MeasureArguments& arguments, const MeasureContext& context) {
  MeasureResult result = Begin(context);
  result.value = Is(IsOneOf(arguments.values, context.decided_state));
  return result;
}

MeasureResult EpisodesAboveRoutine(const MeasureArguments& arguments,
                                   const MeasureContext& context) {
  MeasureResult result = Begin(context);
  const CivilDate from =
      AddMonths(LondonDate(context.as_of_us), -static_cast<int>(arguments.Integer("months")));
  int episodes = 0;
  for (const int64_t entered : EpisodeStarts(context.record, context.policy_id)) {
    episodes += LondonDate(entered) >= from && entered <= context.as_of_us ? 1 : 0;
  }
  AddFigure("episodes", episodes, &result);
  result.value = Is(episodes >= arguments.Integer("count"));
  return result;
}

/// Organisations and regulators with an open action against the service: CQC enforcement, notices,
/// suspensions.
MeasureResult OrganisationsWithOpenAction(const MeasureArguments& arguments,
                                          const MeasureContext& context) {
  MeasureResult result = Begin(context);
  auto closed = EndedEnforcement(context);
  for (const auto& fact : context.state.facts()) {
    if (fact.has_suspension_lifted()) {
      closed.insert(Resolve(fact, fact.suspension_lifted().suspension()));
    } else if (fact.has_advisory_notice_lifted()) {
      closed.insert(Resolve(fact, fact.advisory_notice_lifted().notice()));
    }
  }
  std::set<std::string> organisations;
  for (const auto& fact : context.state.facts()) {
    if (closed.count({fact.source(), fact.id()}) > 0 || FactInstant(fact) > context.as_of_us)
      continue;
    if (LiftsConditions(fact)) continue;
    const std::string by = fact.has_cqc_enforcement_action_recorded() ? "cqc" : SanctionedBy(fact);
    if (by.empty()) continue;
    organisations.insert(by);
    Refer(fact, &result);
  }
  AddFigure("organisations with an open action", static_cast<double>(organisations.size()),
            &result);
  result.value = Is(static_cast<int64_t>(organisations.size()) >= arguments.Integer("count"));
  if (result.value == Truth::kFalse) result.evidence.clear();
  return result;
}

/// UNKNOWN where nothing of the kinds ever came and nobody expects it: silence needs a voice, or
/// somebody who waits for it.
MeasureResult FeedIsSilent(const MeasureArguments& arguments, const MeasureContext& context) {
  MeasureResult result = Begin(context);
  bool expected = false;
  for (const auto& silence : context.record.silences()) {
    if (!IsOneOf(arguments.values, silence.silent().kind())) continue;
    expected = true;
    if (silence.ended_us() != 0) continue;
    result.value = Truth::kTrue;
    const int64_t since_us = ToMicros(silence.silent().since());
    if (result.WantsProof()) {
      AddRef(RefOf(kEngineSource, FeedSilentId(context.state.stream_id(), silence.silent())),
             &result);
    } else {
      ++result.cited;
    }
    const int64_t days = (context.as_of_us - since_us) / kMicrosPerDay;
    AddFigure("days since a delivery was due", static_cast<double>(days), &result);
  }
  if (result.value == Truth::kTrue) return result;
  const auto& deliveries = context.state.deliveries();
  const bool heard =
      std::any_of(deliveries.begin(), deliveries.end(), [&arguments](const auto& delivery) {
        const KindInfo* kind = KindOfNumber(delivery.kind());
        return kind != nullptr && IsOneOf(arguments.values, std::string(kind->name));
      });
  if (heard || expected) {
    result.value = Truth::kFalse;
  } else if (result.WantsProof()) {
    result.note = "nothing of the kind ever came, and nobody has missed it yet";
  }
  return result;
}

/// H-L1-9 and the like need a positive statement as well as the absence of the opposite.
const std::vector<Measure> kScopeMeasures = {
    {.name = "commissioned_by",
     .summary = "One of `values` commissions the service.",
     .numbers = {},
     .windows = {},
     .needs_values = true,
     .reads = {.anything = true},
     .settled_by = {v1::Event::kServiceRegistered},
     .of_service = true,
     .evaluate = CommissionedBy},
    {.name = "service_type_in",
     .summary = "The service is of one of the types in `values`.",
     .numbers = {},
     .windows = {},
     .needs_values = true,
     .reads = {.anything = true},
     .settled_by = {v1::Event::kServiceRegistered},
     .of_service = true,
     .evaluate = ServiceTypeIn},
    {.name = "organisation_in",
     .summary = "The provider organisation that the service belongs to is one of `values`.",
     .numbers = {},
     .windows = {},
     .needs_values = true,
     .reads = {.anything = true},
     .settled_by = {v1::Event::kServiceRegistered},
     .of_service = true,
     .evaluate = OrganisationIn},
    {.name = "health_commissioned",
     .summary = "The service is commissioned by the NHS.",
     .numbers = {},
     .windows = {},
     .reads = {.anything = true},
     .settled_by = {v1::Event::kServiceRegistered},
     .of_service = true,
     .evaluate = HealthCommissioned},
    {.name = "decided_state_in",
     .summary = "The level decided by people is one of `values`.",
     .numbers = {},
     .windows = {},
     .needs_values = true,
     .reads = {.anything = true},
     .evaluate = DecidedStateIn},
    {.name = "episodes_above_routine",
     .summary =
         "At least `count` episodes above the lowest state began within `months` calendar months.",
     .numbers = {"count", "months"},
     .windows = {},
     .reads = {.anything = true},
     .evaluate = EpisodesAboveRoutine},
    {.name = "feed_silent",
     .summary =
         "A feed of one of the kinds in `values` is silent: deliveries that a policy expects, "
         "or that used to come, were missed, and no word came that there is nothing; UNKNOWN "
         "where nothing of them ever came and nobody expects it.",
     .numbers = {},
     .windows = {},
     .needs_values = true,
     .values_are_kinds = true,
     .reads = {.anything = true},
     .evaluate = FeedIsSilent},
    {.name = "organisations_with_open_action",
     .summary =
         "At least `count` organisations or regulators have an open action against the service.",
     .numbers = {"count"},
     .windows = {},
     .reads = {.facts = KindsOf({v1::Event::kCqcEnforcementActionRecorded,
                                 v1::Event::kContractNoticeServed, v1::Event::kSuspensionImposed})},
     .evaluate = OrganisationsWithOpenAction},
};

}  // namespace

std::span<const Measure> ScopeMeasures() { return kScopeMeasures; }

}  // namespace trigpoint
