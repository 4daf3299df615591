#include "obligation_claims.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "measure_facts.h"
#include "measure_support.h"
#include "trigpoint/domain/ratings.h"
#include "trigpoint/domain/record.h"
#include "trigpoint/domain/service.h"
#include "trigpoint/events/times.h"
#include "trigpoint/policy/feeds.h"

namespace trigpoint {
namespace {

/// What starts one where nothing else tells since when: the service became known, or the policy
/// came into force after that.
constexpr char kRegistered[] = "registered";

bool Among(const std::vector<int>& kinds, const v1::Event& fact) {
  return std::find(kinds.begin(), kinds.end(), static_cast<int>(fact.payload_case())) !=
         kinds.end();
}

/// Days are compared, not instants: many reports know no hour.
bool OnOrAfter(const v1::Event& fact, int64_t start_us) {
  return LondonDate(FactInstant(fact)) >= LondonDate(start_us);
}

}  // namespace

int64_t KnownMicros(const v1::Event& fact) {
  return fact.has_received_at() ? ToMicros(fact.received_at()) : FactInstant(fact);
}

ClaimsOfRule::ClaimsOfRule(const CompiledPack& pack, size_t rule, const MeasureContext& context,
                           const AssessmentResult* assessment)
    : pack_(pack),
      rule_(pack.pack().obligations(static_cast<int>(rule))),
      terms_(pack.obligations()[rule]),
      context_(context),
      assessment_(assessment) {}

std::vector<Claim> ClaimsOfRule::All() const {
  std::vector<Claim> all;
  for (const std::string& recipient : Recipients()) {
    std::vector<Claim> claims = Started();
    for (Claim& claim : claims) claim.recipient = recipient;
    if (rule_.start().recurring()) {
      Recur(&claims);
    } else {
      End(&claims);
    }
    std::move(claims.begin(), claims.end(), std::back_inserter(all));
  }
  return all;
}

/// Facts of these kinds that had happened by now, in order.
Facts ClaimsOfRule::FactsOf(const std::vector<int>& kinds) const {
  Facts facts;
  for (const auto& fact : context_.state.facts()) {
    if (Among(kinds, fact) && FactInstant(fact) <= context_.as_of_us) {
      facts.push_back(&fact);
    }
  }
  std::sort(facts.begin(), facts.end(), [](const v1::Event* a, const v1::Event* b) {
    return std::make_tuple(FactInstant(*a), KeyOf(*a)) <
           std::make_tuple(FactInstant(*b), KeyOf(*b));
  });
  return facts;
}

std::vector<std::string> ClaimsOfRule::Recipients() const {
  std::set<std::string> organisations;
  switch (rule_.per()) {
    case v1::ObligationRule::PER_RECIPIENT_PLACING_COMMISSIONER:
      organisations = PlacingNow();
      break;
    case v1::ObligationRule::PER_RECIPIENT_COMMISSIONER:
      if (const auto* service = ServiceOf(context_.state); service != nullptr)
        organisations = {service->commissioners().begin(), service->commissioners().end()};
      break;
    default:
      return {""};
  }
  return {organisations.begin(), organisations.end()};
}

/// Organisations with at least one person placed here today.
std::set<std::string> ClaimsOfRule::PlacingNow() const {
  const CivilDate today = LondonDate(context_.as_of_us);
  std::set<EventKey> ended;
  for (const auto& fact : context_.state.facts()) {
    if (!fact.has_placement_ended()) continue;
    const auto& end = fact.placement_ended();
    if (!end.has_ended_on() || ToCivil(end.ended_on()) <= today)
      ended.insert(Resolve(fact, end.placement()));
  }
  std::set<std::string> organisations;
  for (const auto& fact : context_.state.facts()) {
    if (!fact.has_placement_started() || ended.count(KeyOf(fact)) > 0) continue;
    const auto& placement = fact.placement_started();
    if (ToCivil(placement.starts_on()) <= today)
      organisations.insert(placement.placing_organisation());
  }
  return organisations;
}

// ---- what started one

std::vector<Claim> ClaimsOfRule::Started() const {
  if (!terms_.started_by.empty()) return StartedByFacts();
  if (terms_.criterion >= 0) return StartedByCriterion();
  if (!rule_.start().state().empty()) return StartedByState();
  return SinceRegistered();
}

std::vector<Claim> ClaimsOfRule::StartedByFacts() const {
  std::vector<Claim> claims;
  for (const v1::Event* fact : FactsOf(terms_.started_by)) {
    if (!Matches(*fact, rule_.start().where())) continue;
    Claim claim;
    claim.started_by = RefOf(*fact);
    claim.start_key = fact->source() + '/' + fact->id();
    claim.start_us = FactInstant(*fact);
    if (!rule_.start().date_field().empty())
      claim.start_us = InstantOf(*fact, rule_.start().date_field()).value_or(*claim.start_us);
    claim.start_fact = fact;
    for (auto& key : NamedBy(*fact)) claim.names.insert(std::move(key));
    claim.names.insert(KeyOf(*fact));
    claims.push_back(std::move(claim));
  }
  std::stable_sort(claims.begin(), claims.end(),
                   [](const Claim& a, const Claim& b) { return *a.start_us < *b.start_us; });
  return claims;
}

/// When what a criterion cites happened: a fact, a report or a silence.
std::optional<int64_t> ClaimsOfRule::InstantOfEvidence(const v1::EventRef& ref) const {
  const auto is = [&ref](const auto& one) {
    return one.id() == ref.id() && one.source() == ref.source();
  };
  for (const auto& fact : context_.state.facts()) {
    if (is(fact)) return FactInstant(fact);
  }
  for (const auto& concern : context_.state.concerns()) {
    if (is(concern)) return concern.occurred_us();
  }
  for (const auto& silence : context_.record.silences()) {
    if (FeedSilentId(context_.state.stream_id(), silence.silent()) == ref.id())
      return ToMicros(silence.silent().since());
  }
  return std::nullopt;
}

std::vector<Claim> ClaimsOfRule::StartedByCriterion() const {
  const v1::CriterionResult& result = assessment_->criteria[static_cast<size_t>(terms_.criterion)];
  if (result.value() != v1::TRUTH_VALUE_TRUE) return {};
  std::optional<std::tuple<int64_t, std::string, std::string>> newest;
  for (const auto& ref : result.evidence()) {
    const auto instant_us = InstantOfEvidence(ref);
    if (!instant_us.has_value()) continue;
    const auto found = std::make_tuple(*instant_us, ref.source(), ref.id());
    if (!newest.has_value() || found > *newest) newest = found;
  }
  if (!newest.has_value()) return SinceRegistered();
  const auto& [instant_us, source, id] = *newest;
  Claim claim;
  claim.started_by = RefOf(source, id);
  claim.start_key = source + '/' + id;
  claim.start_us = instant_us;
  claim.names.insert({source, id});
  return {std::move(claim)};
}

std::vector<Claim> ClaimsOfRule::StartedByState() const {
  if (context_.decided_state != rule_.start().state()) return {};
  const auto* record = FindPolicyRecord(context_.record, pack_.pack().id());
  const int64_t entered_us = record == nullptr                 ? 0
                             : record->entered_state_us() != 0 ? record->entered_state_us()
                                                               : record->decided_us();
  if (entered_us == 0) return SinceRegistered();
  Claim claim;
  claim.start_key = "entered " + std::to_string(entered_us);
  claim.start_us = entered_us;
  return {std::move(claim)};
}

std::vector<Claim> ClaimsOfRule::SinceRegistered() const {
  // Nobody owed anything by a policy that was not there yet.
  const int64_t since_us = std::max(RegistrationKnown(context_.state), context_.policy_since_us);
  Claim claim;
  claim.start_key = kRegistered;
  if (since_us != 0) claim.start_us = since_us;
  return {std::move(claim)};
}

// ---- what ends it

/// Whether a fact names some of the claims, names another, or concerns one by its time alone.
ClaimsOfRule::Bearing ClaimsOfRule::BearingOf(const v1::Event& fact,
                                              const std::vector<Claim>& claims,
                                              std::vector<size_t>* named) const {
  bool another = false;
  for (const EventKey& key : NamedBy(fact)) {
    another = another || IsOfStartingKind(key);
    for (size_t i = 0; i < claims.size(); ++i) {
      if (claims[i].names.count(key) == 0) continue;
      // What names the visit that was cancelled twice means the cancellation that came before it.
      const bool itself = claims[i].started_by.has_value() &&
                          claims[i].started_by->source() == key.first &&
                          claims[i].started_by->id() == key.second;
      if (itself || OnOrAfter(fact, *claims[i].start_us)) {
        named->push_back(i);
      } else {
        another = true;
      }
    }
  }
  if (!named->empty()) return Bearing::kNamed;
  return another ? Bearing::kAnother : Bearing::kOfTime;
}

bool ClaimsOfRule::IsOfStartingKind(const EventKey& key) const {
  const auto& facts = context_.state.facts();
  return std::any_of(facts.begin(), facts.end(), [&](const v1::Event& fact) {
    return KeyOf(fact) == key && Among(terms_.started_by, fact);
  });
}

bool ClaimsOfRule::Discharges(const v1::Event& fact, const std::string& recipient) const {
  return Among(terms_.discharged_by, fact) && Matches(fact, rule_.discharged_where()) &&
         (recipient.empty() || NamesOrganisation(fact, recipient));
}

void ClaimsOfRule::End(std::vector<Claim>* claims) const {
  if (claims->empty()) return;
  std::vector<int> kinds = terms_.discharged_by;
  kinds.insert(kinds.end(), terms_.lapsed_by.begin(), terms_.lapsed_by.end());
  for (const v1::Event* fact : FactsOf(kinds)) {
    const bool discharges = Discharges(*fact, claims->front().recipient);
    const bool lapses = !discharges && Among(terms_.lapsed_by, *fact);
    if (!discharges && !lapses) continue;
    for (const size_t i : EndedBy(*fact, *claims))
      (discharges ? (*claims)[i].discharged : (*claims)[i].lapsed) = fact;
  }
}

/// Open claims that a fact ends.
std::vector<size_t> ClaimsOfRule::EndedBy(const v1::Event& fact,
                                          const std::vector<Claim>& claims) const {
  std::vector<size_t> named;
  const Bearing bearing = BearingOf(fact, claims, &named);
  if (bearing == Bearing::kAnother) return {};
  if (bearing == Bearing::kNamed) {
    // What a follow-up names is what it follows, not itself.
    std::erase_if(named,
                  [&](size_t i) { return !claims[i].Open() || claims[i].start_fact == &fact; });
    return named;
  }
  for (size_t i = claims.size(); i-- > 0;) {
    const Claim& claim = claims[i];
    const bool since = !claim.start_us.has_value() || OnOrAfter(fact, *claim.start_us);
    if (claim.Open() && since && claim.start_fact != &fact) return {i};
  }
  return {};
}

/// A chain of claims, each of which starts when the one before was discharged.
void ClaimsOfRule::Recur(std::vector<Claim>* claims) const {
  if (claims->empty()) return;
  Claim next = claims->front();
  claims->clear();
  Facts done = FactsOf(terms_.discharged_by);
  std::erase_if(done, [&](const v1::Event* f) { return !Discharges(*f, next.recipient); });
  // What was done before the service was known here counts: nothing is owed anew for its coming.
  const bool from_registration = next.start_key == kRegistered;
  const std::optional<int64_t> first_us = next.start_us;
  bool again = false;
  for (const v1::Event* fact : done) {
    const bool before = first_us.has_value() && !OnOrAfter(*fact, *first_us);
    const bool same_day = again && LondonDate(FactInstant(*fact)) == LondonDate(*next.start_us);
    if (same_day || (before && !from_registration)) continue;
    if (!before) {
      next.discharged = fact;
      claims->push_back(next);
    }
    again = true;
    next.discharged = nullptr;
    next.started_by.reset();
    next.start_key = fact->source() + '/' + fact->id();
    next.start_us = FactInstant(*fact);
    next.names.clear();
  }
  claims->push_back(std::move(next));
}

std::vector<Pause> ClaimsOfRule::PausesOf(const Claim& claim) const {
  std::vector<Pause> pauses;
  if (terms_.paused_by.empty() || !claim.start_us.has_value()) return pauses;
  std::vector<int> kinds = terms_.paused_by;
  kinds.insert(kinds.end(), terms_.resumed_by.begin(), terms_.resumed_by.end());
  for (const v1::Event* fact : FactsOf(kinds)) {
    std::vector<size_t> named;
    const Bearing bearing = BearingOf(*fact, {claim}, &named);
    if (bearing == Bearing::kAnother || !OnOrAfter(*fact, *claim.start_us)) continue;
    const bool stops = Among(terms_.paused_by, *fact);
    const bool stands = !pauses.empty() && !pauses.back().to_us.has_value();
    if (stops && !stands) {
      pauses.push_back({.from_us = FactInstant(*fact), .to_us = std::nullopt});
    } else if (!stops && stands) {
      pauses.back().to_us = FactInstant(*fact);
    }
  }
  return pauses;
}

}  // namespace trigpoint
