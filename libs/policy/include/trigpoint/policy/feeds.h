#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "trigpoint/policy/instants.h"
#include "trigpoint/policy/measure.h"
#include "trigpoint/policy/pack.h"

namespace trigpoint {

/// `feed_silence_tolerance` (domain.md 3.1): so many expected deliveries missed of a learned feed
/// are silence; one late file is noise.
inline constexpr int kFeedSilenceTolerance = 2;
/// `return_grace_days` (domain.md 3.10 ruling 11), of learned feeds.
inline constexpr int kReturnGraceDays = 7;

/// An ExpectedFeed of a policy that applies to the service, of one source where it names sources.
struct Expectation {
  std::shared_ptr<const CompiledPack> pack;
  size_t index = 0;         ///< In pack->expected().
  int64_t from_us = 0;      ///< Since when the policy, in whichever version, has expected it.
  std::string source = {};  ///< Of ExpectedFeed.sources; empty: any.
};

/// Who owes deliveries of their own; one entry, empty, where any source will do.
std::vector<std::string> SourcesOf(const v1::ExpectedFeed& feed);

/// What must come about a service, or used to come, and until when it may take.
struct Feed {
  std::vector<int> kinds;   ///< Payload field numbers; any of them is a delivery.
  std::string source;       ///< Who owes it, else who delivered last; empty: nobody ever did.
  bool named = false;       ///< The policy names the source: what others deliver does not count.
  int64_t last_us = 0;      ///< Start of the UTC day of the last delivery; 0: never.
  bool nil = false;         ///< The last word was that there is nothing.
  int every_days = 0;       ///< 0: nobody expects it.
  int missed = 0;           ///< So many deliveries missed in a row are silence.
  bool learned = false;     ///< Expected because it used to come.
  std::string policy_id;    ///< Of a policy's expectation.
  std::string expected_id;  ///< ExpectedFeed.id.
  std::string clause;
  int64_t due_us = kNever;     ///< When the next delivery is overdue.
  int64_t silent_us = kNever;  ///< When it is silent, if nothing comes before.
};

/// Which entries of `pack.expected()` apply to the service: TRUE only, so that nobody is chased
/// whose policy is not known.
std::vector<size_t> ExpectedOf(const CompiledPack& pack, const MeasureContext& context);

/// Every feed of the service: those that policies expect, then what used to come and no policy
/// expects, then what came without a rhythm. None where the service no longer runs.
///
/// A delivery is due `every_days` after the last one, with a grace; without any, that long after
/// the registration became known or the policy began to expect it, whichever is later: a new node,
/// service or policy cries no wolf. It falls silent at the midnight in London that ends the day on
/// which the last of `missed` deliveries was due, with its grace.
std::vector<Feed> FeedsOf(const v1::ProviderState& state, std::span<const Expectation> expected,
                          int64_t as_of_us);

/// The earliest instant after `after_us` at which a feed falls silent; kNever when none.
int64_t NextSilence(std::span<const Feed> feeds, int64_t after_us);

/// The finding that a feed is silent, without its cause.
v1::FeedSilent SilenceOf(const Feed& feed);
/// Whether a finding is about this silence of the feed.
bool IsAbout(const v1::FeedSilent& silent, const Feed& feed);
/// Id of the event that says so: it follows from the silence alone, so it is said once.
std::string FeedSilentId(const std::string& stream_id, const v1::FeedSilent& silent);

/// Which of the silences are over, or not after all, now that the feeds are as given: one is over
/// when something came, or nothing is expected any more, and open again when what came was taken
/// back. Those that ended are kept while they are few, the last of each feed always. Returns
/// whether anything changed.
bool SettleSilences(std::span<const Feed> feeds, int64_t known_us, v1::ProviderRecord* record);

/// Before each day in the words of FeedGap.
inline constexpr char kSilentSince[] = " since ";

/// Kinds of facts that would settle a measure that is UNKNOWN; sorted.
std::vector<int> KindsThatSettle(const Leaf& leaf);
/// A criterion that is UNKNOWN, and kinds of facts of which one would settle a measure of it.
struct Unsettled {
  std::string criterion;
  std::vector<int> kinds;
};
/// What of a pack is UNKNOWN, in the order of the pack; a criterion as often as measures of it are.
std::vector<Unsettled> UnsettledOf(const CompiledPack& pack, const MeasureContext& context);
/// "no feed" or "feed silent: incident reported since 2026-03-01" of these kinds; empty: they come.
std::string FeedGap(const v1::ProviderState& state, const v1::ProviderRecord& record,
                    std::span<const int> kinds);
/// "monitoring return received".
std::string KindWords(std::string_view kind);

}  // namespace trigpoint
