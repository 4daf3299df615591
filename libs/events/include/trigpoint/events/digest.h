#pragma once

#include <string>

#include "google/protobuf/message.h"
#include "trigpoint/v1/events.pb.h"

namespace trigpoint {

/// Serialises a message so that equal messages give equal bytes in every process of this version:
/// fields in the order of their numbers, map entries sorted, unknown fields last.
std::string CanonicalBytes(const google::protobuf::Message& message);

/// Gives the 16 bytes that tell a redelivery from a conflict: the start of SHA-256 over the event
/// without what ingest stamps (stream_id, received_at, first_received_at, submission_digest) and
/// without the ids of sealing keys; source_version 0 counts as 1 (design 2, identity).
/// Order: SealEvent, SubmissionDigest, ApplyDefaults, stamp, append. The digest then covers
/// ciphertext, so it outlives an erasure, and says what the partner sent, not what we filled in.
std::string SubmissionDigest(const v1::Event& event);

}  // namespace trigpoint
