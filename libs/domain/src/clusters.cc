#include "trigpoint/domain/clusters.h"

#include <map>
#include <utility>

namespace trigpoint {

std::string ClusterKeyOf(const std::string& incident_key, const std::string& source,
                         const std::string& id) {
  return incident_key.empty() ? "e:" + source + "/" + id : "k:" + incident_key;
}

std::vector<Cluster> ClustersOf(const v1::ProviderState& state, int64_t from_us, int64_t to_us,
                                bool (*wanted)(const v1::Concern&)) {
  std::vector<Cluster> clusters;
  std::map<std::string, size_t> by_key;
  // How many reports of one source carry the same incident key so far: the second is another cluster.
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
