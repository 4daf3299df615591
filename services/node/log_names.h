#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "services/node/node_config.h"
#include "trigpoint/store/key_store.h"

namespace trigpoint {

/// What every process on a log has in common beside the log itself.
struct LogNames {
  /// The name of this log: resume tokens carry it, so that they are not taken for another log's.
  std::string id;
  /// What page tokens and other names of protected records are made with: one process understands
  /// what another gave out.
  std::string secret;
};

/// Of the embedded log they lie in the data directory, of a log on Kafka with the keys. Errors: of
/// files and keys.
absl::StatusOr<LogNames> NamesOfLog(const NodeConfig& config, KeyStore& keys);

}  // namespace trigpoint
