#include "trigpoint/policy/combination.h"

#include <algorithm>
#include <map>
#include <set>

namespace trigpoint {
namespace {

/// Who may fill each: incidents.
using Fillers = std::vector<std::set<int>>;

/// Largest assignment of incidents, each at most once; -1 where none is left for one.
class Matching {
 public:
  explicit Matching(const Fillers& fillers) : fillers_(fillers), by_(fillers.size(), -1) {
    for (size_t i = 0; i < fillers_.size(); ++i) {
      std::set<int> tried;
      Fill(i, &tried);
    }
  }
  const std::vector<int>& by() const { return by_; }
  int size() const {
    return static_cast<int>(
        std::count_if(by_.begin(), by_.end(), [](int incident) { return incident >= 0; }));
  }

 private:
  // NOLINTNEXTLINE(misc-no-recursion): at most as deep as there are places to fill.
  bool Fill(size_t place, std::set<int>* tried) {
    for (const int incident : fillers_[place]) {
      if (!tried->insert(incident).second) continue;
      const auto taken = of_.find(incident);
      if (taken != of_.end() && !Fill(taken->second, tried)) continue;
      of_[incident] = place;
      by_[place] = incident;
      return true;
    }
    return false;
  }

  const Fillers& fillers_;
  std::vector<int> by_;
  std::map<int, size_t> of_;
};

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
  const Matching by_trigger(places.triggers);
  const Fillers family_fillers = FamilyFillers(places);
  const Matching by_family(family_fillers);
  for (size_t i = 0; i < triggers.size(); ++i) {
    if (by_trigger.by()[i] >= 0) {
      result.triggers.push_back({.trigger = i, .incident = by_trigger.by()[i]});
    }
  }
  size_t place = 0;
  for (const auto& [family, incidents] : places.families) {
    const int incident = by_family.by()[place++];
    if (incident >= 0) result.families.push_back({.family = family, .incident = incident});
  }
  if (by_trigger.size() >= least_triggers && by_family.size() >= least_families) {
    result.value = Truth::kTrue;
    return result;
  }
  AddWhatMayCome(triggers, &places);
  const Fillers with_what_may_come = FamilyFillers(places);
  if (Matching(places.triggers).size() >= least_triggers &&
      Matching(with_what_may_come).size() >= least_families) {
    result.value = Truth::kUnknown;
  }
  return result;
}

}  // namespace trigpoint
