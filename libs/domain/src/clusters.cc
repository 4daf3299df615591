#include "trigpoint/domain/clusters.h"

#include <algorithm>
#include <utility>

#include "trigpoint/base/time.h"
#include "trigpoint/domain/concern.h"

namespace trigpoint {
namespace {

/// Reports within this of another may be few enough days apart to be of one incident.
constexpr int64_t kNearUs = (kDuplicateDaysApart + 1) * kMicrosPerDay;
constexpr int64_t kRarityDays = 365;
constexpr int64_t kRarityDaysMin = 30;  // A shorter history is read as of so many days.

}  // namespace

std::string ClusterKeyOf(const std::string& incident_key, const std::string& source,
                         const std::string& id) {
  return incident_key.empty() ? "e:" + source + "/" + id : "k:" + incident_key;
}

ClusterView::ClusterView(const v1::ProviderState& state) : ClusterView(ClusterDecisions(state)) {
  items_.reserve(static_cast<size_t>(state.concerns_size()));
  for (const auto& concern : state.concerns()) Add(concern);
}

std::vector<ClusterView::OpenPair> ClusterView::OpenPairs(const v1::ProviderState& state) {
  struct Found {
    int earlier;
    int later;
    Match match;
  };
  ClusterView view{ClusterDecisions(state)};
  std::vector<Found> found;
  for (const auto& concern : state.concerns()) {
    const size_t before = view.items_.size();
    view.Add(concern);
    if (view.items_.size() == before) continue;
    const int item = static_cast<int>(before);
    for (const int member : view.With(item)) {
      if (view.At(member).certain != view.At(item).certain)
        found.push_back({member, item, view.MatchAt(member, item)});
    }
  }
  std::vector<OpenPair> pairs;
  for (const auto& [earlier, later, match] : found) {
    // What came later may have driven one of them out.
    if (view.At(earlier).cluster == view.At(later).cluster)
      pairs.push_back({view.At(earlier).report, view.At(later).report, match});
  }
  return pairs;
}

std::vector<int64_t>& ClusterView::TimesOf(v1::SourceFamily family) {
  for (Times& times : alone_) {
    if (times.family == family) return times.occurred_us;
  }
  return alone_.emplace_back(Times{.family = family, .occurred_us = {}}).occurred_us;
}

void ClusterView::Add(const v1::Concern& concern) {
  flags_ |= concern.flags();
  worst_harm_ = std::max(worst_harm_, concern.harm());
  Item item{.report = &concern, .occurred_us = concern.occurred_us(), .family = concern.family()};
  for (const int theme : concern.themes()) item.themes |= ThemeBit(theme);
  if ((concern.flags() & kConcernFeedback) != 0) feedback_.push_back(item);
  if (!Counts(concern)) return;
  const int index = static_cast<int>(items_.size());
  item.certain = index;
  items_.push_back(item);
  const bool named = decisions_.Name(concern);
  const bool keyed = !concern.incident_key().empty() && (concern.flags() & kConcernApart) == 0;
  if (!((named || keyed) && JoinForCertain(index)) && !JoinByRule(index)) StandAlone(index);
  if (named) named_.push_back(index);
  if (keyed) of_key_[concern.incident_key()].push_back(index);
}

void ClusterView::StandAlone(int item) {
  Item& alone = At(item);
  alone.cluster = next_cluster_++;
  TimesOf(alone.family).push_back(alone.occurred_us);
}

std::vector<int> ClusterView::With(int item) const {
  if (At(item).alone) return {item};
  return members_.at(At(item).cluster);
}

/// Takes note that an item is not alone in its cluster.
void ClusterView::Share(int item) {
  At(item).alone = false;
  shared_.insert(std::upper_bound(shared_.begin(), shared_.end(), item), item);
  members_[At(item).cluster].push_back(item);
}

/// Puts the latest item into the cluster of an earlier one.
void ClusterView::Join(int item, int earlier) {
  if (At(earlier).alone) {
    auto& times = TimesOf(At(earlier).family);
    times.erase(std::lower_bound(times.begin(), times.end(), At(earlier).occurred_us));
    Share(earlier);
  }
  At(item).cluster = At(earlier).cluster;
  Share(item);
  for (const int member : members_[At(item).cluster])
    open_pairs_ += At(member).certain == At(item).certain ? 0U : 1U;
}

/// Takes what is tied for certain among themselves out of a cluster of others, into one of its own.
void ClusterView::DriveOut(int certain, int cluster) {
  const int apart = next_cluster_++;
  auto& members = members_[cluster];
  auto& driven = members_[apart];
  for (const int member : members) {
    if (At(member).certain == certain) driven.push_back(member);
  }
  open_pairs_ -= driven.size() * (members.size() - driven.size());
  for (const int member : driven) {
    members.erase(std::find(members.begin(), members.end(), member));
    At(member).cluster = apart;
    At(member).reasons = 0;
  }
  const bool one_incident =
      std::all_of(members.begin(), members.end(), [this, &members](const int member) {
        return At(member).certain == At(members.front()).certain;
      });
  for (const int member : members) {
    if (one_incident) At(member).reasons = 0;
  }
}

bool ClusterView::TiedForCertain(const v1::Concern& a, const v1::Concern& b) const {
  switch (decisions_.Between(a, b)) {
    case ClusterDecisions::Verdict::kOne:
      return true;
    case ClusterDecisions::Verdict::kApart:
      return false;
    case ClusterDecisions::Verdict::kNone:
      break;
  }
  // A report of a protected source is put with another by nothing but a person's word (3.8 (3)).
  return !a.incident_key().empty() && a.incident_key() == b.incident_key() &&
         ((a.flags() | b.flags()) & kConcernApart) == 0;
}

/// Earlier items that the item is tied to for certain: first what people said.
std::vector<int> ClusterView::CertainTies(int item) const {
  const v1::Concern& report = *At(item).report;
  std::vector<int> ties;
  for (const int earlier : named_) {
    if (decisions_.Between(*At(earlier).report, report) == ClusterDecisions::Verdict::kOne) {
      ties.push_back(earlier);
    }
  }
  const auto keyed = of_key_.find(report.incident_key());
  if (keyed == of_key_.end()) return ties;
  for (const int earlier : keyed->second) {
    if (TiedForCertain(*At(earlier).report, report)) ties.push_back(earlier);
  }
  return ties;
}

bool ClusterView::JoinForCertain(int item) {
  for (const int tie : CertainTies(item)) {
    if (JoinBy(tie, item)) return true;
  }
  return false;
}

/// Whether two reports can be in one cluster.
bool ClusterView::Agree(int earlier, int item) {
  const v1::Concern& a = *At(earlier).report;
  const v1::Concern& b = *At(item).report;
  if (a.source() == b.source()) return false;
  return TiedForCertain(a, b) || MatchAt(earlier, item).probable;
}

bool ClusterView::JoinBy(int tie, int item) {
  const int certain = At(tie).certain;
  std::vector<int> others;
  for (const int member : With(tie)) {
    if (Agree(member, item)) continue;
    if (At(member).certain == certain) return false;
    if (std::find(others.begin(), others.end(), At(member).certain) == others.end()) {
      others.push_back(At(member).certain);
    }
  }
  for (const int other : others) DriveOut(other, At(tie).cluster);
  At(item).certain = certain;
  Join(item, tie);
  return true;
}

bool ClusterView::JoinByRule(int item) {
  if (!MayBeMatched(*At(item).report)) return false;
  std::optional<Place> best;
  int beside = -1;
  for (int earlier = item - 1; earlier >= 0; --earlier) {
    const Item& near = At(earlier);
    if (At(item).occurred_us - near.occurred_us > kNearUs) break;
    const bool never_event = At(item).report->never_event() != v1::NEVER_EVENT_TYPE_UNSPECIFIED;
    if ((near.themes & At(item).themes) == 0 && !never_event) continue;
    if (!HaveSubstance(*near.report, *At(item).report)) continue;
    const auto place = PlaceBeside(earlier, item);
    if (!place.has_value()) continue;
    // Of equals the earliest: going back, the later found.
    if (!best.has_value() || place->score >= best->score) {
      best = place;
      beside = earlier;
    }
  }
  if (!best.has_value()) return false;
  At(item).reasons = best->reasons;
  Join(item, beside);
  return true;
}

/// The cluster of an earlier item, if the item matches every report in it.
std::optional<ClusterView::Place> ClusterView::PlaceBeside(int earlier, int item) {
  std::optional<Place> place;
  for (const int member : With(earlier)) {
    const v1::Concern& report = *At(member).report;
    if (decisions_.Between(report, *At(item).report) == ClusterDecisions::Verdict::kApart) {
      return std::nullopt;
    }
    const Match match = MatchAt(member, item);
    if (!match.probable) return std::nullopt;
    if (!place.has_value()) {
      place = Place{.score = match.score, .reasons = match.reasons};
    } else {
      place->score = std::min(place->score, match.score);
      place->reasons &= match.reasons;
    }
  }
  return place;
}

/// The rule's word on two reports, as rare as their values were in the year before the later one:
/// what comes later changes nothing, so a view that grows is what it would be if made anew.
Match ClusterView::MatchAt(int earlier, int item) {
  const v1::Concern& a = *At(earlier).report;
  const v1::Concern& b = *At(item).report;
  if (!HaveSubstance(a, b)) return {};
  if (surroundings_ == nullptr) surroundings_ = std::make_unique<Surroundings>();
  Surroundings& around = *surroundings_;
  const auto index = static_cast<size_t>(item);
  const int64_t from_us = At(item).occurred_us - kRarityDays * kMicrosPerDay;
  for (; around.to < index; ++around.to) {
    if (MayBeMatched(*items_[around.to].report)) around.values.Add(*items_[around.to].report);
  }
  for (; around.from < around.to && items_[around.from].occurred_us <= from_us; ++around.from) {
    if (MayBeMatched(*items_[around.from].report)) {
      around.values.Remove(*items_[around.from].report);
    }
  }
  const int64_t known_days =
      (At(item).occurred_us - items_[around.from].occurred_us) / kMicrosPerDay + 1;
  return MatchReports(a, b,
                      {.values = around.values,
                       .days = std::clamp(known_days, kRarityDaysMin, kRarityDays),
                       .nearby = NearbyAt(index)});
}

/// Incidents that are known to lie near an item beside its own: one source reports an incident
/// once, so there were at least as many as the busiest source has reports.
int64_t ClusterView::NearbyAt(size_t item) {
  Surroundings& around = *surroundings_;
  if (around.nearby_of == item && around.nearby >= 0) return around.nearby;
  std::vector<std::pair<const std::string*, int64_t>> by_source;
  int64_t most = 1;
  for (size_t i = item + 1; i-- > 0;) {
    if (items_[item].occurred_us - items_[i].occurred_us > kNearUs) break;
    if (!MayBeMatched(*items_[i].report)) continue;
    const std::string& source = items_[i].report->source();
    auto it = std::find_if(by_source.begin(), by_source.end(),
                           [&source](const auto& known) { return *known.first == source; });
    if (it == by_source.end()) it = by_source.insert(by_source.end(), {&source, 0});
    most = std::max(most, ++it->second);
  }
  around.nearby_of = item;
  around.nearby = most - 1;
  return around.nearby;
}

namespace {

std::span<const ClusterView::Item> Between(const std::vector<ClusterView::Item>& items,
                                           int64_t from_us, int64_t to_us) {
  const auto after = [](int64_t instant, const ClusterView::Item& item) {
    return instant < item.occurred_us;
  };
  const auto first = std::upper_bound(items.begin(), items.end(), from_us, after);
  const auto last = std::upper_bound(first, items.end(), to_us, after);
  return {first, last};
}

}  // namespace

std::span<const ClusterView::Item> ClusterView::In(int64_t from_us, int64_t to_us) const {
  return Between(items_, from_us, to_us);
}

std::span<const ClusterView::Item> ClusterView::Feedback(int64_t from_us, int64_t to_us) const {
  return Between(feedback_, from_us, to_us);
}

size_t ClusterView::Count(int64_t from_us, int64_t to_us,
                          std::span<const v1::SourceFamily> families) const {
  const auto wanted = [families](v1::SourceFamily family) {
    return std::find(families.begin(), families.end(), family) != families.end();
  };
  size_t count = 0;
  for (const Times& times : alone_) {
    if (!wanted(times.family)) continue;
    const auto& all = times.occurred_us;
    const auto first = std::upper_bound(all.begin(), all.end(), from_us);
    count += static_cast<size_t>(std::upper_bound(first, all.end(), to_us) - first);
  }
  std::vector<int> clusters;
  const auto after = [this](int64_t instant, int item) { return instant < At(item).occurred_us; };
  for (auto it = std::upper_bound(shared_.begin(), shared_.end(), from_us, after);
       it != shared_.end() && At(*it).occurred_us <= to_us; ++it) {
    if (wanted(At(*it).family)) clusters.push_back(At(*it).cluster);
  }
  std::sort(clusters.begin(), clusters.end());
  return count +
         static_cast<size_t>(std::unique(clusters.begin(), clusters.end()) - clusters.begin());
}

}  // namespace trigpoint
