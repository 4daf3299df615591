#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "trigpoint/domain/evolve.h"
#include "trigpoint/store/store.h"
#include "trigpoint/v1/state.pb.h"

namespace trigpoint {

inline constexpr char kConcernsIndex[] = "concerns";  // stream id -> concerns that stand apart

/// How the state of one stream lies in the store. A state with many reports is not written whole
/// with each further one: most of them stand in a row of their own, which is written again only
/// when enough have come since. Of one service; the caller keeps it beside the state.
class StoredState {
 public:
  /// The state of a stream, whole; nullopt where the store has none. `kept`, if given, learns how
  /// it lies there. Errors: DataLoss; those of the store.
  static absl::StatusOr<std::optional<v1::ProviderState>> Read(const Store& store,
                                                               uint32_t partition,
                                                               const std::string& stream_id,
                                                               StoredState* kept = nullptr);

  /// Puts the state, and its reports where they are due. `change`: what became of them since the
  /// last Put or Read; emptied. `state` is the same afterwards.
  void Put(uint32_t partition, v1::ProviderState* state, ConcernsChange* change, StoreBatch* batch);

 private:
  uint64_t apart_ = 0;  // Revision of the row with all reports but since_; 0: there is none.
  std::vector<ConcernsChange::Added> since_;
};

}  // namespace trigpoint
