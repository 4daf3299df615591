#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/common/write_gate.h"
#include "trigpoint/engine/projector.h"
#include "trigpoint/v1/events.pb.h"

namespace trigpoint {

/// Source of what is said about personal data: holds, erasures, disclosures.
inline constexpr std::string_view kPrivacySource = "trigpoint/privacy";
/// What the authority of an erasure by a rule of the configuration begins with; the rule follows.
inline constexpr std::string_view kRetentionAuthority = "retention:";

/// Holds in force, of every service.
struct HoldsInForce {
  std::set<std::string> keys;  ///< One incident at two services has one key.
  std::set<std::pair<std::string, std::string>>
      records;  ///< Source and id of those that are named.
};

/// Errors: those of reading.
absl::StatusOr<HoldsInForce> HoldsOf(const Projector& projector);

/// One erasure in one stream, decided.
struct Erasure {
  std::string stream_id{};
  std::set<std::string> key_ids{};  ///< At least one.
  std::vector<v1::EventRef> records{};
  std::string authority_ref{};
  std::optional<int64_t> before_us{};
  v1::Actor actor{};
};

/// Destroys keys and proves it, whoever decided so. Threading: thread-safe.
class Eraser {
 public:
  /// Destroys keys of texts and identities for ever; idempotent, blocks for the disk.
  using Destroy = std::function<absl::Status(const std::vector<std::string>&)>;

  Eraser(Projector* projector, EventWriter* writer, Destroy destroy)
      : projector_(projector), writer_(writer), destroy_(std::move(destroy)) {}

  /// Destroys the keys, then appends the proof, and gives its id: a proof without an erasure would
  /// be a lie, an erasure without its proof is finished by the same erasure again, which is the
  /// same proof. Blocks.
  absl::StatusOr<std::string> Erase(const Erasure& erasure) const;

 private:
  Projector* projector_;
  EventWriter* writer_;
  Destroy destroy_;
};

}  // namespace trigpoint
