#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "trigpoint/v1/events.pb.h"

namespace trigpoint::bench {

/// State of one stream in the small fold that is compared with Kafka Streams
/// (tools/bench.d/peers/FOLD.md says what it is, here and there).
class PeerState {
 public:
  /// Adds an event.
  void Add(const v1::Event& event);
  /// Reports of the 90 days.
  uint32_t Window() const;
  std::string Encode() const;
  /// Of bytes that Encode made; others end the program.
  static PeerState Decode(std::string_view bytes);

 private:
  int64_t last_us_ = 0;
  std::map<uint16_t, uint32_t> kinds_;
  std::map<int32_t, uint32_t> days_;
};

/// Adds an event to its stream's state; gives the derived record where one follows.
std::optional<std::string> FoldPeerEvent(const v1::Event& event, PeerState* state);

/// Adds one stream to a text of which the SHA-256 is the digest of all states.
void AddPeerState(std::string_view stream_id, std::string_view state, std::string* text);

}  // namespace trigpoint::bench
