#include "trigpoint/policy/feeds.h"

#include <algorithm>
#include <set>
#include <utility>

#include "expression.h"
#include "measure_support.h"
#include "trigpoint/base/digest.h"
#include "trigpoint/base/time.h"
#include "trigpoint/domain/concern.h"
#include "trigpoint/domain/feeds.h"
#include "trigpoint/events/catalogue.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

/// Silences that ended and are kept in a record.
constexpr int kEndedKept = 8;

/// The midnight in London that ends the day so many days after `from_us`.
int64_t EndOfDayAfter(int64_t from_us, int64_t days) {
  return LondonMidnight(CivilFromDays(DeliveryDay(from_us) / kMicrosPerDay + days + 1));
}

void SetDue(int64_t base_us, int grace_days, Feed* feed) {
  const int64_t every = feed->every_days;
  feed->due_us = EndOfDayAfter(base_us, every + grace_days);
  feed->silent_us = EndOfDayAfter(base_us, every * feed->missed + grace_days);
}

void TakeLast(const v1::FeedDelivery& delivery, Feed* feed) {
  if (delivery.received_us().empty()) return;
  const int64_t last = *delivery.received_us().rbegin();
  const int64_t day = DeliveryDay(last);
  if (day < feed->last_us) return;
  // Of two sources on one day, one with a report counts before one with nothing.
  if (day == feed->last_us && !feed->source.empty() && (IsNil(last) || !feed->nil)) return;
  feed->last_us = day;
  feed->source = delivery.source();
  feed->nil = IsNil(last);
}

Feed OfExpectation(const v1::ProviderState& state, const Expectation& expectation,
                   int64_t registered_us, const Standing& standing) {
  const ExpectedDeliveries& expected = expectation.pack->expected()[expectation.index];
  const v1::ExpectedFeed& said =
      expectation.pack->pack().expected(static_cast<int>(expectation.index));
  Feed feed;
  feed.kinds = expected.kinds;
  feed.every_days = expected.every_days;
  feed.missed = expected.missed;
  feed.policy_id = expectation.pack->pack().id();
  feed.expected_id = said.id();
  feed.clause = said.clause();
  feed.source = expectation.source;
  feed.named = !feed.source.empty();
  for (const auto& delivery : state.deliveries()) {
    if (feed.named && delivery.source() != expectation.source) continue;
    if (std::find(feed.kinds.begin(), feed.kinds.end(), delivery.kind()) != feed.kinds.end()) {
      TakeLast(delivery, &feed);
    }
  }
  // Nobody owes anything of a service of which nobody has said what it is.
  if (feed.last_us == 0 && registered_us == 0) return feed;
  const int64_t base =
      feed.last_us != 0 ? feed.last_us : std::max(registered_us, expectation.from_us);
  SetDue(std::max(base, standing.open_since_us), expected.grace_days, &feed);
  return feed;
}

Feed OfDelivery(const v1::FeedDelivery& delivery, const Standing& standing) {
  Feed feed;
  feed.kinds = {delivery.kind()};
  TakeLast(delivery, &feed);
  feed.every_days = RhythmOf(delivery);
  feed.learned = feed.every_days > 0;
  if (!feed.learned) return feed;
  feed.missed = kFeedSilenceTolerance;
  SetDue(std::max(feed.last_us, standing.open_since_us), kReturnGraceDays, &feed);
  return feed;
}

std::string KindName(int kind) {
  const KindInfo* info = KindOfNumber(kind);
  return info == nullptr ? std::string() : std::string(info->name);
}

/// Whether a finding is about this feed, whichever of its silences.
bool IsOfFeed(const v1::FeedSilent& silent, const Feed& feed) {
  if (silent.learned() != feed.learned) return false;
  if (!feed.learned) {
    return silent.policy_id() == feed.policy_id && silent.expected_id() == feed.expected_id &&
           (!feed.named || silent.feed_source() == feed.source);
  }
  return silent.feed_source() == feed.source && silent.kind() == KindName(feed.kinds.front());
}

/// A finding does not say whether the policy named its source: of two sources, two feeds.
bool SameFeed(const v1::FeedSilent& a, const v1::FeedSilent& b) {
  return a.learned() == b.learned() && a.policy_id() == b.policy_id() &&
         a.expected_id() == b.expected_id() && a.feed_source() == b.feed_source() &&
         (!a.learned() || a.kind() == b.kind());
}

/// Drops the oldest silences that ended, but never the last one of a feed: what ended it may be
/// taken back.
bool ForgetOld(v1::ProviderRecord* record) {
  auto* silences = record->mutable_silences();
  auto ended = std::count_if(silences->begin(), silences->end(),
                             [](const auto& silence) { return silence.ended_us() != 0; });
  bool forgot = false;
  for (int i = 0; i < silences->size() && ended > kEndedKept;) {
    const v1::Silence& silence = silences->Get(i);
    const bool later = std::any_of(
        silences->begin() + i + 1, silences->end(),
        [&silence](const auto& other) { return SameFeed(other.silent(), silence.silent()); });
    if (silence.ended_us() == 0 || !later) {
      ++i;
      continue;
    }
    silences->DeleteSubrange(i, 1);
    --ended;
    forgot = true;
  }
  return forgot;
}

/// Kinds of reports that carry one of these flags.
void AddKindsOfFlags(uint32_t flags, std::set<int>* kinds) {
  constexpr std::pair<uint32_t, v1::Event::PayloadCase> kFlags[] = {
      {kConcernFeedback, v1::Event::kProviderFeedbackReceived},
      {kConcernFeedback, v1::Event::kStakeholderFeedbackReceived},
      {kConcernContinuingExposure, v1::Event::kIncidentReported},
      {kConcernNeverEvent, v1::Event::kIncidentReported},
      {kConcernOrganisationalAbuse, v1::Event::kSafeguardingConcernRaised},
      {kConcernCurrentAbuseAlleged, v1::Event::kWhistleblowingConcernReceived},
  };
  for (const auto& [flag, kind] : kFlags) {
    if ((flags & flag) != 0) kinds->insert(kind);
  }
}

}  // namespace

std::vector<std::string> SourcesOf(const v1::ExpectedFeed& feed) {
  if (feed.sources().empty()) return {""};
  return {feed.sources().begin(), feed.sources().end()};
}

int64_t RegistrationKnown(const v1::ProviderState& state) {
  int64_t first = 0;
  for (const auto& delivery : state.deliveries()) {
    if (delivery.kind() != v1::Event::kServiceRegistered || delivery.received_us().empty())
      continue;
    const int64_t day = DeliveryDay(delivery.received_us(0));
    first = first == 0 ? day : std::min(first, day);
  }
  return first;
}

std::vector<size_t> ExpectedOf(const CompiledPack& pack, const MeasureContext& context) {
  std::vector<size_t> expected;
  if (pack.expected().empty()) return expected;
  const LeafValues leaves = EvaluateScope(pack, context);
  if (AppliesOver(pack, leaves) != Truth::kTrue) return expected;
  const Holds none;
  const Evaluator evaluator(pack, leaves, none);
  for (size_t i = 0; i < pack.expected().size(); ++i) {
    const int applies = pack.expected()[i].applies;
    if (applies < 0 || evaluator.Value(applies) == Truth::kTrue) expected.push_back(i);
  }
  return expected;
}

std::vector<Feed> FeedsOf(const v1::ProviderState& state, std::span<const Expectation> expected,
                          int64_t as_of_us) {
  std::vector<Feed> feeds;
  const Standing standing = StandingOf(state, as_of_us);
  if (standing.closed) return feeds;
  std::set<std::pair<int, std::string>> by_policy;  // Without a source: of any.
  const int64_t registered_us = expected.empty() ? 0 : RegistrationKnown(state);
  for (const auto& expectation : expected) {
    feeds.push_back(OfExpectation(state, expectation, registered_us, standing));
    for (const int kind : feeds.back().kinds) by_policy.emplace(kind, expectation.source);
  }
  std::vector<Feed> without_rhythm;
  for (const auto& delivery : state.deliveries()) {
    // What a policy says of a kind goes before habit: one silence is one finding.
    if (by_policy.count({delivery.kind(), ""}) > 0 ||
        by_policy.count({delivery.kind(), delivery.source()}) > 0) {
      continue;
    }
    Feed feed = OfDelivery(delivery, standing);
    (feed.learned ? feeds : without_rhythm).push_back(std::move(feed));
  }
  std::move(without_rhythm.begin(), without_rhythm.end(), std::back_inserter(feeds));
  return feeds;
}

int64_t NextSilence(std::span<const Feed> feeds, int64_t after_us) {
  int64_t next = kNever;
  for (const Feed& feed : feeds) {
    if (feed.silent_us > after_us) next = std::min(next, feed.silent_us);
  }
  return next;
}

v1::FeedSilent SilenceOf(const Feed& feed) {
  v1::FeedSilent silent;
  silent.set_feed_source(feed.source);
  silent.set_kind(KindName(feed.kinds.front()));
  if (feed.last_us != 0) SetMicros(feed.last_us, silent.mutable_last_at());
  silent.set_expected_every_days(static_cast<uint32_t>(feed.every_days));
  silent.set_missed(static_cast<uint32_t>(feed.missed));
  silent.set_learned(feed.learned);
  silent.set_policy_id(feed.policy_id);
  silent.set_expected_id(feed.expected_id);
  silent.set_clause(feed.clause);
  SetMicros(feed.silent_us, silent.mutable_since());
  return silent;
}

bool IsAbout(const v1::FeedSilent& silent, const Feed& feed) {
  const int64_t last_us = silent.has_last_at() ? ToMicros(silent.last_at()) : 0;
  return last_us == feed.last_us && IsOfFeed(silent, feed);
}

std::string FeedSilentId(const std::string& stream_id, const v1::FeedSilent& silent) {
  return Sha256Hex(stream_id + "\nsilent\n" + silent.feed_source() + '\n' + silent.kind() + '\n' +
                   silent.policy_id() + '\n' + silent.expected_id() + '\n' +
                   std::to_string(ToMicros(silent.since())))
      .substr(0, 32);
}

bool SettleSilences(std::span<const Feed> feeds, int64_t known_us, v1::ProviderRecord* record) {
  bool changed = false;
  for (auto& silence : *record->mutable_silences()) {
    const bool open = std::any_of(feeds.begin(), feeds.end(), [&](const Feed& feed) {
      // A delivery taken back puts the feed where it was, in its silence.
      return IsAbout(silence.silent(), feed) && feed.silent_us <= known_us;
    });
    if (open == (silence.ended_us() == 0)) continue;
    silence.set_ended_us(open ? 0 : std::max(known_us, silence.since_us()));
    changed = true;
  }
  return ForgetOld(record) || changed;
}

std::vector<int> KindsThatSettle(const Leaf& leaf) {
  std::set<int> kinds;
  const Reads& reads = leaf.measure->reads;
  for (const KindInfo& kind : AllKinds()) {
    if (kind.role != v1::EVENT_ROLE_FACT) continue;
    const auto& families = leaf.arguments.families;
    const bool heard = RaisesConcern(kind) &&
                       std::find(families.begin(), families.end(), kind.family) != families.end();
    if (heard || reads.facts.test(static_cast<size_t>(kind.number))) kinds.insert(kind.number);
  }
  AddKindsOfFlags(reads.flags, &kinds);
  for (const auto number : leaf.measure->settled_by) kinds.insert(number);
  if (leaf.measure->values_are_kinds) {
    for (const auto& value : leaf.arguments.values) kinds.insert(KindOfName(value)->number);
  }
  return {kinds.begin(), kinds.end()};
}

std::vector<Unsettled> UnsettledOf(const CompiledPack& pack, const MeasureContext& context) {
  MeasureContext values = context;
  values.detail = Detail::kValue;
  LeafValues leaves = EvaluateScope(pack, values);
  EvaluateRest(pack, values, AssessScope::kWhole, &leaves);
  const Holds none;
  const Evaluator evaluator(pack, leaves, none);
  std::vector<Unsettled> unsettled;
  for (int i = 0; i < pack.pack().criteria_size(); ++i) {
    if (evaluator.CriterionValue(i) != Truth::kUnknown) continue;
    const int node = pack.criterion_nodes()[static_cast<size_t>(i)];
    for (size_t leaf = 0; leaf < pack.leaves().size(); ++leaf) {
      if (leaves[leaf] != Truth::kUnknown || !pack.Reads(node, static_cast<int>(leaf))) continue;
      std::vector<int> kinds = KindsThatSettle(pack.leaves()[leaf]);
      if (!kinds.empty()) {
        unsettled.push_back({.criterion = pack.pack().criteria(i).id(), .kinds = std::move(kinds)});
      }
    }
  }
  return unsettled;
}

std::string KindWords(std::string_view kind) {
  std::string words(kind);
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

std::string FeedGap(const v1::ProviderState& state, const v1::ProviderRecord& record,
                    std::span<const int> kinds) {
  if (kinds.empty()) return "";
  const auto among = [kinds](int kind) {
    return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
  };
  std::string silent;
  for (const auto& silence : record.silences()) {
    const KindInfo* kind = KindOfName(silence.silent().kind());
    if (silence.ended_us() != 0 || kind == nullptr || !among(kind->number)) continue;
    silent += (silent.empty() ? "" : ", ") + KindWords(kind->name) + kSilentSince +
              FormatDate(LondonDate(ToMicros(silence.silent().since())));
  }
  if (!silent.empty()) return "feed silent: " + silent;
  const bool delivered =
      std::any_of(state.deliveries().begin(), state.deliveries().end(),
                  [&among](const auto& delivery) { return among(delivery.kind()); });
  return delivered ? "" : "no feed";
}

}  // namespace trigpoint
