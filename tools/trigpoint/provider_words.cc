#include "provider_words.h"

namespace trigpoint {

std::string FirstId(const google::protobuf::RepeatedPtrField<v1::SubjectRef>& ids,
                    const std::string& otherwise) {
  return ids.empty() ? otherwise : ids.Get(0).scheme() + '/' + ids.Get(0).value();
}

std::string LevelsInOneCell(const v1::Provider& provider) {
  std::string cell;
  for (const auto& level : provider.levels()) {
    // A policy without levels moves nobody: its name says that it applies.
    cell += (cell.empty() ? "" : ", ") + level.policy_id() +
            (level.decided_state().empty() ? "" : ": " + level.decided_state());
    if (!level.recommended_state().empty() && level.recommended_state() != level.decided_state()) {
      cell += " -> " + level.recommended_state() + (level.urgent() ? " URGENT" : "");
    }
  }
  return cell.empty() ? "no policy applies" : cell;
}

}  // namespace trigpoint
