#include "services/node/log_names.h"

#include "services/node/data_files.h"
#include "trigpoint/base/digest.h"
#include "trigpoint/base/status.h"

namespace trigpoint {

absl::StatusOr<LogNames> NamesOfLog(const NodeConfig& config, KeyStore& keys) {
  LogNames names;
  if (config.log == "kafka") {
    TP_ASSIGN_OR_RETURN(names.secret, keys.GetOrCreateKey("cluster/" + config.kafka_topic));
    names.id = Sha256Hex("log " + names.secret).substr(0, 16);
    return names;
  }
  TP_ASSIGN_OR_RETURN(names.id, ReadLogId(config.data));
  TP_ASSIGN_OR_RETURN(names.secret, ReadPageSecret(config.data));
  return names;
}

}  // namespace trigpoint
