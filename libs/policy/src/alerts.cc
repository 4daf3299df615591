#include "trigpoint/policy/alerts.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "measure_support.h"
#include "trigpoint/base/digest.h"
#include "trigpoint/domain/concern.h"
#include "trigpoint/domain/record.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

constexpr uint32_t kTiersMax = 3;

/// What one cited report says about the cluster it belongs to.
struct Cited {
  std::string cluster;  ///< Empty: the state does not hold the report.
  std::vector<v1::Theme> themes;
  bool immediate = false;
  int64_t known_us = 0;
};

/// By source and id.
using Citations = std::map<std::pair<std::string_view, std::string_view>, Cited>;

template <typename Report>
Cited* ToFill(const Report& report, Citations* citations) {
  const auto found = citations->find({report.source(), report.id()});
  return found == citations->end() || !found->second.cluster.empty() ? nullptr : &found->second;
}

template <typename Report>
void Fill(const Report& report, int64_t known_us, Cited* cited) {
  cited->cluster = ClusterKeyOf(report.incident_key(), report.source(), report.id());
  cited->known_us = known_us;
  for (int theme : report.themes()) cited->themes.push_back(static_cast<v1::Theme>(theme));
}

/// What the state says of all reports that are cited, in one look at it.
Citations CitationsOf(const v1::ProviderState& state, const std::vector<PolicyGrounds>& policies) {
  Citations citations;
  for (const PolicyGrounds& policy : policies) {
    for (const UrgentGround& ground : policy.grounds) {
      for (const auto& ref : ground.evidence) citations[{ref.source(), ref.id()}];
    }
  }
  if (citations.empty()) return citations;
  for (const auto& concern : state.concerns()) {
    if (Cited* cited = ToFill(concern, &citations); cited != nullptr)
      Fill(concern, concern.known_us(), cited);
  }
  for (const auto& fact : state.facts()) {
    Cited* cited = ToFill(fact, &citations);
    if (cited == nullptr) continue;
    Fill(fact, ToMicros(fact.received_at()), cited);
    cited->immediate =
        fact.has_immediate_risk_asserted() &&
        fact.immediate_risk_asserted().grade() == v1::ImmediateRiskAsserted::GRADE_IMMEDIATE;
  }
  for (auto& [ref, cited] : citations) {
    if (cited.cluster.empty())
      cited.cluster = ClusterKeyOf("", std::string(ref.first), std::string(ref.second));
  }
  return citations;
}

std::string AlertId(const std::string& stream_id, const std::string& what) {
  return Sha256Hex(stream_id + "\nrapid-quality-review\n" + what).substr(0, 32);
}

/// Raised in a backfill an alert is only what would have been raised then; the present raises its
/// own (design 2).
std::string RaisedId(const v1::ProviderState& state, const std::string& cluster) {
  return AlertId(state.stream_id(), state.backfill().empty() ? cluster : cluster + "\nhistoric");
}

bool SharesTheme(const v1::RapidQualityReviewAlert& alert, const std::set<v1::Theme>& themes) {
  // Without a theme on either side nothing tells them apart: attached, so that one review looks at
  // both.
  if (alert.themes().empty() || themes.empty()) return true;
  return std::any_of(alert.themes().begin(), alert.themes().end(),
                     [&themes](int t) { return themes.count(static_cast<v1::Theme>(t)) > 0; });
}

struct Draft {
  std::vector<v1::RapidQualityReviewAlert::Ground> grounds;
  MeasureResult cited;                     ///< Its evidence.
  std::vector<int64_t> evidence_known_us;  ///< Of each.
  std::set<v1::Theme> themes;
  bool immediate = false;
  int64_t known_us = 0;  ///< When the latest of the evidence became known.
  bool protected_source = false;
  std::string lead;
  double acknowledge_hours = 4;
};

void AddGround(const CompiledPack& pack, const UrgentGround& ground, Draft* draft) {
  for (const auto& known : draft->grounds) {
    if (known.policy_id() == pack.pack().id() && known.rule() == ground.rule) return;
  }
  v1::RapidQualityReviewAlert::Ground& added = draft->grounds.emplace_back();
  added.set_policy_id(pack.pack().id());
  added.set_policy_version(pack.pack().version());
  added.set_rule(ground.rule);
  added.set_clause(ground.clause);
}

std::map<std::string, Draft> DraftsOf(const MeasureContext& context,
                                      const std::vector<PolicyGrounds>& policies) {
  std::map<std::string, Draft> drafts;
  const Citations citations = CitationsOf(context.state, policies);
  for (const PolicyGrounds& policy : policies) {
    for (const UrgentGround& ground : policy.grounds) {
      for (const auto& ref : ground.evidence) {
        const Cited& cited = citations.at({ref.source(), ref.id()});
        Draft& draft = drafts[cited.cluster];
        AddGround(*policy.pack, ground, &draft);
        const size_t before = draft.cited.evidence.size();
        AddRef(ref, &draft.cited);
        if (draft.cited.evidence.size() > before) draft.evidence_known_us.push_back(cited.known_us);
        draft.themes.insert(cited.themes.begin(), cited.themes.end());
        draft.immediate = draft.immediate || cited.immediate;
        draft.known_us = std::max(draft.known_us, cited.known_us);
        draft.protected_source = draft.protected_source || ground.protected_source;
        if (draft.lead.empty()) draft.lead = ground.lead;
        draft.acknowledge_hours = policy.pack->Parameter("rqr_ack_hours");
      }
    }
  }
  return drafts;
}

/// What people said of an alert and of its next tiers.
struct Chain {
  int64_t declined_us = 0;  ///< Last; 0 = nobody declined.
  bool in_hand = false;     ///< Somebody acknowledged, and did not decline after all.
  bool open = false;        ///< A tier that was told has not answered.
};

/// By the alert that each began with.
using Chains = std::map<std::string_view, Chain>;

Chains ChainsOf(const v1::ProviderRecord& record) {
  Chains chains;
  for (const auto& known : record.alerts()) {
    Chain& chain = chains[RootOf(known.alert())];
    chain.declined_us = std::max(chain.declined_us, known.declined_us());
    chain.in_hand = chain.in_hand || (known.acknowledged_us() != 0 && known.declined_us() == 0);
    chain.open = chain.open || (known.alert().dispatch() && !IsAnswered(known));
  }
  return chains;
}

/// The alerts of a service by what they are looked up by.
struct AlertIndex {
  explicit AlertIndex(const v1::ProviderRecord& record) : chains(ChainsOf(record)) {
    for (const auto& known : record.alerts()) {
      by_cluster[known.alert().cluster()].push_back(&known);
      by_id[known.alert().alert_id()].push_back(&known);
    }
  }
  /// Whether people declined the alert, at whichever tier, and nobody has it in hand: what would be
  /// attached to it might be seen by nobody.
  bool IsDeclined(const v1::RapidQualityReviewAlert& alert) const {
    const Chain& chain = chains.at(RootOf(alert));
    return chain.declined_us != 0 && !chain.in_hand;
  }
  /// When the last tier declined what the alert told of, or what it is attached to without having
  /// been sent; 0: a tier has yet to answer, or somebody has it in hand.
  int64_t GivenUp(const v1::RapidQualityReviewAlert& alert) const {
    const auto found =
        chains.find(alert.dispatch() ? std::string_view(RootOf(alert)) : alert.attached_to());
    if (found == chains.end() || found->second.in_hand || found->second.open) return 0;
    return found->second.declined_us;
  }
  Chains chains;
  std::map<std::string_view, std::vector<const v1::AlertRecord*>> by_cluster;
  std::map<std::string_view, std::vector<const v1::AlertRecord*>> by_id;
};

/// Whether a draft rests on a report that an alert does not cite and that became known after `us`.
bool RestsOnMore(const v1::RapidQualityReviewAlert& alert, int64_t us, const Draft& draft) {
  const auto& evidence = draft.cited.evidence;
  for (size_t i = 0; i < evidence.size(); ++i) {
    const auto is_it = [&evidence, i](const v1::EventRef& known) {
      return known.id() == evidence[i].id() && known.source() == evidence[i].source();
    };
    if (draft.evidence_known_us[i] > us &&
        std::none_of(alert.evidence().begin(), alert.evidence().end(), is_it))
      return true;
  }
  return false;
}

/// The alerts that told of a cluster.
std::set<const v1::AlertRecord*> ToldOf(const MeasureContext& context, const AlertIndex& alerts,
                                        const std::string& cluster) {
  std::set<const v1::AlertRecord*> told;
  if (const auto found = alerts.by_cluster.find(cluster); found != alerts.by_cluster.end()) {
    for (const auto* record : found->second) {
      const auto& alert = record->alert();
      if (alert.kind() != v1::RapidQualityReviewAlert::KIND_NEXT_TIER &&
          (!alert.historic() || !context.state.backfill().empty())) {
        told.insert(record);
      }
    }
  }
  for (const auto& id :
       {RaisedId(context.state, cluster), AlertId(context.state.stream_id(), cluster)}) {
    const auto found = alerts.by_id.find(id);
    if (found != alerts.by_id.end()) told.insert(found->second.begin(), found->second.end());
  }
  return told;
}

/// The id under which a cluster is to be told of, or nothing: it was told of already. It is told of
/// again where its alert is past: reports became known after the review that closed it, or after
/// the last tier declined it (3.5 rule b); and where it has become immediate since.
std::optional<std::string> IdToRaise(const MeasureContext& context, const AlertIndex& alerts,
                                     int64_t reviewed_until, const std::string& cluster,
                                     const Draft& draft) {
  const std::set<const v1::AlertRecord*> told = ToldOf(context, alerts, cluster);
  if (told.empty()) return RaisedId(context.state, cluster);
  // By one that is open, or nothing came since.
  const bool as_much = std::any_of(told.begin(), told.end(), [&](const v1::AlertRecord* record) {
    if (record->raised_us() <= reviewed_until) return draft.known_us <= reviewed_until;
    const int64_t given_up_us = alerts.GivenUp(record->alert());
    if (given_up_us != 0 && RestsOnMore(record->alert(), given_up_us, draft)) return false;
    return record->alert().immediate() || !draft.immediate;
  });
  if (as_much) return std::nullopt;
  return RaisedId(context.state, cluster + "\nagain " + std::to_string(told.size()));
}

v1::TruthValue Conjunct(const char* measure, const MeasureArguments& arguments,
                        const MeasureContext& context) {
  return ToProto(FindMeasure(measure)->evaluate(arguments, context).value);
}

}  // namespace

const std::string& RootOf(const v1::RapidQualityReviewAlert& alert) {
  return alert.kind() == v1::RapidQualityReviewAlert::KIND_NEXT_TIER ? alert.attached_to()
                                                                     : alert.alert_id();
}

bool IsToldWithAnother(const v1::RapidQualityReviewAlert& alert, const v1::ProviderRecord& record,
                       const v1::ProviderState& state) {
  if (alert.kind() != v1::RapidQualityReviewAlert::KIND_CLUSTER_ATTACHED || alert.dispatch() ||
      !alert.protected_source()) {
    return false;
  }
  bool told = false;
  for (const auto& earlier : record.alerts()) {
    const auto& known = earlier.alert();
    if (known.alert_id() == alert.alert_id()) break;
    told = told || (known.protected_source() && (known.alert_id() == alert.attached_to() ||
                                                 known.attached_to() == alert.attached_to()));
  }
  if (!told) return false;
  // What is no longer known of is not shown to be open.
  return std::all_of(alert.evidence().begin(), alert.evidence().end(), [&](const auto& ref) {
    const auto is_open = [&ref](const v1::Concern& concern) {
      return concern.source() == ref.source() && concern.id() == ref.id() &&
             (concern.flags() & kConcernProtectedSource) == 0;
    };
    const auto is_open_fact = [&ref](const v1::Event& fact) {
      return fact.source() == ref.source() && fact.id() == ref.id() && !IsOfProtectedSource(fact);
    };
    return std::none_of(state.concerns().begin(), state.concerns().end(), is_open) &&
           std::none_of(state.facts().begin(), state.facts().end(), is_open_fact);
  });
}

bool IsOpen(const v1::AlertRecord& alert, const v1::ProviderState& state) {
  return alert.raised_us() > ReviewedUntil(state);
}

std::vector<v1::RapidQualityReviewAlert> AlertsToRaise(const MeasureContext& context,
                                                       const std::vector<PolicyGrounds>& policies,
                                                       const std::string& cause) {
  std::vector<v1::RapidQualityReviewAlert> raised;
  const std::map<std::string, Draft> drafts = DraftsOf(context, policies);
  if (drafts.empty()) return raised;  // As after nearly every event.
  const bool historic = !context.state.backfill().empty();
  const int64_t reviewed_until = ReviewedUntil(context.state);
  const AlertIndex alerts(context.record);
  for (const auto& [cluster, draft] : drafts) {
    const std::optional<std::string> id =
        IdToRaise(context, alerts, reviewed_until, cluster, draft);
    if (!id.has_value()) continue;
    const auto& known = context.record.alerts();
    v1::RapidQualityReviewAlert alert;
    alert.set_alert_id(*id);
    alert.set_kind(v1::RapidQualityReviewAlert::KIND_RAISED);
    alert.set_dispatch(!historic);
    alert.set_historic(historic);
    for (const auto& record : known) {
      if (record.alert().kind() == v1::RapidQualityReviewAlert::KIND_RAISED &&
          record.alert().historic() == historic && record.raised_us() > reviewed_until &&
          !alerts.IsDeclined(record.alert()) && SharesTheme(record.alert(), draft.themes)) {
        alert.set_kind(v1::RapidQualityReviewAlert::KIND_CLUSTER_ATTACHED);
        alert.set_attached_to(record.alert().alert_id());
        alert.set_dispatch(draft.immediate && !historic);
      }
    }
    for (const auto& earlier : raised) {
      if (earlier.kind() == v1::RapidQualityReviewAlert::KIND_RAISED &&
          SharesTheme(earlier, draft.themes)) {
        alert.set_kind(v1::RapidQualityReviewAlert::KIND_CLUSTER_ATTACHED);
        alert.set_attached_to(earlier.alert_id());
        alert.set_dispatch(draft.immediate && !historic);
      }
    }
    alert.set_cluster(cluster);
    for (const auto& ground : draft.grounds) *alert.add_grounds() = ground;
    for (const auto& ref : draft.cited.evidence) *alert.add_evidence() = ref;
    for (const auto theme : draft.themes) alert.add_themes(theme);
    alert.set_immediate(draft.immediate);
    alert.set_protected_source(draft.protected_source);
    alert.set_lead(draft.lead);
    // The three conjuncts of S1 L173 are shown on every alert, whichever rule raised it.
    const auto asserted = Conjunct("immediate_risk_asserted",
                                   {.values = {"GRADE_SIGNIFICANT", "GRADE_IMMEDIATE"},
                                    .families = {},
                                    .numbers = {{"days", 30}}},
                                   context);
    alert.set_risk_significant_or_immediate(
        asserted == v1::TRUTH_VALUE_TRUE ? asserted : v1::TRUTH_VALUE_UNKNOWN);
    alert.set_not_addressed_elsewhere(
        Conjunct("not_addressed_elsewhere",
                 {.values = {}, .families = {}, .numbers = {{"active_days", 14}}}, context));
    alert.set_rapid_sharing_needed(Conjunct(
        "rapid_sharing_needed",
        {.values = {}, .families = {}, .numbers = {{"days", 90}, {"organisations", 2}}}, context));
    SetMicros(context.as_of_us + static_cast<int64_t>(draft.acknowledge_hours) * kMicrosPerHour,
              alert.mutable_acknowledge_by());
    alert.set_tier(1);
    alert.set_cause(cause);
    raised.push_back(std::move(alert));
  }
  return raised;
}

std::vector<v1::RapidQualityReviewAlert> AlertsToEscalate(const MeasureContext& context,
                                                          int64_t acknowledge_within_us,
                                                          const std::string& cause) {
  std::vector<v1::RapidQualityReviewAlert> escalated;
  const auto goes_on = [&context](const v1::AlertRecord& record) {
    const bool late = record.acknowledged_us() == 0 &&
                      ToMicros(record.alert().acknowledge_by()) < context.as_of_us;
    return record.alert().dispatch() && record.alert().tier() < kTiersMax &&
           (late || record.declined_us() != 0);
  };
  const auto& all = context.record.alerts();
  if (std::none_of(all.begin(), all.end(), goes_on)) return escalated;
  std::set<std::string_view> known;
  // Alerts that somebody has in hand, and what they belong to. Who declined has not.
  std::set<std::string_view> answered;
  const Chains chains = ChainsOf(context.record);
  for (const auto& record : all) {
    known.insert(record.alert().alert_id());
    if (record.acknowledged_us() == 0 || record.declined_us() != 0) continue;
    answered.insert(record.alert().alert_id());
    answered.insert(record.alert().attached_to());
  }
  for (const auto& record : all) {
    if (!goes_on(record)) continue;
    const auto& alert = record.alert();
    const std::string& root = RootOf(alert);
    // A decline goes on even where an alert that is attached to this one is in hand.
    if (record.declined_us() != 0 ? chains.at(root).in_hand : answered.count(root) > 0) continue;
    const std::string id =
        AlertId(context.state.stream_id(), root + "\ntier " + std::to_string(alert.tier() + 1));
    if (known.count(id) > 0) continue;
    v1::RapidQualityReviewAlert next = alert;
    next.set_alert_id(id);
    next.set_kind(v1::RapidQualityReviewAlert::KIND_NEXT_TIER);
    next.set_attached_to(root);
    next.set_tier(alert.tier() + 1);
    next.set_cause(cause);
    SetMicros(context.as_of_us + acknowledge_within_us, next.mutable_acknowledge_by());
    escalated.push_back(std::move(next));
  }
  return escalated;
}

}  // namespace trigpoint
