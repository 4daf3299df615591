#include "trigpoint/policy/combination.h"

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "trigpoint/domain/matching.h"

namespace trigpoint {
namespace {

/// Who may fill each: incidents.
using Fillers = std::vector<std::set<int>>;

struct Places {
  Fillers triggers;
  std::map<v1::SourceFamily, std::set<int>> families;
};

Places PlacesOf(std::span<const CombinedTrigger> triggers) {
  Places places;
  for (const auto& trigger : triggers) {
    std::set<int>& fillers = places.triggers.emplace_back();
    for (const auto& report : trigger.reports) {
      fillers.insert(report.incident);
      for (const auto family : report.families) places.families[family].insert(report.incident);
    }
  }
  return places;
}

/// With an incident of its own for whatever an open trigger may still bring.
void AddWhatMayCome(std::span<const CombinedTrigger> triggers, Places* places) {
  int next = 0;
  for (const auto& trigger : triggers) {
    for (const auto& report : trigger.reports) next = std::max(next, report.incident + 1);
  }
  for (size_t i = 0; i < triggers.size(); ++i) {
    if (!triggers[i].open) continue;
    places->triggers[i].insert(next++);
    for (const auto family : triggers[i].fills) {
      places->triggers[i].insert(next);
      places->families[family].insert(next++);
    }
  }
}

int Filled(const Fillers& fillers) {
  const std::vector<int> filled = FillPlaces(fillers);
  return static_cast<int>(
      std::count_if(filled.begin(), filled.end(), [](int incident) { return incident >= 0; }));
}

Fillers FamilyFillers(const Places& places) {
  Fillers fillers;
  for (const auto& [family, incidents] : places.families) fillers.push_back(incidents);
  return fillers;
}

}  // namespace

CombinationResult Combine(std::span<const CombinedTrigger> triggers, int least_triggers,
                          int least_families) {
  CombinationResult result;
  Places places = PlacesOf(triggers);
  const std::vector<int> by_trigger = FillPlaces(places.triggers);
  for (size_t i = 0; i < triggers.size(); ++i) {
    if (by_trigger[i] >= 0) result.triggers.push_back({.trigger = i, .incident = by_trigger[i]});
  }
  const std::vector<int> by_family = FillPlaces(FamilyFillers(places));
  size_t place = 0;
  for (const auto& [family, incidents] : places.families) {
    const int incident = by_family[place++];
    if (incident >= 0) result.families.push_back({.family = family, .incident = incident});
  }
  if (static_cast<int>(result.triggers.size()) >= least_triggers &&
      static_cast<int>(result.families.size()) >= least_families) {
    result.value = Truth::kTrue;
    return result;
  }
  AddWhatMayCome(triggers, &places);
  if (Filled(places.triggers) >= least_triggers &&
      Filled(FamilyFillers(places)) >= least_families) {
    result.value = Truth::kUnknown;
  }
  return result;
}

}  // namespace trigpoint
