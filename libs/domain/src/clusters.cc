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
  std::map<std::string, int> by_key;
  std::map<std::pair<std::string, std::string>, int> per_source;
  int next = 0;
  items_.reserve(static_cast<size_t>(state.concerns_size()));
  for (const auto& concern : state.concerns()) {
    flags_ |= concern.flags();
    if (!Counts(concern)) continue;
    Item item{.report = &concern, .occurred_us = concern.occurred_us(), .family = concern.family()};
    for (const int theme : concern.themes()) item.themes |= ThemeBit(theme);
    if (concern.incident_key().empty()) {
      item.cluster = next++;
    } else {
      // A cluster holds at most one report per source system: the second of a source is another
      // cluster.
      const int earlier = per_source[{concern.incident_key(), concern.source()}]++;
      const auto [it, added] =
          by_key.emplace(concern.incident_key() + '#' + std::to_string(earlier), next);
      if (added) ++next;
      item.cluster = it->second;
      item.alone = false;
    }
    items_.push_back(item);
    const auto family = static_cast<size_t>(item.family);
    if (item.alone && family < kFamiliesMax) {
      alone_us_[family].push_back(item.occurred_us);
    } else {
      others_.push_back(item);
    }
  }
}

std::span<const ClusterView::Item> ClusterView::In(int64_t from_us, int64_t to_us) const {
  const auto after = [](int64_t instant, const Item& item) { return instant < item.occurred_us; };
  const auto first = std::upper_bound(items_.begin(), items_.end(), from_us, after);
  const auto last = std::upper_bound(first, items_.end(), to_us, after);
  return {first, last};
}

size_t ClusterView::Count(int64_t from_us, int64_t to_us,
                          std::span<const v1::SourceFamily> families) const {
  size_t count = 0;
  for (const v1::SourceFamily family : families) {
    if (static_cast<size_t>(family) >= kFamiliesMax) continue;
    const auto& times = alone_us_[static_cast<size_t>(family)];
    const auto first = std::upper_bound(times.begin(), times.end(), from_us);
    count += static_cast<size_t>(std::upper_bound(first, times.end(), to_us) - first);
  }
  std::vector<int> clusters;
  for (const Item& item : others_) {
    if (item.occurred_us <= from_us || item.occurred_us > to_us) continue;
    if (std::find(families.begin(), families.end(), item.family) == families.end()) continue;
    clusters.push_back(item.cluster);
  }
  std::sort(clusters.begin(), clusters.end());
  return count +
         static_cast<size_t>(std::unique(clusters.begin(), clusters.end()) - clusters.begin());
}

std::vector<Cluster> ClustersOf(const v1::ProviderState& state, int64_t from_us, int64_t to_us,
                                bool (*wanted)(const v1::Concern&)) {
  std::vector<Cluster> clusters;
  std::map<std::string, size_t> by_key;
  // How many reports of one source carry the same incident key so far: the second is another
  // cluster.
  std::map<std::pair<std::string, std::string>, int> per_source;
  for (const auto& concern : state.concerns()) {
    if (concern.occurred_us() <= from_us || concern.occurred_us() > to_us) continue;
    if (!wanted(concern)) continue;
    std::string key = ClusterKeyOf(concern.incident_key(), concern.source(), concern.id());
    if (!concern.incident_key().empty()) {
      const int earlier = per_source[{concern.incident_key(), concern.source()}]++;
      if (earlier > 0) key += "#" + std::to_string(earlier + 1);
    }
    const auto [it, added] = by_key.emplace(key, clusters.size());
    if (added) clusters.push_back({.key = key, .reports = {}});
    clusters[it->second].reports.push_back(&concern);
  }
  return clusters;
}

}  // namespace trigpoint
