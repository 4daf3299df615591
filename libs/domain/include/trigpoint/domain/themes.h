#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "trigpoint/domain/clusters.h"
#include "trigpoint/v1/events.pb.h"
#include "trigpoint/v1/state.pb.h"

namespace trigpoint {

/// How well what is known of a theme is borne out by independent families of sources. Shown, never
/// an input of a rule but for the count of families in the theme route of V-ENH.
/// Rule: domain.md 3.8 (6).
struct ThemeConfidence {
  v1::Theme theme = v1::THEME_UNSPECIFIED;
  v1::ThemeConfidence::Grade grade = v1::ThemeConfidence::GRADE_C;
  int families = 0;        ///< Independent ones: reports of one incident are at most one.
  int incidents = 0;       ///< Counted once, whoever reported them.
  bool regulator = false;  ///< One of them is the regulator: one grade better.
  std::vector<v1::EventRef> evidence{};
};

/// Grades what was reported: of each family the incidents, by numbers from 0. Three independent
/// families or more are A, two B, one C; with the regulator among them one grade better. One
/// incident fills at most one family. Rule: domain.md 3.8 (4) and (6).
ThemeConfidence ConfidenceOf(const std::map<v1::SourceFamily, std::set<int>>& incidents);

/// The themes of concerns that occurred in (from_us, to_us], and of what the regulator did then,
/// the best grade first, then the most incidents. Rule: domain.md 3.8 (6); S4 2.7.
std::vector<ThemeConfidence> ThemesOf(const v1::ProviderState& state, int64_t from_us,
                                      int64_t to_us);

/// By source and id.
using CitedReports = std::set<std::pair<std::string, std::string>>;

/// The same of the reports that are cited, whenever they occurred; without evidence. `view` is that
/// of the state.
std::vector<ThemeConfidence> ThemesOfCited(const v1::ProviderState& state, const ClusterView& view,
                                           const CitedReports& cited);

/// As recommendations and assessments show it.
v1::ThemeConfidence ToProto(const ThemeConfidence& confidence);

/// 'A', 'B' or 'C'.
char GradeLetter(v1::ThemeConfidence::Grade grade);

}  // namespace trigpoint
