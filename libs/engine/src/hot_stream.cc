// What is kept of a stream in memory beside its state, and how measures see it.
#include <algorithm>
#include <utility>

#include "trigpoint/domain/feeds.h"
#include "trigpoint/domain/record.h"
#include "trigpoint/engine/stream_step.h"

namespace trigpoint {

MeasureContext ContextFor(
    const v1::ProviderState& state, const v1::ProviderRecord& record, const CompiledPack& pack,
    std::span<const std::shared_ptr<const v1::PeerBaselinePublished>> baselines, int64_t as_of_us,
    std::shared_ptr<MeasureCache> cache) {
  const auto* policy = FindPolicyRecord(record, pack.pack().id());
  return MeasureContext{
      .state = state,
      .record = record,
      .baselines = baselines,
      .policy_id = pack.pack().id(),
      .decided_state =
          policy == nullptr ? pack.LowestState() : DecidedState(*policy, pack.pack().authority()),
      .as_of_us = as_of_us,
      .cache = cache != nullptr ? std::move(cache) : std::make_shared<MeasureCache>()};
}

void HotStream::DropChain() {
  chain.clear();
  expected.reset();
  next_timer_us.reset();
}

const InForce& HotStream::InForceAt(const Controls& controls, int64_t as_of_us) {
  const int known = controls.state().controls_size();
  if (known != controls_seen) Changed();
  controls_seen = known;
  if (in_force == nullptr || as_of_us < in_force->from_us || as_of_us >= in_force->until_us) {
    in_force = controls.At(state, as_of_us);
  }
  return *in_force;
}

std::vector<Feed> FeedsOfService(const v1::ProviderState& state, const v1::ProviderRecord& record,
                                 const InForce& in_force, int64_t as_of_us,
                                 const std::shared_ptr<MeasureCache>& cache) {
  std::vector<Expectation> expected;
  const CompiledPack* pack = nullptr;
  std::vector<size_t> applying;
  for (const auto& expectation : in_force.expected) {
    if (expectation.pack.get() != pack) {  // Those of a pack stand together.
      pack = expectation.pack.get();
      applying =
          ExpectedOf(*pack, ContextFor(state, record, *pack, in_force.baselines, as_of_us, cache));
    }
    if (std::find(applying.begin(), applying.end(), expectation.index) != applying.end())
      expected.push_back(expectation);
  }
  return FeedsOf(state, expected, as_of_us);
}

std::span<const Feed> HotStream::FeedsAt(const Controls& controls, int64_t as_of_us) {
  InForceAt(controls, as_of_us);
  // They follow from few facts, and this is asked with each event, of one instant more than once.
  const bool same_question = feeds_revision == state.revision() && feeds_as_of_us == as_of_us;
  if ((feeds_last || same_question) && feeds_in_force == in_force) return feeds;
  feeds = FeedsOfService(state, Expected(), *in_force, as_of_us, CacheFor(as_of_us));
  feeds_in_force = in_force;
  feeds_as_of_us = as_of_us;
  feeds_revision = state.revision();
  feeds_last = StandingOf(state, as_of_us).lasting &&
               std::all_of(in_force->expected.begin(), in_force->expected.end(),
                           [](const auto& e) { return e.pack->ScopeFollowsService(); });
  return feeds;
}

std::shared_ptr<MeasureCache> HotStream::CacheFor(int64_t as_of_us) {
  if (cache == nullptr) cache = std::make_shared<MeasureCache>();
  cache->memo = memo;
  if (as_of_us != cache_as_of_us) cache->rating.reset();
  cache_as_of_us = as_of_us;
  return cache;
}

}  // namespace trigpoint
