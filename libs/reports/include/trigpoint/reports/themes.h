#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

#include "trigpoint/v1/events.pb.h"
#include "trigpoint/v1/state.pb.h"

namespace trigpoint {

/// How many independent families of sources speak of a theme. Shown, never an input of a rule.
struct ThemeConfidence {
  v1::Theme theme = v1::THEME_UNSPECIFIED;
  char grade = 'C';        ///< 'A': three families or more, 'B': two, 'C': one.
  int families = 0;        ///< Independent ones: reports of one incident are at most one.
  int incidents = 0;       ///< Counted once, whoever reported them.
  bool regulator = false;  ///< One of them is the regulator: one grade better.
  std::vector<v1::EventRef> evidence{};
};

/// The themes of concerns that occurred in (from_us, to_us], the best grade first, then the most
/// incidents. Reports of one incident fill at most one family: a maximum matching.
/// Rule: domain.md 3.8 (4) and (6); S4 2.7.
std::vector<ThemeConfidence> ThemesOf(const v1::ProviderState& state, int64_t from_us,
                                      int64_t to_us);

}  // namespace trigpoint
