#include "trigpoint/domain/clusters.h"

#include <algorithm>
#include <map>
#include <utility>

#include "trigpoint/domain/concern.h"

namespace trigpoint {

std::string ClusterKeyOf(const std::string& incident_key, const std::string& source,
                         const std::string& id) {
  return incident_key.empty() ? "e:" + source + "/" + id : "k:" + incident_key;
}

ClusterView::ClusterView(const v1::ProviderState& state) {
  items_.reserve(static_cast<size_t>(state.concerns_size()));
  for (const auto& concern : state.concerns()) Add(concern);
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
  const std::string& key = concern.incident_key();
  if (key.empty()) {
    item.cluster = next_cluster_++;
    TimesOf(item.family).push_back(item.occurred_us);
  } else {
    // A cluster holds at most one report per source system: the second of a source is another
    // cluster.
    const int earlier = of_source_[{key, concern.source()}]++;
    const auto [it, added] =
        cluster_of_key_.emplace(key + '#' + std::to_string(earlier), next_cluster_);
    if (added) ++next_cluster_;
    item.cluster = it->second;
    item.alone = false;
    shared_.push_back(item);
  }
  items_.push_back(item);
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
  for (const Item& item : Between(shared_, from_us, to_us)) {
    if (wanted(item.family)) clusters.push_back(item.cluster);
  }
  std::sort(clusters.begin(), clusters.end());
  return count +
         static_cast<size_t>(std::unique(clusters.begin(), clusters.end()) - clusters.begin());
}

}  // namespace trigpoint
