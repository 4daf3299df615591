// Measures of the urgent path (R-URG: S3 App 2; R-RQR: S1 L173). Evidence that a held and closed
// rapid quality review has dealt with starts nothing again.
#include <algorithm>
#include <set>

#include "measure_support.h"
#include "trigpoint/domain/ratings.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

bool Live(const v1::Event& fact, const MeasureContext& context, int64_t days, int64_t reviewed) {
  const int64_t at = FactInstant(fact);
  return at > WindowStart(context, days) && at <= context.as_of_us &&
         ToMicros(fact.received_at()) > reviewed;
}

bool Live(const v1::Concern& concern, const MeasureContext& context, int64_t days,
          int64_t reviewed) {
  return concern.occurred_us() > WindowStart(context, days) &&
         concern.occurred_us() <= context.as_of_us && concern.known_us() > reviewed;
}

MeasureResult Found(MeasureResult result) {
  result.value = Is(result.cited > 0);
  return result;
}

template <typename Matches>
MeasureResult CiteFacts(const MeasureArguments& arguments, const MeasureContext& context,
                        Matches matches) {
  MeasureResult result = Begin(context);
  const int64_t reviewed = ReviewedUntil(context.state);
  for (const auto& fact : context.state.facts()) {
    if (matches(fact) && Live(fact, context, arguments.Integer("days"), reviewed)) {
      Refer(fact, &result);
    }
  }
  return Found(std::move(result));
}

template <typename Matches>
MeasureResult Concerns(const MeasureArguments& arguments, const MeasureContext& context,
                       Matches matches) {
  MeasureResult result = Begin(context);
  const int64_t reviewed = ReviewedUntil(context.state);
  for (const auto& concern : context.state.concerns()) {
    if (!matches(concern) || !Live(concern, context, arguments.Integer("days"), reviewed)) continue;
    Refer(concern, &result);
    if ((concern.flags() & kConcernProtectedSource) != 0) result.protected_source = true;
  }
  return Found(std::move(result));
}

MeasureResult ImmediateRisk(const MeasureArguments& arguments, const MeasureContext& context) {
  return CiteFacts(arguments, context, [&arguments](const v1::Event& fact) {
    return fact.has_immediate_risk_asserted() &&
           IsOneOf(arguments.values,
                   v1::ImmediateRiskAsserted::Grade_Name(fact.immediate_risk_asserted().grade()));
  });
}

MeasureResult HostCommissionerCode(const MeasureArguments& arguments,
                                   const MeasureContext& context) {
  return CiteFacts(arguments, context, [&arguments](const v1::Event& fact) {
    const std::string& code = fact.has_immediate_risk_asserted()
                                  ? fact.immediate_risk_asserted().host_commissioner_code()
                                  : fact.placing_commissioner_intelligence_shared().intelligence();
    return IsOneOf(arguments.values, code);
  });
}

MeasureResult HarmWithExposure(const MeasureArguments& arguments, const MeasureContext& context) {
  const auto least = arguments.Integer("harm");
  return Concerns(arguments, context, [least](const v1::Concern& concern) {
    constexpr uint32_t kBoth = kConcernProviderCause | kConcernContinuingExposure;
    return static_cast<int64_t>(concern.harm()) - 1 >= least && (concern.flags() & kBoth) == kBoth;
  });
}

/// Adults whom a concluded enquiry was about: as it was opened, or as the concern behind it says.
uint32_t AdultsOf(const v1::SafeguardingEnquiryOpened& opened, const v1::Event& fact,
                  const v1::ProviderState& state) {
  uint32_t adults = opened.adults();
  const auto concern = Resolve(fact, opened.concern());
  for (const auto& raised : state.concerns()) {
    if (raised.source() == concern.first && raised.id() == concern.second)
      adults = std::max(adults, raised.people());
  }
  return adults;
}

/// Whether an enquiry into the affairs of so many adults substantiated organisational abuse.
bool SubstantiatedOf(const v1::Event& concluded, int64_t adults, const v1::ProviderState& state) {
  if (!SubstantiatesOrganisationalAbuse(concluded)) return false;
  const auto enquiry = Resolve(concluded, concluded.safeguarding_enquiry_concluded().enquiry());
  return std::any_of(state.facts().begin(), state.facts().end(), [&](const auto& fact) {
    return fact.has_safeguarding_enquiry_opened() && fact.source() == enquiry.first &&
           fact.id() == enquiry.second &&
           static_cast<int64_t>(AdultsOf(fact.safeguarding_enquiry_opened(), fact, state)) >=
               adults;
  });
}

MeasureResult OrganisationalAbuseAdults(const MeasureArguments& arguments,
                                        const MeasureContext& context) {
  const auto adults = arguments.Integer("adults");
  MeasureResult result = Concerns(arguments, context, [adults](const v1::Concern& concern) {
    return (concern.flags() & kConcernOrganisationalAbuse) != 0 &&
           static_cast<int64_t>(concern.people()) >= adults;
  });
  const MeasureResult enquiries = CiteFacts(arguments, context, [&](const v1::Event& fact) {
    return (fact.has_safeguarding_enquiry_opened() &&
            fact.safeguarding_enquiry_opened().organisational_abuse() &&
            static_cast<int64_t>(fact.safeguarding_enquiry_opened().adults()) >= adults) ||
           SubstantiatedOf(fact, adults, context.state);
  });
  for (const auto& ref : enquiries.evidence) AddRef(ref, &result);
  if (!result.WantsProof()) result.cited += enquiries.cited;
  return Found(std::move(result));
}

MeasureResult WhistleblowingCurrentAbuse(const MeasureArguments& arguments,
                                         const MeasureContext& context) {
  return Concerns(arguments, context, [](const v1::Concern& concern) {
    return (concern.flags() & kConcernCurrentAbuseAlleged) != 0;
  });
}

MeasureResult NeverEvents(const MeasureArguments& arguments, const MeasureContext& context) {
  MeasureResult result = Begin(context);
  const int64_t reviewed = ReviewedUntil(context.state);
  // Reports that are one only by rule count as two here: of both ways the more cautious (3.10
  // ruling 5). A person's word, or the incident's own number, makes them one.
  std::set<int> incidents;
  for (const auto& item :
       context.Clusters().In(WindowStart(context, arguments.Integer("days")), context.as_of_us)) {
    const v1::Concern& concern = *item.report;
    if ((concern.flags() & kConcernNeverEvent) == 0 ||
        !Live(concern, context, arguments.Integer("days"), reviewed)) {
      continue;
    }
    incidents.insert(item.certain);
    Refer(concern, &result);
  }
  AddFigure("never events", static_cast<double>(incidents.size()), &result);
  const auto count = static_cast<size_t>(arguments.Integer("count"));
  result.value = Is(incidents.size() >= count);
  if (result.value == Truth::kFalse) {
    result.evidence.clear();
    if (incidents.size() + 1 == count)
      result.near_miss = "one never event; another within the window is urgent";
  }
  return result;
}

MeasureResult OutbreakOrClosureUnplaced(const MeasureArguments& arguments,
                                        const MeasureContext& context) {
  return CiteFacts(arguments, context, [](const v1::Event& fact) {
    return fact.has_outbreak_or_closure_declared() &&
           fact.outbreak_or_closure_declared().people_unplaced() > 0;
  });
}

/// (b) of S1 L173: no rapid quality review is open and was active within `active_days`.
MeasureResult NotAddressedElsewhere(const MeasureArguments& arguments,
                                    const MeasureContext& context) {
  MeasureResult result = Begin(context);
  std::set<std::pair<std::string, std::string>> closed;
  for (const auto& fact : context.state.facts()) {
    if (fact.has_rapid_quality_review_held() && fact.rapid_quality_review_held().closed()) {
      closed.insert(Resolve(fact, fact.rapid_quality_review_held().review()));
    }
  }
  const int64_t active_from = WindowStart(context, arguments.Integer("active_days"));
  bool addressed = false;
  for (const auto& fact : context.state.facts()) {
    if (!fact.has_rapid_quality_review_convened() || closed.count({fact.source(), fact.id()}) > 0)
      continue;
    int64_t active = FactInstant(fact);
    for (const auto& held : context.state.facts()) {
      if (held.has_rapid_quality_review_held() &&
          Resolve(held, held.rapid_quality_review_held().review()) ==
              std::make_pair(fact.source(), fact.id())) {
        active = std::max(active, FactInstant(held));
      }
    }
    if (active > active_from && FactInstant(fact) <= context.as_of_us) {
      addressed = true;
      result.note = "a rapid quality review is open";
    }
  }
  result.value = Is(!addressed);
  return result;
}

/// (c) of S1 L173: at least `organisations` hold relevant intelligence, or rapid sharing was asked
/// for.
MeasureResult RapidSharingNeeded(const MeasureArguments& arguments, const MeasureContext& context) {
  MeasureResult result = Begin(context);
  std::set<std::string> organisations;
  const int64_t from = WindowStart(context, arguments.Integer("days"));
  bool requested = false;
  const auto holder = [](const std::string& organisation, const std::string& source) {
    return organisation.empty() ? source.substr(0, source.find('/')) : organisation;
  };
  for (const auto& concern : context.state.concerns()) {
    if (concern.occurred_us() <= from || concern.occurred_us() > context.as_of_us ||
        !Counts(concern))
      continue;
    organisations.insert(holder(concern.organisation(), concern.source()));
    Refer(concern, &result);
  }
  for (const auto& fact : context.state.facts()) {
    if (!fact.has_immediate_risk_asserted() || FactInstant(fact) <= from ||
        FactInstant(fact) > context.as_of_us) {
      continue;
    }
    organisations.insert(holder(fact.source_organisation(), fact.source()));
    Refer(fact, &result);
    requested = requested || fact.immediate_risk_asserted().rapid_sharing_requested();
  }
  AddFigure("organisations with intelligence", static_cast<double>(organisations.size()), &result);
  result.value = Is(requested || static_cast<int64_t>(organisations.size()) >=
                                     arguments.Integer("organisations"));
  return result;
}

const std::vector<Measure> kUrgentMeasures = {
    {.name = "immediate_risk_asserted",
     .summary =
         "An authorised role asserted a risk of one of the grades in `values` within `days`.",
     .numbers = {"days"},
     .windows = {"days"},
     .needs_values = true,
     .reads = {.facts = KindsOf({v1::Event::kImmediateRiskAsserted})},
     .evaluate = ImmediateRisk},
    {.name = "host_commissioner_code",
     .summary =
         "Intelligence of a placing commissioner, or a risk that a host commissioner asserts, with "
         "one of the codes in `values` (CL-12) within `days`.",
     .numbers = {"days"},
     .windows = {"days"},
     .needs_values = true,
     .reads = {.facts = KindsOf({v1::Event::kImmediateRiskAsserted,
                                 v1::Event::kPlacingCommissionerIntelligenceShared})},
     .evaluate = HostCommissionerCode},
    {.name = "harm_with_continuing_exposure",
     .summary = "Harm of at least the ordinal `harm` with provider cause and continuing exposure "
                "within `days`.",
     .numbers = {"days", "harm"},
     .windows = {"days"},
     .reads = {.flags = kConcernContinuingExposure},
     .evaluate = HarmWithExposure},
    {.name = "organisational_abuse_adults",
     .summary = "Organisational abuse alleged, or substantiated by an enquiry, that affects at "
                "least `adults` within `days`.",
     .numbers = {"days", "adults"},
     .windows = {"days"},
     .reads = {.facts = KindsOf({v1::Event::kSafeguardingEnquiryOpened,
                                 v1::Event::kSafeguardingEnquiryConcluded}),
               .flags = kConcernOrganisationalAbuse},
     .evaluate = OrganisationalAbuseAdults},
    {.name = "whistleblowing_current_abuse",
     .summary = "A whistleblower alleges current abuse, within `days`; the source is protected.",
     .numbers = {"days"},
     .windows = {"days"},
     .reads = {.flags = kConcernCurrentAbuseAlleged},
     .evaluate = WhistleblowingCurrentAbuse},
    {.name = "never_events",
     .summary = "At least `count` distinct never events within `days`.",
     .numbers = {"count", "days"},
     .windows = {"days"},
     .reads = {.flags = kConcernNeverEvent},
     .evaluate = NeverEvents},
    {.name = "outbreak_or_closure_unplaced",
     .summary = "An outbreak or a closure with people without a place within `days`.",
     .numbers = {"days"},
     .windows = {"days"},
     .reads = {.facts = KindsOf({v1::Event::kOutbreakOrClosureDeclared})},
     .evaluate = OutbreakOrClosureUnplaced},
    {.name = "not_addressed_elsewhere",
     .summary = "No rapid quality review is open that was active within `active_days`.",
     .numbers = {"active_days"},
     .windows = {"active_days"},
     .reads = {.facts = KindsOf({v1::Event::kRapidQualityReviewConvened})},
     .context = true,
     .evaluate = NotAddressedElsewhere},
    {.name = "rapid_sharing_needed",
     .summary = "At least `organisations` hold intelligence of the last `days`, or rapid sharing "
                "was asked for.",
     .numbers = {"days", "organisations"},
     .windows = {"days"},
     .reads = {.anything = true},
     .context = true,
     .evaluate = RapidSharingNeeded},
};

}  // namespace

std::span<const Measure> UrgentMeasures() { return kUrgentMeasures; }

}  // namespace trigpoint
