#pragma once

#include "absl/status/statusor.h"
#include "trigpoint/log/event_log.h"
#include "trigpoint/store/key_store.h"
#include "trigpoint/v1/api.pb.h"

namespace trigpoint {

/// Copies the log, and the keys where a directory for them is named, as of now: what was
/// acknowledged before the call is in the copy. Everything else a node keeps follows from the log.
/// In the directory stand "log" and "backup.json" (the response as JSON, written last: without it
/// the copy is not whole). Errors: InvalidArgument for a path that is not absolute or a key
/// directory inside the backup; AlreadyExists; what the file system says.
absl::StatusOr<v1::CreateBackupResponse> CreateBackup(const EventLog& log, const KeyStore& keys,
                                                      const v1::CreateBackupRequest& request);

}  // namespace trigpoint
