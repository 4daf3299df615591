// What clusters are: a function of the set of reports and findings, at most one report of each
// source, every member of which matches every other; and people's word before any rule.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "trigpoint/base/time.h"
#include "trigpoint/domain/clusters.h"
#include "trigpoint/domain/concern.h"
#include "trigpoint/domain/evolve.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

constexpr int64_t kStart = 20'000 * kMicrosPerDay + kMicrosPerDay / 2;

v1::Event Incident(const std::string& source, const std::string& id, int64_t day,
                   const std::vector<v1::Theme>& themes) {
  v1::Event event;
  event.set_source(source);
  event.set_id(id);
  event.set_source_version(1);
  SetMicros(kStart + day * kMicrosPerDay, event.mutable_occurred_at());
  for (const auto theme : themes) event.add_themes(theme);
  event.mutable_incident_reported()->set_physical_harm(v1::HARM_LOW);
  return event;
}

const std::vector<v1::Theme> kRare = {v1::THEME_ABUSE, v1::THEME_CONSENT_RESTRAINT};

v1::Event Confirmed(const std::string& id, int64_t day, const std::vector<v1::Event>& reports) {
  v1::Event event;
  event.set_source("people");
  event.set_id(id);
  event.set_source_version(1);
  SetMicros(kStart + day * kMicrosPerDay, event.mutable_occurred_at());
  for (const auto& report : reports) {
    auto* ref = event.mutable_cluster_confirmed()->add_reports();
    ref->set_source(report.source());
    ref->set_id(report.id());
  }
  return event;
}

v1::Event Split(const std::string& id, int64_t day, const std::vector<v1::Event>& reports) {
  v1::Event event = Confirmed(id, day, reports);
  const auto refs = event.cluster_confirmed().reports();
  *event.mutable_cluster_split()->mutable_reports() = refs;
  return event;
}

v1::ProviderState Fold(const std::vector<v1::Event>& events) {
  v1::ProviderState state;
  for (const auto& event : events) EvolveFacts(event, kStart + 100 * kMicrosPerDay, &state);
  return state;
}

/// Ids of the reports of each cluster.
std::set<std::set<std::string>> Clusters(const ClusterView& view) {
  std::map<int, std::set<std::string>> by_cluster;
  for (const auto& item : view.In(INT64_MIN, INT64_MAX)) {
    by_cluster[item.cluster].insert(item.report->source() + "/" + item.report->id());
  }
  std::set<std::set<std::string>> clusters;
  for (const auto& [number, ids] : by_cluster) clusters.insert(ids);
  return clusters;
}

std::set<std::set<std::string>> ClustersOf(const std::vector<v1::Event>& events) {
  const v1::ProviderState state = Fold(events);
  return Clusters(ClusterView(state));
}

using Sets = std::set<std::set<std::string>>;

/// Any reports and findings within a month, by few sources about few themes.
std::vector<v1::Event> Draw(uint64_t seed) {
  std::mt19937_64 engine(seed);
  const auto below = [&engine](uint64_t n) { return static_cast<int64_t>(engine() % n); };
  std::vector<v1::Event> events;
  for (int i = 0; i < 14; ++i) {
    std::vector<v1::Theme> themes;
    for (int n = 0; n < 3; ++n) themes.push_back(static_cast<v1::Theme>(1 + below(5)));
    v1::Event event = Incident(std::string(1, static_cast<char>('a' + below(5))), std::to_string(i),
                               below(12), themes);
    if (below(4) == 0) event.set_incident_key("K" + std::to_string(below(2)));
    if (below(3) == 0) event.mutable_incident_reported()->set_ward("Oak");
    if (below(6) == 0) event.set_sensitivity(v1::SENSITIVITY_C4_SPECIAL_CATEGORY);
    events.push_back(std::move(event));
  }
  for (int i = 0; i < 3; ++i) {
    const std::vector<v1::Event> some = {events[static_cast<size_t>(below(14))],
                                         events[static_cast<size_t>(below(14))]};
    events.push_back(below(2) == 0 ? Split("d" + std::to_string(i), below(3), some)
                                   : Confirmed("d" + std::to_string(i), below(3), some));
  }
  return events;
}

class ClusterLaws : public testing::TestWithParam<uint64_t> {};

// design 6: depends on the set of reports, not their order
TEST_P(ClusterLaws, TheOrderOfArrivalNeverShows) {
  std::vector<v1::Event> events = Draw(GetParam());
  const auto expected = ClustersOf(events);
  std::mt19937_64 engine(GetParam());
  for (int round = 0; round < 6; ++round) {
    std::shuffle(events.begin(), events.end(), engine);
    EXPECT_EQ(ClustersOf(events), expected);
  }
}

// design 6: at most one report per source system
TEST_P(ClusterLaws, AClusterHoldsAtMostOneReportOfASource) {
  const v1::ProviderState state = Fold(Draw(GetParam()));
  const ClusterView view(state);
  std::set<std::pair<int, std::string>> seen;
  for (const auto& item : view.In(INT64_MIN, INT64_MAX)) {
    EXPECT_TRUE(seen.emplace(item.cluster, item.report->source()).second);
  }
}

TEST_P(ClusterLaws, AViewThatGrowsIsWhatItWouldBeMadeAnew) {
  const v1::ProviderState whole = Fold(Draw(GetParam()));
  v1::ProviderState part;
  *part.mutable_facts() = whole.facts();
  part.mutable_concerns()->Reserve(whole.concerns_size());
  ClusterView grown(part);
  const std::array families = {v1::SOURCE_FAMILY_INCIDENT};
  for (const auto& concern : whole.concerns()) {
    *part.add_concerns() = concern;
    grown.Add(part.concerns(part.concerns_size() - 1));
    const ClusterView anew(part);
    ASSERT_EQ(Clusters(grown), Clusters(anew));
    const auto at = concern.occurred_us();
    EXPECT_EQ(grown.Count(at - 4 * kMicrosPerDay, at, families),
              anew.Count(at - 4 * kMicrosPerDay, at, families));
    EXPECT_EQ(grown.open_pairs(), anew.open_pairs());
  }
}

TEST_P(ClusterLaws, TheCountIsTheNumberOfClustersThatReachIntoTheWindow) {
  const v1::ProviderState state = Fold(Draw(GetParam()));
  const ClusterView view(state);
  const std::array families = {v1::SOURCE_FAMILY_INCIDENT};
  for (int64_t day = 0; day < 12; ++day) {
    const int64_t to = kStart + day * kMicrosPerDay;
    std::set<int> clusters;
    for (const auto& item : view.In(to - 3 * kMicrosPerDay, to)) clusters.insert(item.cluster);
    EXPECT_EQ(view.Count(to - 3 * kMicrosPerDay, to, families), clusters.size());
  }
}

using Pairs = std::set<std::set<std::string>>;

/// The pairs that wait for a person.
Pairs OpenPairsOf(const v1::ProviderState& state) {
  Pairs pairs;
  for (const auto& pair : ClusterView::OpenPairs(state)) {
    EXPECT_TRUE(pair.match.probable);
    pairs.insert({pair.earlier->source() + "/" + pair.earlier->id(),
                  pair.later->source() + "/" + pair.later->id()});
  }
  return pairs;
}

// 3.8 (3): "human confirm"
TEST_P(ClusterLaws, WhatWaitsForAPersonIsEveryPairThatIsNotOneForCertain) {
  const v1::ProviderState state = Fold(Draw(GetParam()));
  const ClusterView view(state);
  Pairs expected;
  const auto items = view.In(INT64_MIN, INT64_MAX);
  for (size_t b = 0; b < items.size(); ++b) {
    for (size_t a = 0; a < b; ++a) {
      if (items[a].cluster != items[b].cluster || items[a].certain == items[b].certain) continue;
      expected.insert({items[a].report->source() + "/" + items[a].report->id(),
                       items[b].report->source() + "/" + items[b].report->id()});
    }
  }
  EXPECT_EQ(OpenPairsOf(state), expected);
  EXPECT_EQ(view.open_pairs(), expected.size());
}

/// Whether the rule links two reports of a state, worked out the long way.
bool RuleLinks(const v1::ProviderState& state, int earlier, int later) {
  ValueCounts values;
  std::map<std::string, int64_t> nearby;
  int64_t first = state.concerns(later).occurred_us();
  int64_t most = 1;
  for (int i = 0; i <= later; ++i) {
    const v1::Concern& report = state.concerns(i);
    first = std::min(first, report.occurred_us());
    if (!MayBeMatched(report)) continue;
    if (i < later) values.Add(report);
    if (state.concerns(later).occurred_us() - report.occurred_us() <= 3 * kMicrosPerDay) {
      most = std::max(most, ++nearby[report.source()]);
    }
  }
  return MatchReports(state.concerns(earlier), state.concerns(later),
                      {.values = values, .days = 30, .nearby = most - 1})
      .probable;
}

// design 6: every member matches every other (no chaining)
TEST_P(ClusterLaws, EveryMemberMatchesEveryOther) {
  const v1::ProviderState state = Fold(Draw(GetParam()));
  const ClusterView view(state);
  const ClusterDecisions decisions(state);
  const auto items = view.In(INT64_MIN, INT64_MAX);
  ASSERT_EQ(items.size(), static_cast<size_t>(state.concerns_size()));
  for (int b = 0; b < state.concerns_size(); ++b) {
    for (int a = 0; a < b; ++a) {
      if (items[static_cast<size_t>(a)].cluster != items[static_cast<size_t>(b)].cluster) continue;
      const v1::Concern& one = state.concerns(a);
      const v1::Concern& other = state.concerns(b);
      const auto said = decisions.Between(one, other);
      EXPECT_NE(said, ClusterDecisions::Verdict::kApart);
      const bool keyed = !one.incident_key().empty() && one.incident_key() == other.incident_key();
      EXPECT_TRUE(said == ClusterDecisions::Verdict::kOne || keyed || RuleLinks(state, a, b));
      if (((one.flags() | other.flags()) & kConcernApart) != 0) {
        EXPECT_EQ(said, ClusterDecisions::Verdict::kOne);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, ClusterLaws, testing::Range<uint64_t>(1, 41));

TEST(ClusterLaws, DoNotChainFromOneDayToTheNext) {
  const auto a = Incident("a", "1", 0, kRare);
  const auto b = Incident("b", "1", 2, kRare);
  const auto c = Incident("c", "1", 4, kRare);
  EXPECT_EQ(ClustersOf({a, b, c}), (Sets{{"a/1", "b/1"}, {"c/1"}}));
  EXPECT_EQ(ClustersOf({c, b}), (Sets{{"b/1", "c/1"}}));
}

TEST(ClusterLaws, ALateReportAndACorrectionMoveWhatTheyTouch) {
  const auto b = Incident("b", "1", 2, kRare);
  const auto c = Incident("c", "1", 4, kRare);
  const auto late = Incident("a", "1", 0, kRare);
  EXPECT_EQ(ClustersOf({b, c, late}), (Sets{{"a/1", "b/1"}, {"c/1"}}));
  auto corrected = Incident("a", "1", 0, {v1::THEME_MEDICINES});
  corrected.set_source_version(2);
  EXPECT_EQ(ClustersOf({b, c, late, corrected}), (Sets{{"a/1"}, {"b/1", "c/1"}}));
}

// 3.8 (2)
TEST(ClusterLaws, AKeyDrivesOutWhatIsThereByRuleAndDoesNotMatch) {
  auto a = Incident("a", "1", 0, kRare);
  const auto b = Incident("b", "1", 1, kRare);
  auto c = Incident("c", "1", 9, {v1::THEME_FALLS});
  EXPECT_EQ(ClustersOf({a, b, c}), (Sets{{"a/1", "b/1"}, {"c/1"}}));
  a.set_incident_key("K");
  c.set_incident_key("K");
  EXPECT_EQ(ClustersOf({a, b, c}), (Sets{{"a/1", "c/1"}, {"b/1"}}));
}

// 3.8 (4)
TEST(ClusterLaws, APersonSplitsWhatARuleOrAKeyPutTogether) {
  auto a = Incident("a", "1", 0, kRare);
  auto b = Incident("b", "1", 0, kRare);
  const Sets one = {{"a/1", "b/1"}};
  const Sets two = {{"a/1"}, {"b/1"}};
  EXPECT_EQ(ClustersOf({a, b}), one);
  EXPECT_EQ(ClustersOf({a, b, Split("s", 5, {a, b})}), two);
  a.set_incident_key("K");
  b.set_incident_key("K");
  EXPECT_EQ(ClustersOf({a, b}), one);
  EXPECT_EQ(ClustersOf({a, b, Split("s", 5, {a, b})}), two);
}

// 3.8 (3), (4)
TEST(ClusterLaws, APairWaitsUntilAPersonConfirmsOrSplitsIt) {
  const auto a = Incident("a", "1", 1, kRare);
  const auto b = Incident("b", "2", 1, kRare);
  EXPECT_EQ(OpenPairsOf(Fold({a, b})), (Pairs{{"a/1", "b/2"}}));
  EXPECT_EQ(OpenPairsOf(Fold({a, b, Confirmed("d", 2, {a, b})})), Pairs{});
  EXPECT_EQ(OpenPairsOf(Fold({a, b, Split("d", 2, {a, b})})), Pairs{});
  auto keyed = a;
  auto like = b;
  keyed.set_incident_key("K");
  like.set_incident_key("K");
  EXPECT_EQ(OpenPairsOf(Fold({keyed, like})), Pairs{}) << "certain by its key";
}

// 3.8 (3)
TEST(ClusterLaws, APersonConfirmsWhatNoRuleWouldLink) {
  const auto a = Incident("a", "1", 0, {v1::THEME_FALLS});
  const auto b = Incident("b", "1", 20, {v1::THEME_MEDICINES});
  EXPECT_EQ(ClustersOf({a, b}), (Sets{{"a/1"}, {"b/1"}}));
  const v1::ProviderState state = Fold({Confirmed("c", 30, {a, b}), a, b});
  const ClusterView view(state);
  EXPECT_EQ(Clusters(view), (Sets{{"a/1", "b/1"}}));
  EXPECT_EQ(view.In(INT64_MIN, INT64_MAX)[0].certain, view.In(INT64_MIN, INT64_MAX)[1].certain);
}

TEST(ClusterLaws, TheLaterFindingHolds) {
  const auto a = Incident("a", "1", 0, kRare);
  const auto b = Incident("b", "1", 0, kRare);
  const auto split = Split("s", 5, {a, b});
  EXPECT_EQ(ClustersOf({a, b, split, Confirmed("c", 6, {a, b})}), (Sets{{"a/1", "b/1"}}));
  EXPECT_EQ(ClustersOf({a, b, split, Confirmed("c", 4, {a, b})}), (Sets{{"a/1"}, {"b/1"}}));
  EXPECT_EQ(ClustersOf({a, b, split, Confirmed("c", 5, {a, b})}), (Sets{{"a/1"}, {"b/1"}}));
}

TEST(ClusterLaws, AFindingThatIsTakenBackIsAsIfItHadNotBeenMade) {
  const auto a = Incident("a", "1", 0, kRare);
  const auto b = Incident("b", "1", 0, kRare);
  auto back = Split("s", 5, {a, b});
  back.set_source_version(2);
  back.mutable_event_retracted();
  EXPECT_EQ(ClustersOf({a, b, Split("s", 5, {a, b}), back}), (Sets{{"a/1", "b/1"}}));
}

TEST(ClusterLaws, EvenAPersonCannotPutTwoReportsOfOneSourceTogether) {
  const auto a = Incident("a", "1", 0, kRare);
  const auto b = Incident("a", "2", 0, kRare);
  EXPECT_EQ(ClustersOf({a, b, Confirmed("c", 5, {a, b})}), (Sets{{"a/1"}, {"a/2"}}));
}

// 3.8 (3): never across C4 and C5
TEST(ClusterLaws, AProtectedSourceIsNotPutWithAnotherByKey) {
  auto a = Incident("a", "1", 0, kRare);
  auto b = Incident("b", "1", 0, kRare);
  a.set_incident_key("K");
  b.set_incident_key("K");
  ASSERT_EQ(ClustersOf({a, b}), (Sets{{"a/1", "b/1"}}));
  b.set_sensitivity(v1::SENSITIVITY_C5_PROTECTED_SOURCE);
  EXPECT_EQ(ClustersOf({a, b}), (Sets{{"a/1"}, {"b/1"}}));
}

// 3.10 ruling 5
TEST(ClusterLaws, WhatIsProbableIsOneToCountAndTwoForCertain) {
  const v1::ProviderState state =
      Fold({Incident("a", "1", 0, kRare), Incident("b", "1", 0, kRare)});
  const ClusterView view(state);
  const auto items = view.In(INT64_MIN, INT64_MAX);
  EXPECT_EQ(items[0].cluster, items[1].cluster);
  EXPECT_NE(items[0].certain, items[1].certain);
  EXPECT_EQ(items[1].reasons, kMatchThemes | kMatchHarm | kMatchSameDay);
}

}  // namespace
}  // namespace trigpoint
