#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "trigpoint/log/event_log.h"
#include "trigpoint/store/key_store.h"
#include "trigpoint/store/store.h"
#include "trigpoint/v1/api.pb.h"

namespace trigpoint {

/// Copies the log, and the keys where a directory for them is named, as of now: what was
/// acknowledged before the call is in the copy. Everything else a node keeps follows from the log.
/// In the directory stand "log" and "backup.json" (the response as JSON, written last: without it
/// the copy is not whole). Errors: InvalidArgument for a path that is not absolute or a key
/// directory inside the backup; AlreadyExists; what the file system says.
absl::StatusOr<v1::CreateBackupResponse> CreateBackup(const EventLog& log, const KeyStore& keys,
                                                      const v1::CreateBackupRequest& request);

/// Copies the store as of now into a directory, readable for the node's user alone: a seed
/// with which another process on the same log begins. `partitions` are those of the log. Errors:
/// as above.
absl::StatusOr<v1::CreateSeedResponse> CreateSeed(const Store& store, uint32_t partitions,
                                                  const v1::CreateSeedRequest& request);

}  // namespace trigpoint
