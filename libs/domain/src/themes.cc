#include "trigpoint/domain/themes.h"

#include <algorithm>
#include <limits>
#include <tuple>

#include "trigpoint/domain/matching.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

/// What is said of each theme.
class Told {
 public:
  template <typename Report>
  void Add(const Report& report, v1::SourceFamily family, int incident) {
    if (family == v1::SOURCE_FAMILY_UNSPECIFIED) return;
    for (const int theme : report.themes()) {
      Of& of = by_theme_[theme];
      of.incidents[family].insert(incident);
      of.all.insert(incident);
      auto& ref = of.evidence.emplace_back();
      ref.set_source(report.source());
      ref.set_id(report.id());
    }
  }

  /// A notice of the regulator, and a rating below Good, are no concerns that are counted, but each
  /// an incident of its own here. What it withdrew, closed or found good bears nothing out.
  void AddAct(const v1::Event& fact) {
    const v1::Rating overall = fact.cqc_rating_published().overall();
    if (fact.has_cqc_enforcement_action_recorded() || overall == v1::RATING_REQUIRES_IMPROVEMENT ||
        overall == v1::RATING_INADEQUATE)
      Add(fact, v1::SOURCE_FAMILY_REGULATOR, next_act_--);
  }

  std::vector<ThemeConfidence> Graded() {
    std::vector<ThemeConfidence> themes;
    for (auto& [theme, of] : by_theme_) {
      ThemeConfidence& confidence = themes.emplace_back(ConfidenceOf(of.incidents));
      confidence.theme = static_cast<v1::Theme>(theme);
      confidence.incidents = static_cast<int>(of.all.size());
      confidence.evidence = std::move(of.evidence);
    }
    std::stable_sort(themes.begin(), themes.end(), [](const auto& a, const auto& b) {
      return std::make_tuple(a.grade, -a.incidents) < std::make_tuple(b.grade, -b.incidents);
    });
    return themes;
  }

 private:
  struct Of {
    std::map<v1::SourceFamily, std::set<int>> incidents;
    std::set<int> all;
    std::vector<v1::EventRef> evidence;
  };
  std::map<int, Of> by_theme_;
  int next_act_ = std::numeric_limits<int>::max();  ///< Above the numbers of all clusters.
};

}  // namespace

ThemeConfidence ConfidenceOf(const std::map<v1::SourceFamily, std::set<int>>& incidents) {
  ThemeConfidence confidence;
  confidence.families = IndependentFamilies(incidents);
  confidence.regulator = incidents.contains(v1::SOURCE_FAMILY_REGULATOR);
  const int points = confidence.families + (confidence.regulator ? 1 : 0);
  confidence.grade = points >= 3   ? v1::ThemeConfidence::GRADE_A
                     : points == 2 ? v1::ThemeConfidence::GRADE_B
                                   : v1::ThemeConfidence::GRADE_C;
  return confidence;
}

std::vector<ThemeConfidence> ThemesOf(const v1::ProviderState& state, int64_t from_us,
                                      int64_t to_us) {
  const ClusterView view(state);
  Told told;
  for (const auto& item : view.In(from_us, to_us))
    told.Add(*item.report, item.family, item.cluster);
  for (const auto& fact : state.facts()) {
    const int64_t occurred_us = OccurredMicros(fact);
    if (from_us < occurred_us && occurred_us <= to_us) told.AddAct(fact);
  }
  return told.Graded();
}

std::vector<ThemeConfidence> ThemesOfCited(const v1::ProviderState& state, const ClusterView& view,
                                           const CitedReports& cited) {
  Told told;
  for (const auto& item :
       view.In(std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max())) {
    if (cited.contains({item.report->source(), item.report->id()}))
      told.Add(*item.report, item.family, item.cluster);
  }
  for (const auto& fact : state.facts()) {
    if (cited.contains({fact.source(), fact.id()})) told.AddAct(fact);
  }
  std::vector<ThemeConfidence> themes = told.Graded();
  for (ThemeConfidence& theme : themes) theme.evidence.clear();
  return themes;
}

v1::ThemeConfidence ToProto(const ThemeConfidence& confidence) {
  v1::ThemeConfidence out;
  out.set_theme(confidence.theme);
  out.set_grade(confidence.grade);
  out.set_families(static_cast<uint32_t>(confidence.families));
  out.set_regulator(confidence.regulator);
  return out;
}

char GradeLetter(v1::ThemeConfidence::Grade grade) {
  return grade == v1::ThemeConfidence::GRADE_A   ? 'A'
         : grade == v1::ThemeConfidence::GRADE_B ? 'B'
                                                 : 'C';
}

}  // namespace trigpoint
