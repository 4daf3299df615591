#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace trigpoint {

/// What a process does. Every process folds the whole log into a store of its own; roles say what
/// it does beside that.
struct Roles {
  bool ingest = false;     ///< Takes submissions.
  bool projector = false;  ///< Appends what follows from events, for its share of the partitions.
  bool query = false;      ///< Answers reads, takes decisions.
  bool notify = false;     ///< Sends alerts to webhooks. In one process of a cluster.
  bool keys = false;  ///< Holds the keys and protected identities. In one process of a cluster.

  bool All() const { return ingest && projector && query && notify && keys; }
  bool OnlyKeys() const { return keys && !ingest && !projector && !query && !notify; }
  /// "ingest,query", in the order above; "all".
  std::string Text() const;
};

/// Reads "all", or names with commas between them. Errors: InvalidArgument naming what is no role.
absl::StatusOr<Roles> ParseRoles(std::string_view text);

}  // namespace trigpoint
