#include "trigpoint/engine/stream_step.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "trigpoint/base/digest.h"
#include "trigpoint/base/status.h"
#include "trigpoint/domain/cluster_decisions.h"
#include "trigpoint/domain/feeds.h"
#include "trigpoint/domain/inheritance.h"
#include "trigpoint/domain/service.h"
#include "trigpoint/events/catalogue.h"
#include "trigpoint/events/times.h"
#include "trigpoint/policy/alerts.h"
#include "trigpoint/policy/feeds.h"
#include "trigpoint/policy/instants.h"

namespace trigpoint {
namespace {

/// Keeps the packs alive for as long as the contexts point into them.
struct ContextSource {
  const Controls& controls;
  const v1::ProviderState& state;
  int64_t known_us;
  mutable std::vector<std::shared_ptr<const CompiledPack>> used;

  DecisionContext operator()(const std::string& policy_id) const {
    used.push_back(controls.At(state, known_us)->Policy(policy_id));
    const CompiledPack* pack = used.back().get();
    return DecisionContextOf(state, pack == nullptr ? nullptr : &pack->pack().authority());
  }
};

v1::Event DerivedEvent(const HotStream& stream, const std::string& id, int64_t known_us) {
  v1::Event event;
  event.set_source(kEngineSource);
  event.set_id(id);
  event.set_source_version(1);
  event.set_stream_id(stream.state.stream_id());
  SetMicros(known_us, event.mutable_received_at());
  return event;
}

/// Takes a derived event into the expected record and the chain.
void Chain(const Controls& controls, v1::Event event, HotStream* stream,
           std::vector<v1::Event>* derived) {
  if (stream->expected == nullptr) {
    stream->expected = std::make_unique<v1::ProviderRecord>(stream->record);
  }
  const int64_t known_us = ToMicros(event.received_at());
  const ContextSource context{controls, stream->state, known_us, {}};
  EvolveRecord(event, known_us, std::cref(context), stream->expected.get());
  stream->next_timer_us.reset();
  stream->feeds_revision.reset();
  derived->push_back(event);
  stream->chain.push_back(std::move(event));
}

/// Whether a recommendation follows from more than this engine knows: a later engine, or a later
/// version of the policy than is in force here. Who knows less does not contradict: two owners
/// would answer each other for as long as both speak.
bool KnowsMore(const v1::Event& event, const Controls& controls, int64_t known_us,
               const HotStream& stream) {
  if (!event.has_recommendation()) return false;
  const v1::Recommendation& said = event.recommendation();
  int theirs = 0;
  int ours = 0;
  if (absl::SimpleAtoi(said.engine_version(), &theirs) && absl::SimpleAtoi(kEngineVersion, &ours) &&
      theirs > ours) {
    return true;
  }
  const auto pack = controls.At(stream.state, known_us)->Policy(said.policy_id());
  return pack != nullptr && said.policy_version() > pack->pack().version();
}

/// Takes the oldest event of the chain out of it: it is in the log.
void Met(HotStream* stream) {
  stream->chain.pop_front();
  if (stream->chain.empty()) stream->expected.reset();
}

using RawByPolicy = std::map<std::string, std::vector<Truth>>;

/// Raw values of every policy with a basis, before an event is folded, at the instant of that
/// event.
RawByPolicy RawBefore(const Controls& controls, int64_t as_of_us, HotStream* stream) {
  RawByPolicy values;
  if (stream->Expected().policies().empty()) return values;
  const InForce& in_force = stream->InForceAt(controls, as_of_us);
  const auto cache = stream->CacheFor(as_of_us);
  for (const auto& pack : in_force.policies) {
    const auto* record = FindPolicyRecord(stream->Expected(), pack->pack().id());
    if (record == nullptr || !record->has_recommendation()) continue;
    values[pack->pack().id()] = RawValues(
        *pack,
        ContextFor(stream->state, stream->Expected(), *pack, in_force.baselines, as_of_us, cache));
  }
  return values;
}

/// Of policies of which another version was in force before: what that one says at the instant.
RawByPolicy RawOfVersionsBefore(const Controls& controls, const InForce& before, int64_t as_of_us,
                                HotStream* stream) {
  RawByPolicy values;
  const InForce& in_force = stream->InForceAt(controls, as_of_us);
  for (const auto& pack : in_force.policies) {
    const std::string& id = pack->pack().id();
    const auto version_before = before.Policy(id);
    const auto* record = FindPolicyRecord(stream->Expected(), id);
    if (version_before == nullptr || version_before->pack().version() == pack->pack().version() ||
        record == nullptr || !record->has_recommendation()) {
      continue;
    }
    values[id] =
        RawValuesUnder(*version_before, *pack,
                       ContextFor(stream->state, stream->Expected(), *version_before,
                                  in_force.baselines, as_of_us, stream->CacheFor(as_of_us)));
  }
  return values;
}

/// Feeds that are silent, and of which nobody has said so: silence is a finding (design 6). Said
/// before the policies are assessed, for they may read it.
void FindSilences(const Controls& controls, int64_t as_of_us, const Cause& cause, HotStream* stream,
                  std::vector<v1::Event>* derived) {
  for (const Feed& feed : stream->FeedsAt(controls, as_of_us)) {
    if (feed.silent_us > as_of_us) continue;
    const auto& known = stream->Expected().silences();
    const bool said = std::any_of(known.begin(), known.end(), [&feed](const auto& silence) {
      return IsAbout(silence.silent(), feed);
    });
    if (said) continue;
    v1::FeedSilent silent = SilenceOf(feed);
    silent.set_cause(cause.id);
    v1::Event event =
        DerivedEvent(*stream, FeedSilentId(stream->state.stream_id(), silent), as_of_us);
    *event.mutable_feed_silent() = std::move(silent);
    Chain(controls, std::move(event), stream, derived);
  }
}

/// `yields`: the policy, if any, of which nothing is recommended.
std::vector<v1::Event> AssessAll(const Controls& controls, int64_t as_of_us, const Cause& cause,
                                 const RawByPolicy& raw_before, HotStream* stream,
                                 const std::string& yields = "") {
  std::vector<v1::Event> derived;
  FindSilences(controls, as_of_us, cause, stream, &derived);
  stream->InForceAt(controls, as_of_us);
  const std::shared_ptr<const InForce> in_force = stream->in_force;
  const auto& packs = in_force->policies;
  const auto cache = stream->CacheFor(as_of_us);
  const auto context_of = [&](const CompiledPack& pack) {
    return ContextFor(stream->state, stream->Expected(), pack, in_force->baselines, as_of_us,
                      cache);
  };
  std::vector<PolicyGrounds> grounds;
  std::vector<PolicyGrounds> elsewhere;  // Of policies that do not apply to this service.
  bool covered = false;
  int64_t acknowledge_us = 4 * kMicrosPerHour;
  for (const auto& pack : packs) {
    const std::string& policy_id = pack->pack().id();
    const auto raw = raw_before.find(policy_id);
    const Advice advice = Recommend(*pack, context_of(*pack), cause,
                                    raw == raw_before.end() ? std::vector<Truth>{} : raw->second);
    if (advice.weakened.has_value()) {
      v1::Event event = DerivedEvent(*stream,
                                     Sha256Hex(stream->state.stream_id() + '\n' + cause.id +
                                               "\nweakened\n" + advice.weakened->decision_id())
                                         .substr(0, 32),
                                     as_of_us);
      *event.mutable_decision_basis_weakened() = *advice.weakened;
      Chain(controls, std::move(event), stream, &derived);
    }
    if (advice.recommendation.has_value() && policy_id != yields) {
      v1::Event event = DerivedEvent(*stream, advice.recommendation->recommendation_id(), as_of_us);
      *event.mutable_recommendation() = *advice.recommendation;
      Chain(controls, std::move(event), stream, &derived);
    }
    if (!advice.grounds.empty()) {
      const bool applies = advice.applies != Truth::kFalse;
      (applies ? grounds : elsewhere).push_back({.pack = pack.get(), .grounds = advice.grounds});
      acknowledge_us = static_cast<int64_t>(pack->Parameter("rqr_ack_hours")) * kMicrosPerHour;
    }
    // A policy without an urgent path does not look after what is urgent.
    covered = covered || (advice.applies != Truth::kFalse && !pack->pack().urgent().empty());
  }
  if (packs.empty()) return derived;
  const MeasureContext context = context_of(*packs.front());
  // A service that no policy covers is nobody's to assess, but an urgent report about it must not
  // be missed.
  std::vector<v1::RapidQualityReviewAlert> alerts =
      AlertsToRaise(context, covered ? grounds : elsewhere, cause.id);
  // In a backfill nobody is told; a live alert that is overdue goes to the next tier at its end.
  if (stream->state.backfill().empty()) {
    for (auto& next : AlertsToEscalate(context, acknowledge_us, cause.id))
      alerts.push_back(std::move(next));
  }
  for (auto& alert : alerts) {
    v1::Event event = DerivedEvent(*stream, alert.alert_id(), as_of_us);
    *event.mutable_rapid_quality_review_alert() = std::move(alert);
    Chain(controls, std::move(event), stream, &derived);
  }
  return derived;
}

void Append(std::vector<v1::Event> more, std::vector<v1::Event>* all) {
  all->insert(all->end(), std::make_move_iterator(more.begin()),
              std::make_move_iterator(more.end()));
}

/// The next instant after `after_us` at which time alone matters: of the facts, a feed that falls
/// silent, or a control event coming into force.
int64_t NextAfter(const Controls& controls, int64_t after_us, HotStream* stream) {
  return std::min({NextInstant(stream->state, stream->Expected(),
                               stream->InForceAt(controls, after_us).windows, after_us),
                   NextSilence(stream->FeedsAt(controls, after_us), after_us),
                   controls.NextEffective(stream->state, after_us)});
}

/// Fires the timers of the stream that are due up to `until_us`, in order; each is assessed as of
/// its due time.
void FireTimers(const Controls& controls, int64_t until_us, HotStream* stream,
                std::vector<v1::Event>* derived) {
  if (stream->state.known_us() == 0) return;  // Nothing is known yet: nothing can fall due.
  for (int64_t at = NextTimer(controls, stream); at <= until_us;
       at = NextAfter(controls, at, stream)) {
    if (CarryService(at, &stream->state)) stream->ServiceChanged();
    const Cause cause{.id = TimerKey(stream->state.stream_id(), at), .corrected = std::nullopt};
    RawByPolicy raw_before;
    if (stream->InForceAt(controls, at).from_us == at) {
      raw_before = RawOfVersionsBefore(controls, *controls.At(stream->state, at - 1), at, stream);
    }
    Append(AssessAll(controls, at, cause, raw_before, stream), derived);
  }
}

/// Folds a fact into the state; false when the stream must be folded anew.
bool FoldFact(const v1::Event& event, IdentityOutcome identity, int64_t known_us,
              HotStream* stream) {
  v1::ProviderState& state = stream->state;
  const int facts = state.facts_size();
  const bool delivered = identity == IdentityOutcome::kNew && NoteDelivery(event, known_us, &state);
  const int concerns = state.concerns_size();
  const v1::Concern* first = concerns == 0 ? nullptr : &state.concerns(0);
  const v1::Concern* last = concerns == 0 ? nullptr : &state.concerns(concerns - 1);
  ConcernsChange* change =
      stream->concerns_change.has_value() ? &*stream->concerns_change : nullptr;
  const bool complete = EvolveFacts(event, known_us, &state, change);
  if (delivered || !complete || state.facts_size() != facts || VersionOf(event) > 1) {
    stream->feeds_last = false;
  }
  // What is kept of the state goes on only where concerns were added at the end.
  const bool added =
      VersionOf(event) == 1 && !event.has_event_retracted() && state.concerns_size() >= concerns &&
      (concerns == 0 || (&state.concerns(0) == first && &state.concerns(concerns - 1) == last));
  if (!added || stream->cache == nullptr) {
    stream->cache.reset();
    return complete;
  }
  stream->cache->kinds.reset();
  stream->cache->rating.reset();
  // What people find changes clusters that were there before.
  if (IsClusterDecision(event)) stream->cache->clusters.reset();
  if (stream->cache->clusters.has_value()) {
    for (int i = concerns; i < state.concerns_size(); ++i)
      stream->cache->clusters->Add(state.concerns(i));
  }
  return complete;
}

/// Folds a derived or decision event into the record, and sorts out the owner's chain. `yields` is
/// the policy of which nothing is to be said about this event.
RecordOutcome FoldRecord(const v1::Event& event, int64_t known_us, const Controls& controls,
                         HotStream* stream, bool* reassess, std::string* yields) {
  const ContextSource context{controls, stream->state, known_us, {}};
  const RecordOutcome outcome = EvolveRecord(event, known_us, std::cref(context), &stream->record);
  const bool own_next = !stream->chain.empty() && stream->chain.front().id() == event.id() &&
                        stream->chain.front().source() == event.source();
  if (own_next && outcome != RecordOutcome::kIgnored) {
    Met(stream);
    return outcome;
  }
  const bool own = std::any_of(stream->chain.begin(), stream->chain.end(),
                               [&event](const auto& e) { return e.id() == event.id(); });
  const bool foreign_head = outcome == RecordOutcome::kRecorded;
  const bool own_ignored = outcome == RecordOutcome::kIgnored && own;
  if (foreign_head || own_ignored) {
    stream->DropChain();
    *reassess = true;
    if (foreign_head && KnowsMore(event, controls, known_us, *stream))
      *yields = event.recommendation().policy_id();
  } else if (stream->expected != nullptr) {
    // What is only kept for the audit trail (a refused decision) belongs to the expected record,
    // too.
    EvolveRecord(event, known_us, std::cref(context), stream->expected.get());
  }
  return outcome;
}

/// A delivery, or word that there is nothing, ends a silence; so does a service that no longer
/// runs, and a policy that no longer expects it. By the fold alone, with or without an owner.
/// A finding does not carry time forward, but is known at its own instant.
bool Settle(const Controls& controls, int64_t known_us, HotStream* stream) {
  const bool any = stream->record.silences_size() > 0;
  const bool expected = stream->expected != nullptr && stream->expected->silences_size() > 0;
  if (!any && !expected) return false;
  const std::span<const Feed> feeds = stream->FeedsAt(controls, known_us);
  bool settled = expected && SettleSilences(feeds, known_us, stream->expected.get());
  const bool said = any && SettleSilences(feeds, known_us, &stream->record);
  settled = settled || said;
  if (settled) stream->feeds_revision.reset();
  return said;
}

void TakeControl(const v1::Event& event, int64_t known_us, v1::ProviderState* state) {
  for (auto& late : *state->mutable_late_controls()) {
    if (late.control_id() == event.control_took_effect().control_id()) {
      late.set_known_us(std::min(late.known_us(), known_us));
      return;
    }
  }
  auto* late = state->add_late_controls();
  late->set_control_id(event.control_took_effect().control_id());
  late->set_known_us(known_us);
}

/// Whether the event says what the service has of a predecessor.
bool IsAboutInheritance(const v1::Event& event) {
  return event.has_memory_carried() || event.has_inheritance_decided();
}

absl::Status Refold(const v1::Event& now, int64_t known_us, const LoadEvents& load,
                    HotStream* stream) {
  TP_ASSIGN_OR_RETURN(std::vector<v1::StoredEvent> events, load());
  v1::StoredEvent& last = events.emplace_back();
  last.set_known_us(known_us);
  *last.mutable_event() = now;
  RefoldWithCarried(events, stream->record, &stream->state);
  if (stream->concerns_change.has_value()) stream->concerns_change->replaced = true;
  stream->cache.reset();
  stream->feeds_last = false;
  return absl::OkStatus();
}

/// Who may decide under the policies in force at an instant.
std::vector<PolicyAuthority> AuthoritiesAt(const Controls& controls, int64_t as_of_us,
                                           HotStream* stream) {
  std::vector<PolicyAuthority> authorities;
  for (const auto& pack : stream->InForceAt(controls, as_of_us).policies)
    authorities.push_back({.policy_id = pack->pack().id(), .authority = &pack->pack().authority()});
  return authorities;
}

/// Folds what the service has of a predecessor, into the record and the expected one. It moves no
/// head: what the owner has said and not met again stands.
RecordOutcome FoldInherited(const v1::Event& event, int64_t known_us, const Controls& controls,
                            HotStream* stream) {
  const ContextSource context{controls, stream->state, known_us, {}};
  v1::ProviderRecord* expected = stream->expected.get();
  if (event.has_memory_carried()) {
    FoldMemory(event.memory_carried(), known_us, std::cref(context), &stream->record);
    if (expected != nullptr)
      FoldMemory(event.memory_carried(), known_us, std::cref(context), expected);
    return RecordOutcome::kRecorded;
  }
  const std::vector<PolicyAuthority> who = AuthoritiesAt(controls, known_us, stream);
  const auto& decided = event.inheritance_decided();
  const InheritanceVerdict verdict =
      FoldInheritance(decided, known_us, who, std::cref(context), &stream->record);
  if (expected != nullptr) FoldInheritance(decided, known_us, who, std::cref(context), expected);
  return verdict == InheritanceVerdict::kRecorded ? RecordOutcome::kRecorded
                                                  : RecordOutcome::kDecisionRefused;
}

/// What an event about an inheritance takes back, if it does.
std::optional<v1::EventRef> TakenBackBy(const v1::Event& event, const v1::ProviderRecord& record) {
  const v1::MemoryCarried& memory = event.memory_carried();
  if (memory.undone()) return memory.link();
  for (const auto& fact : memory.facts()) {
    if (VersionOf(fact) == 1 && !fact.has_event_retracted()) continue;
    v1::EventRef ref;
    ref.set_source(fact.source());
    ref.set_id(fact.id());
    return ref;
  }
  const auto& decided = event.inheritance_decided();
  if (event.has_inheritance_decided() && !decided.accepted()) {
    const v1::Inheritance* kept = FindInheritance(record, decided.from_stream());
    if (kept != nullptr) return kept->memory().link();
  }
  return std::nullopt;
}

std::optional<v1::EventRef> CorrectedBy(const v1::Event& event, IdentityOutcome identity,
                                        const v1::ProviderRecord& record) {
  if (IsAboutInheritance(event)) return TakenBackBy(event, record);
  if (identity != IdentityOutcome::kCorrection) return std::nullopt;
  v1::EventRef ref;
  ref.set_source(event.source());
  ref.set_id(event.id());
  return ref;
}

/// Whether an own fact may stand in the place of one that was carried, or give it its place back:
/// then all that counts is looked at anew.
bool MeetsCarried(const v1::Event& event, IdentityOutcome identity, const HotStream& stream) {
  if (stream.record.inheritances().empty()) return false;
  return identity == IdentityOutcome::kCorrection || event.has_event_retracted() ||
         HasFact(stream.state, event.source(), event.id());
}

/// What a version below the latest is: the index knows only the latest, so the history tells
/// whether it came before.
absl::StatusOr<IdentityOutcome> IdentityOfOldVersion(const v1::Event& event,
                                                     const LoadEvents& load) {
  TP_ASSIGN_OR_RETURN(const std::vector<v1::StoredEvent> events, load());
  for (const auto& stored : events) {
    const v1::Event& known = stored.event();
    if (known.source() != event.source() || known.id() != event.id() ||
        VersionOf(known) != VersionOf(event))
      continue;
    return known.submission_digest() == event.submission_digest() ? IdentityOutcome::kDuplicate
                                                                  : IdentityOutcome::kConflict;
  }
  return IdentityOutcome::kSuperseded;
}

}  // namespace

std::string TimerKey(const std::string& stream_id, int64_t due_us) {
  return "timer/" + stream_id + "/" + std::to_string(due_us);
}

int64_t NextTimer(const Controls& controls, HotStream* stream) {
  if (controls.state().controls_size() != stream->controls_seen) stream->Changed();
  if (!stream->next_timer_us.has_value()) {
    stream->next_timer_us = NextAfter(controls, stream->state.known_us(), stream);
  }
  return *stream->next_timer_us;
}

void RestoreChain(const Controls& controls, const v1::StreamChunk& chain, HotStream* stream) {
  std::vector<v1::Event> derived;
  for (const auto& stored : chain.events()) Chain(controls, stored.event(), stream, &derived);
}

std::vector<v1::Event> Reassess(const Controls& controls, int64_t as_of_us, const Cause& cause,
                                HotStream* stream) {
  return AssessAll(controls, as_of_us, cause, {}, stream);
}

absl::StatusOr<StepResult> ApplyEvent(const v1::Event& event,
                                      const std::optional<v1::EventIndexEntry>& known,
                                      const Controls& controls, bool assess, const LoadEvents& load,
                                      HotStream* stream) {
  StepResult result;
  const KindInfo* kind = KindOf(event);
  const v1::EventRole role = kind == nullptr ? v1::EVENT_ROLE_UNSPECIFIED : kind->role;
  // What is known of a predecessor comes like a fact: it carries time.
  const bool derived_said = role == v1::EVENT_ROLE_DERIVED && !event.has_deadline_passed() &&
                            !event.has_day_started() && !event.has_control_took_effect() &&
                            !event.has_memory_carried();
  const bool news = role == v1::EVENT_ROLE_FACT || IsAboutInheritance(event);
  // Derived events and decisions are known by their id alone.
  result.identity = Classify(known, event);
  if (role != v1::EVENT_ROLE_FACT && result.identity != IdentityOutcome::kNew) {
    result.identity = IdentityOutcome::kDuplicate;
  }
  if (result.identity == IdentityOutcome::kSuperseded) {
    TP_ASSIGN_OR_RETURN(result.identity, IdentityOfOldVersion(event, load));
  }
  if (result.identity == IdentityOutcome::kDuplicate ||
      result.identity == IdentityOutcome::kConflict) {
    // Somebody has said it before: it does not come back to the chain in any other way.
    const bool own_next = derived_said && !stream->chain.empty() &&
                          stream->chain.front().id() == event.id() &&
                          stream->chain.front().source() == event.source();
    if (own_next) Met(stream);
    return result;
  }
  result.applied = true;
  if (stream->state.stream_id().empty()) stream->state.set_stream_id(event.stream_id());
  // A derived event is known when its cause was; it never carries time forward.
  result.known_us = derived_said ? ToMicros(event.received_at()) : KnownAt(stream->state, event);

  if (assess && !derived_said) FireTimers(controls, result.known_us, stream, &result.derived);
  RawByPolicy raw_before;
  if (assess && news) raw_before = RawBefore(controls, result.known_us, stream);

  bool reassess = role == v1::EVENT_ROLE_FACT && result.identity != IdentityOutcome::kSuperseded;
  std::string yields;
  if (role == v1::EVENT_ROLE_FACT) {
    if (result.identity == IdentityOutcome::kSuperseded) {
      EvolveSuperseded(event, result.known_us, &stream->state);
    } else {
      const bool anew = MeetsCarried(event, result.identity, *stream);
      if (!FoldFact(event, result.identity, result.known_us, stream) || anew)
        TP_RETURN_IF_ERROR(Refold(event, result.known_us, load, stream));
    }
  } else {
    if (!derived_said) stream->state.set_known_us(result.known_us);
    if (event.has_control_took_effect()) {
      const auto before = controls.At(stream->state, result.known_us - 1);
      TakeControl(event, result.known_us, &stream->state);
      stream->Changed();
      if (assess) raw_before = RawOfVersionsBefore(controls, *before, result.known_us, stream);
      reassess = true;
    } else if (event.has_backfill_started()) {
      stream->state.set_backfill(event.backfill_started().batch());
    } else if (event.has_backfill_ended()) {
      // What holds still, and nobody decided, is raised by this assessment (design 2).
      reassess = stream->state.backfill() == event.backfill_ended().batch();
      if (reassess) stream->state.clear_backfill();
    } else if (event.has_deadline_passed() || event.has_day_started()) {
      reassess = false;  // Its timers have fired; the event itself says nothing.
    } else if (IsAboutInheritance(event)) {
      result.record = FoldInherited(event, result.known_us, controls, stream);
      reassess = result.record == RecordOutcome::kRecorded;
      if (reassess) TP_RETURN_IF_ERROR(Refold(event, result.known_us, load, stream));
    } else {
      result.record = FoldRecord(event, result.known_us, controls, stream, &reassess, &yields);
    }
  }
  stream->state.set_revision(stream->state.revision() + 1);
  stream->next_timer_us.reset();
  if (CarryService(stream->state.known_us(), &stream->state)) stream->ServiceChanged();
  result.silences_settled =
      Settle(controls, std::max(stream->state.known_us(), result.known_us), stream);

  if (assess && reassess) {
    const Cause cause{.id = CauseOf(event),
                      .corrected = CorrectedBy(event, result.identity, stream->record)};
    Append(AssessAll(controls, result.known_us, cause, raw_before, stream, yields),
           &result.derived);
  }
  return result;
}

}  // namespace trigpoint
