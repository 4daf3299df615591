#include "trigpoint/reports/themes.h"

#include <algorithm>
#include <map>

#include "trigpoint/domain/clusters.h"
#include "trigpoint/domain/concern.h"
#include "trigpoint/domain/matching.h"

namespace trigpoint {
namespace {

char GradeOf(int families, bool regulator) {
  const int points = families + (regulator ? 1 : 0);
  return points >= 3 ? 'A' : points == 2 ? 'B' : 'C';
}

}  // namespace

std::vector<ThemeConfidence> ThemesOf(const v1::ProviderState& state, int64_t from_us,
                                      int64_t to_us) {
  const ClusterView view(state);
  std::map<int, std::map<v1::SourceFamily, std::set<int>>> by_theme;
  std::map<int, std::set<int>> incidents;
  std::map<int, ThemeConfidence> told;
  for (const auto& item : view.In(from_us, to_us)) {
    if (item.family == v1::SOURCE_FAMILY_UNSPECIFIED) continue;
    for (const int theme : item.report->themes()) {
      by_theme[theme][item.family].insert(item.cluster);
      incidents[theme].insert(item.cluster);
      ThemeConfidence& confidence = told[theme];
      confidence.theme = static_cast<v1::Theme>(theme);
      confidence.regulator = confidence.regulator || item.family == v1::SOURCE_FAMILY_REGULATOR;
      auto& ref = confidence.evidence.emplace_back();
      ref.set_source(item.report->source());
      ref.set_id(item.report->id());
    }
  }
  std::vector<ThemeConfidence> themes;
  for (auto& [theme, confidence] : told) {
    confidence.families = IndependentFamilies(by_theme[theme]);
    confidence.incidents = static_cast<int>(incidents[theme].size());
    confidence.grade = GradeOf(confidence.families, confidence.regulator);
    themes.push_back(std::move(confidence));
  }
  std::stable_sort(themes.begin(), themes.end(), [](const auto& a, const auto& b) {
    return a.grade != b.grade ? a.grade < b.grade : a.incidents > b.incidents;
  });
  return themes;
}

}  // namespace trigpoint
