// Measures over who hosts a service, who placed people there, and what authorities tell one another
// about it (S4 3.80-3.98; domain 3.3).
#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "measure_facts.h"
#include "measure_support.h"
#include "trigpoint/domain/ratings.h"
#include "trigpoint/domain/service.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

/// The host that the directory names, else the area in which the regulator's register has the
/// service. As with commissioners, nobody named is nobody.
MeasureResult HostedBy(const MeasureArguments& arguments, const MeasureContext& context) {
  MeasureResult result = Begin(context);
  const v1::ServiceRegistered* service = ServiceOf(context.state);
  if (service == nullptr) {
    result.note = "the service is not registered in the directory";
    return result;
  }
  const std::string& host = service->host().empty() ? service->local_authority() : service->host();
  if (host.empty()) result.note = "the directory does not say where the service lies";
  result.value = Is(IsOneOf(arguments.values, host));
  return result;
}

/// Placements that match and have not ended; one that is arranged counts before its first day, for
/// the host is told in advance (S4 3.81). The register of placements is the commissioner's own:
/// where it has none, there is none (S4 3.92).
template <typename Matches>
std::vector<const v1::Event*> PlacementsThat(const MeasureContext& context, Matches matches) {
  const CivilDate today = LondonDate(context.as_of_us);
  std::set<EventKey> ended;
  for (const auto& fact : context.state.facts()) {
    if (!fact.has_placement_ended()) continue;
    const auto& end = fact.placement_ended();
    const CivilDate on =
        end.has_ended_on() ? ToCivil(end.ended_on()) : LondonDate(FactInstant(fact));
    if (on <= today) ended.insert(Resolve(fact, end.placement()));
  }
  std::vector<const v1::Event*> current;
  for (const auto& fact : context.state.facts()) {
    if (!fact.has_placement_started() || ended.count(KeyOf(fact)) > 0) continue;
    if (FactInstant(fact) <= context.as_of_us && matches(fact.placement_started()))
      current.push_back(&fact);
  }
  return current;
}

std::vector<const v1::Event*> Placements(const MeasureArguments& arguments,
                                         const MeasureContext& context) {
  return PlacementsThat(context, [&arguments](const v1::PlacementStarted& placement) {
    return IsOneOf(arguments.values, placement.placing_organisation());
  });
}

bool ByDirectPayment(const v1::Event& placement) {
  return placement.placement_started().funding() == v1::PlacementStarted::FUNDING_DIRECT_PAYMENT;
}

/// Who buys care with a direct payment was placed by nobody.
MeasureResult PeoplePlaced(const MeasureArguments& arguments, const MeasureContext& context,
                           bool by_direct_payment) {
  MeasureResult result = Begin(context);
  int64_t people = 0;
  for (const v1::Event* fact : Placements(arguments, context)) {
    if (ByDirectPayment(*fact) != by_direct_payment) continue;
    people += std::max(1U, fact->placement_started().people());
    Refer(*fact, &result);
  }
  AddFigure("people placed", static_cast<double>(people), &result);
  result.value = Is(people >= arguments.Integer("people"));
  if (result.value == Truth::kFalse) result.evidence.clear();
  return result;
}

MeasureResult PeoplePlacedBy(const MeasureArguments& arguments, const MeasureContext& context) {
  return PeoplePlaced(arguments, context, /*by_direct_payment=*/false);
}
MeasureResult DirectPaymentUsers(const MeasureArguments& arguments, const MeasureContext& context) {
  return PeoplePlaced(arguments, context, /*by_direct_payment=*/true);
}

/// Whoever pays for the care of at least so many people.
MeasureResult PeopleFundedBy(const MeasureArguments& arguments, const MeasureContext& context) {
  MeasureResult result = Begin(context);
  int64_t people = 0;
  for (const v1::Event* fact :
       PlacementsThat(context, [&arguments](const v1::PlacementStarted& placement) {
         return IsOneOf(arguments.values, v1::PlacementStarted::Funding_Name(placement.funding()));
       })) {
    people += std::max(1U, fact->placement_started().people());
    Refer(*fact, &result);
  }
  AddFigure("people funded", static_cast<double>(people), &result);
  result.value = Is(people >= arguments.Integer("people"));
  if (result.value == Truth::kFalse) result.evidence.clear();
  return result;
}

/// A validation that came after the placement still validates the provider (S4 3.80); that it came
/// late is told by the obligation.
MeasureResult PlacedWithoutValidation(const MeasureArguments& arguments,
                                      const MeasureContext& context) {
  MeasureResult result = Begin(context);
  const bool validated = !FactsInOrder(context, [](const v1::Event& fact) {
                            return fact.has_out_of_borough_validation_completed();
                          }).empty();
  if (!validated) {
    for (const v1::Event* fact : Placements(arguments, context)) {
      if (!ByDirectPayment(*fact)) Refer(*fact, &result);
    }
  }
  return TrueIfCited(std::move(result));
}

MeasureResult IspReceived(const MeasureArguments& arguments, const MeasureContext& context) {
  MeasureResult result = Begin(context);
  for (const auto& fact : context.state.facts()) {
    if (fact.has_isp_notification_received() &&
        IsWithin(fact, context, arguments.Integer("days"))) {
      Refer(fact, &result);
    }
  }
  return TrueIfCited(std::move(result));
}

/// Something that authorities tell one another, as it stands now.
struct IspFact {
  v1::IspReason reason = v1::ISP_REASON_UNSPECIFIED;
  v1::EventRef ref;
  CivilDate on{};
};

v1::IspReason ReasonOf(v1::SuspensionImposed::Scope scope) {
  switch (scope) {
    case v1::SuspensionImposed::SCOPE_TEMPORARY:
      return v1::ISP_REASON_SUSPENSION_TEMPORARY;
    case v1::SuspensionImposed::SCOPE_RESTRICTED:
      return v1::ISP_REASON_SUSPENSION_RESTRICTED;
    case v1::SuspensionImposed::SCOPE_WHOLE:
      return v1::ISP_REASON_SUSPENSION_WHOLE;
    default:
      return v1::ISP_REASON_UNSPECIFIED;
  }
}

bool ChangesContractingParty(const v1::ServiceLinked& link) {
  return link.reason() == v1::ServiceLinked::REASON_CHANGE_OF_OWNERSHIP ||
         link.reason() == v1::ServiceLinked::REASON_CHANGE_OF_LEGAL_ENTITY ||
         link.reason() == v1::ServiceLinked::REASON_CHANGE_OF_PARTNERSHIP;
}

v1::IspReason ReasonOf(const v1::ClosureOrTerminationNotified& notified,
                       const v1::ServiceRegistered* service) {
  if (notified.what() == v1::ClosureOrTerminationNotified::WHAT_SERVICE_CLOSURE) {
    return v1::ISP_REASON_CLOSURE_OR_CEASED_TRADING;
  }
  const bool by_commissioner =
      service != nullptr &&
      std::find(service->commissioners().begin(), service->commissioners().end(),
                notified.notified_by()) != service->commissioners().end();
  return by_commissioner ? v1::ISP_REASON_CONTRACT_ENDED_BY_COMMISSIONER
                         : v1::ISP_REASON_VOLUNTARY_WITHDRAWAL;
}

/// The reason that a fact is by itself. Administration is in no feed: a person says so.
v1::IspReason StartingReason(const v1::Event& fact, const v1::ServiceRegistered* service) {
  switch (fact.payload_case()) {
    case v1::Event::kCqcEnforcementActionRecorded:
      return fact.cqc_enforcement_action_recorded().action() ==
                     v1::ENFORCEMENT_KIND_NOTICE_OF_PROPOSAL_CANCEL
                 ? v1::ISP_REASON_CQC_NOP_CANCEL
                 : v1::ISP_REASON_UNSPECIFIED;
    case v1::Event::kContractNoticeServed:
      return fact.contract_notice_served().notice() == v1::ContractNoticeServed::NOTICE_DEFAULT
                 ? v1::ISP_REASON_CONTRACT_DEFAULT_NOTICE_QUALITY
                 : v1::ISP_REASON_UNSPECIFIED;
    case v1::Event::kSuspensionImposed:
      return ReasonOf(fact.suspension_imposed().scope());
    case v1::Event::kServiceLinked:
      return ChangesContractingParty(fact.service_linked())
                 ? v1::ISP_REASON_SALE_OR_OWNERSHIP_CHANGE
                 : v1::ISP_REASON_UNSPECIFIED;
    case v1::Event::kClosureOrTerminationNotified:
      return ReasonOf(fact.closure_or_termination_notified(), service);
    case v1::Event::kOutbreakOrClosureDeclared:
      return fact.outbreak_or_closure_declared().what() ==
                     v1::OutbreakOrClosureDeclared::WHAT_SERVICE_CLOSURE
                 ? v1::ISP_REASON_CLOSURE_OR_CEASED_TRADING
                 : v1::ISP_REASON_UNSPECIFIED;
    default:
      return v1::ISP_REASON_UNSPECIFIED;
  }
}

/// What stands now of CL-09: a proposal that was withdrawn, or a suspension that was lifted, is
/// told as that, and no longer as what it was.
std::vector<IspFact> IspFacts(const MeasureContext& context) {
  std::map<EventKey, IspFact> facts;
  const auto put = [&facts](const EventKey& key, const v1::Event& fact, v1::IspReason reason) {
    if (reason == v1::ISP_REASON_UNSPECIFIED) return;
    facts[key] = {.reason = reason, .ref = RefOf(fact), .on = LondonDate(FactInstant(fact))};
  };
  const auto any = [](const v1::Event&) { return true; };
  for (const v1::Event* fact : FactsInOrder(context, any)) {
    if (fact->has_suspension_lifted()) {
      const EventKey suspension = Resolve(*fact, fact->suspension_lifted().suspension());
      if (facts.erase(suspension) > 0) {
        put(KeyOf(*fact), *fact, v1::ISP_REASON_SUSPENSION_REMOVED);
      }
    } else if (fact->has_suspension_varied()) {
      const auto& varied = fact->suspension_varied();
      put(Resolve(*fact, varied.suspension()), *fact, ReasonOf(varied.scope()));
    } else if (fact->has_cqc_enforcement_action_closed()) {
      const auto& closed = fact->cqc_enforcement_action_closed();
      const bool proposal = facts.erase(Resolve(*fact, closed.action())) > 0;
      if (proposal && closed.outcome() == v1::CqcEnforcementActionClosed::OUTCOME_WITHDRAWN) {
        put(KeyOf(*fact), *fact, v1::ISP_REASON_CQC_NOP_CANCEL_WITHDRAWN);
      }
    } else {
      put(KeyOf(*fact), *fact, StartingReason(*fact, ServiceOf(context.state)));
    }
  }
  std::vector<IspFact> list;
  list.reserve(facts.size() + 1);
  for (auto& [key, fact] : facts) list.push_back(std::move(fact));
  const CurrentRating& rating = context.Rating();
  if (rating.overall == v1::RATING_INADEQUATE) {
    list.push_back({.reason = v1::ISP_REASON_CQC_INADEQUATE,
                    .ref = rating.overall_evidence,
                    .on = rating.report_date});
  }
  return list;
}

bool IsTold(const IspFact& fact, const MeasureContext& context) {
  return std::any_of(context.state.facts().begin(), context.state.facts().end(),
                     [&](const v1::Event& issued) {
                       return issued.has_isp_notification_issued() &&
                              issued.isp_notification_issued().reason() == fact.reason &&
                              FactInstant(issued) <= context.as_of_us &&
                              LondonDate(FactInstant(issued)) >= fact.on;
                     });
}

/// S4 3.86, 3.91: the host authority tells the others; each fact until a notification of its reason
/// was issued on its day or later.
MeasureResult IspFactUntold(const MeasureArguments& arguments, const MeasureContext& context) {
  MeasureResult result = Begin(context);
  for (const IspFact& fact : IspFacts(context)) {
    const std::string& name = v1::IspReason_Name(fact.reason);
    if (!IsOneOf(arguments.values, name) || IsTold(fact, context)) continue;
    AddRef(fact.ref, &result);
    if (result.WantsProof()) {
      result.note += (result.note.empty() ? "not told of: " : ", ") +
                     name.substr(std::string("ISP_REASON_").size());
    }
  }
  return TrueIfCited(std::move(result));
}

const std::vector<Measure> kPlacementMeasures = {
    {.name = "hosted_by",
     .summary = "The service lies in the area of one of `values`, by its host or, where none is "
                "named, its "
                "local authority.",
     .numbers = {},
     .windows = {},
     .needs_values = true,
     .reads = {.anything = true},
     .settled_by = {v1::Event::kServiceRegistered},
     .of_service = true,
     .evaluate = HostedBy},
    {.name = "people_placed_by",
     .summary =
         "At least `people` live here, or are about to, whom one of `values` placed; not with a "
         "direct payment.",
     .numbers = {"people"},
     .windows = {},
     .needs_values = true,
     .reads = {.facts = KindsOf({v1::Event::kPlacementStarted})},
     .evaluate = PeoplePlacedBy},
    {.name = "direct_payment_users",
     .summary = "At least `people` of one of `values` buy their care here with a direct payment.",
     .numbers = {"people"},
     .windows = {},
     .needs_values = true,
     .reads = {.facts = KindsOf({v1::Event::kPlacementStarted})},
     .evaluate = DirectPaymentUsers},
    {.name = "people_funded_by",
     .summary = "At least `people` live here, or are about to, whose care is paid for in one of "
                "the ways in `values`.",
     .numbers = {"people"},
     .windows = {},
     .needs_values = true,
     .reads = {.facts = KindsOf({v1::Event::kPlacementStarted})},
     .evaluate = PeopleFundedBy},
    {.name = "placed_without_validation",
     .summary = "One of `values` has placed people here and the provider was never validated.",
     .numbers = {},
     .windows = {},
     .needs_values = true,
     .reads = {.facts = KindsOf({v1::Event::kPlacementStarted})},
     .evaluate = PlacedWithoutValidation},
    {.name = "isp_received",
     .summary = "Another authority sent an information sharing notification within `days`.",
     .numbers = {"days"},
     .windows = {"days"},
     .reads = {.facts = KindsOf({v1::Event::kIspNotificationReceived})},
     .evaluate = IspReceived},
    {.name = "isp_fact_untold",
     .summary = "Something stands that authorities tell one another for one of the reasons in "
                "`values` (CL-09), and no notification was issued for it.",
     .numbers = {},
     .windows = {},
     .needs_values = true,
     .reads = {.facts = KindsOf({v1::Event::kCqcRatingPublished,
                                 v1::Event::kCqcEnforcementActionRecorded,
                                 v1::Event::kContractNoticeServed, v1::Event::kSuspensionImposed,
                                 v1::Event::kSuspensionVaried, v1::Event::kServiceLinked,
                                 v1::Event::kClosureOrTerminationNotified,
                                 v1::Event::kOutbreakOrClosureDeclared})},
     .evaluate = IspFactUntold},
};

}  // namespace

std::span<const Measure> PlacementMeasures() { return kPlacementMeasures; }

}  // namespace trigpoint
