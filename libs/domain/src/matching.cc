#include "trigpoint/domain/matching.h"

#include <algorithm>
#include <cstddef>

namespace trigpoint {
namespace {

/// By augmenting paths.
class Matching {
 public:
  explicit Matching(const std::vector<std::set<int>>& fillers)
      : fillers_(fillers), filler_of_(fillers.size(), -1) {
    for (size_t place = 0; place < fillers_.size(); ++place) {
      std::set<int> tried;
      Fill(place, &tried);
    }
  }
  const std::vector<int>& FillerOf() const { return filler_of_; }

 private:
  // NOLINTNEXTLINE(misc-no-recursion): at most as deep as there are places to fill.
  bool Fill(size_t place, std::set<int>* tried) {
    for (const int filler : fillers_[place]) {
      if (!tried->insert(filler).second) continue;
      const auto taken = place_of_.find(filler);
      if (taken != place_of_.end() && !Fill(taken->second, tried)) continue;
      place_of_[filler] = place;
      filler_of_[place] = filler;
      return true;
    }
    return false;
  }

  const std::vector<std::set<int>>& fillers_;
  std::vector<int> filler_of_;
  std::map<int, size_t> place_of_;
};

}  // namespace

std::vector<int> FillPlaces(const std::vector<std::set<int>>& fillers) {
  return Matching(fillers).FillerOf();
}

int IndependentFamilies(const std::map<v1::SourceFamily, std::set<int>>& incidents) {
  std::vector<std::set<int>> fillers;
  fillers.reserve(incidents.size());
  for (const auto& [family, of_family] : incidents) fillers.push_back(of_family);
  const std::vector<int> filled = FillPlaces(fillers);
  return static_cast<int>(
      std::count_if(filled.begin(), filled.end(), [](int incident) { return incident >= 0; }));
}

}  // namespace trigpoint
