#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "trigpoint/v1/events.pb.h"

namespace trigpoint {

/// Where sealing keys come from. Implementations say whether they are thread-safe.
class KeySource {
 public:
  virtual ~KeySource() = default;

  /// Gives the 32 bytes of a key; makes it, durably, when it never existed.
  /// Errors: Aborted "ERASED ..." when the key was destroyed; it is never made anew.
  virtual absl::StatusOr<std::string> GetOrCreateKey(const std::string& key_id) = 0;

  /// Gives the 32 bytes of a key.
  /// Errors: NotFound when it never existed; Aborted "ERASED ..." when it was destroyed.
  virtual absl::StatusOr<std::string> GetKey(const std::string& key_id) = 0;
};

/// Gives the id of the key that seals an event: "case:" and 32 hexadecimal digits of SHA-256 over
/// source and incident_key, or source and id where there is no incident_key. It holds no personal
/// data, and every version of one record has the same key.
std::string SealingKeyId(const v1::Event& event);

/// Tells whether any text in the message, at any depth, stands clear. Nothing with clear text is
/// ever stored.
bool HasClear(const google::protobuf::Message& message);

/// Gives the ids of the keys under which texts of an event are sealed; each once.
std::vector<std::string> SealedUnder(const v1::Event& event);

/// Seals every clear text of an event with AES-256-GCM under the key SealingKeyId(event).
/// Rule: design 2. The nonce is derived from the key, the identity, the field and the text, so the
/// same submission always gives the same bytes; the ciphertext is bound to source, id and field
/// (by numbers, so that a renamed field still opens). Asks for no key when nothing is clear.
/// Errors: those of the key source, Internal for a key that has not 32 bytes. The event is
/// unchanged on error.
absl::Status SealEvent(v1::Event* event, KeySource& keys);

/// Opens every sealed text of an event. A text whose key was destroyed, or never existed, stays
/// sealed.
/// Errors: DataLoss when a text does not open under its key (changed bytes, or moved to another
/// record or field); others of the key source. The event is unchanged on error.
absl::Status UnsealEvent(v1::Event* event, KeySource& keys);

/// Seals bytes that are no field of an event, such as the original of a refused submission.
/// `context` says what they belong to and is needed to open them; the same arguments give the same
/// bytes. Errors: as SealEvent.
absl::StatusOr<v1::Sealed> SealBytes(const std::string& key_id, std::string_view context,
                                     std::string_view bytes, KeySource& keys);

/// Opens what SealBytes sealed, with the same context.
/// Errors: Aborted "ERASED ..." and NotFound from the key source; DataLoss when it does not open.
absl::StatusOr<std::string> UnsealBytes(const v1::Sealed& sealed, std::string_view context,
                                        KeySource& keys);

}  // namespace trigpoint
