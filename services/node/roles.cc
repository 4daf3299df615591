#include "services/node/roles.h"

#include "services/node/text_list.h"

#include <array>
#include <utility>

namespace trigpoint {
namespace {

constexpr std::array<std::pair<std::string_view, bool Roles::*>, 5> kRoles{
    {{"ingest", &Roles::ingest},
     {"projector", &Roles::projector},
     {"query", &Roles::query},
     {"notify", &Roles::notify},
     {"keys", &Roles::keys}}};

}  // namespace

std::string Roles::Text() const {
  if (All()) return "all";
  std::string text;
  for (const auto& [name, member] : kRoles) {
    if (!(this->*member)) continue;
    if (!text.empty()) text += ',';
    text += name;
  }
  return text;
}

absl::StatusOr<Roles> ParseRoles(std::string_view text) {
  Roles roles;
  for (const std::string& name : TextList(text)) {
    bool known = false;
    for (const auto& [role, member] : kRoles) {
      if (name != role && name != "all") continue;
      roles.*member = true;
      known = true;
    }
    if (!known) {
      return absl::InvalidArgumentError("\"" + name +
                                        "\" is no role: all, or some of ingest, projector, query, "
                                        "notify, keys with commas between them");
    }
  }
  if (!(roles.ingest || roles.projector || roles.query || roles.notify || roles.keys))
    return absl::InvalidArgumentError("no role is named");
  return roles;
}

}  // namespace trigpoint
