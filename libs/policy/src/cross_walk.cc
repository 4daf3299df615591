#include "trigpoint/policy/cross_walk.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

namespace trigpoint {
namespace {

/// S1 L147-170; empty: nowhere on it.
constexpr std::array<std::string_view, 4> kPlaces = {"", "ROUTINE", "ENHANCED", "INTENSIVE"};

}  // namespace

absl::Status CheckCrossWalk(const v1::PolicyPack& pack) {
  std::set<std::string> told;
  for (const auto& entry : pack.cross_walk()) {
    const auto wrong = [&](const std::string& what) {
      return absl::InvalidArgumentError("policy " + pack.id() + ": cross_walk " + entry.state() +
                                        " " + what);
    };
    const auto& states = pack.authority().states();
    const bool known = std::find(states.begin(), states.end(), entry.state()) != states.end() ||
                       (!entry.state().empty() && entry.state() == pack.urgent_target());
    if (!known) return wrong("is no state of authority.states and not the urgent_target");
    if (!told.insert(entry.state()).second) return wrong("is there twice");
    if (std::find(kPlaces.begin(), kPlaces.end(), entry.nqb_state()) == kPlaces.end())
      return wrong("has nqb_state " + entry.nqb_state() +
                   ": write ROUTINE, ENHANCED, INTENSIVE, or leave it out");
    if (entry.note().empty()) return wrong("has no note: say what it is not");
    if (entry.clause().empty()) return wrong("has no clause");
  }
  return absl::OkStatus();
}

const v1::CrossWalk* CrossWalkOf(const v1::PolicyPack& pack, const std::string& state) {
  const auto it = std::find_if(pack.cross_walk().begin(), pack.cross_walk().end(),
                               [&state](const auto& entry) { return entry.state() == state; });
  return it == pack.cross_walk().end() ? nullptr : &*it;
}

}  // namespace trigpoint
