#include "trigpoint/log/open_log.h"

#include "trigpoint/base/status.h"
#include "trigpoint/log/embedded_log.h"

namespace trigpoint {

absl::StatusOr<std::unique_ptr<EventLog>> OpenLog(const LogSpec& spec) {
  EmbeddedLogOptions options{.directory = spec.directory, .partitions = spec.partitions};
  if (options.partitions == 0) {
    TP_ASSIGN_OR_RETURN(options.partitions, EmbeddedLogPartitions(spec.directory));
  }
  return OpenEmbeddedLog(options);
}

}  // namespace trigpoint
