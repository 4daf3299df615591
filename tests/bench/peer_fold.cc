#include "peer_fold.h"

#include <algorithm>

#include "bench_support.h"
#include "trigpoint/base/digest.h"
#include "trigpoint/events/times.h"

namespace trigpoint::bench {
namespace {

constexpr int32_t kWindowDays = 90;
constexpr int64_t kDayUs = 86'400'000'000;
constexpr uint32_t kStep = 10;

int32_t DayOf(int64_t us) { return static_cast<int32_t>(us / kDayUs - (us % kDayUs < 0 ? 1 : 0)); }

template <typename T>
void Put(T value, std::string* to) {
  for (int shift = static_cast<int>(sizeof(T)) * 8 - 8; shift >= 0; shift -= 8)
    to->push_back(static_cast<char>(static_cast<uint64_t>(value) >> shift));
}

template <typename T>
T Take(std::string_view* from) {
  if (from->size() < sizeof(T)) Die("a state is cut short");
  uint64_t value = 0;
  for (const char byte : from->substr(0, sizeof(T)))
    value = (value << 8) | static_cast<uint8_t>(byte);
  from->remove_prefix(sizeof(T));
  return static_cast<T>(value);
}

template <typename Key>
void PutCounts(const std::map<Key, uint32_t>& counts, std::string* to) {
  Put(static_cast<uint16_t>(counts.size()), to);
  for (const auto& [key, count] : counts) {
    Put(key, to);
    Put(count, to);
  }
}

template <typename Key>
std::map<Key, uint32_t> TakeCounts(std::string_view* from) {
  std::map<Key, uint32_t> counts;
  for (auto left = Take<uint16_t>(from); left > 0; --left) {
    const auto key = Take<Key>(from);
    counts.emplace_hint(counts.end(), key, Take<uint32_t>(from));
  }
  return counts;
}

}  // namespace

void PeerState::Add(const v1::Event& event) {
  const int64_t occurred = ToMicros(event.occurred_at());
  ++kinds_[static_cast<uint16_t>(event.payload_case())];
  last_us_ = std::max(last_us_, occurred);
  const int32_t oldest = DayOf(last_us_) - kWindowDays + 1;
  days_.erase(days_.begin(), days_.lower_bound(oldest));
  const int32_t day = DayOf(occurred);
  if (event.has_service_registered() || day < oldest) return;
  ++days_[day];
}

uint32_t PeerState::Window() const {
  uint32_t sum = 0;
  for (const auto& [day, count] : days_) sum += count;
  return sum;
}

std::string PeerState::Encode() const {
  std::string bytes;
  bytes.reserve(12 + 6 * kinds_.size() + 8 * days_.size());
  Put(last_us_, &bytes);
  PutCounts(kinds_, &bytes);
  PutCounts(days_, &bytes);
  return bytes;
}

PeerState PeerState::Decode(std::string_view bytes) {
  PeerState state;
  state.last_us_ = Take<int64_t>(&bytes);
  state.kinds_ = TakeCounts<uint16_t>(&bytes);
  state.days_ = TakeCounts<int32_t>(&bytes);
  return state;
}

std::optional<std::string> FoldPeerEvent(const v1::Event& event, PeerState* state) {
  const uint32_t before = state->Window();
  state->Add(event);
  const uint32_t after = state->Window();
  if (after / kStep <= before / kStep) return std::nullopt;
  const std::string cause = event.stream_id() + '\n' + event.source() + '\n' + event.id();
  return Sha256Hex(cause).substr(0, 32) + '\n' + cause + '\n' + std::to_string(after);
}

void AddPeerState(std::string_view stream_id, std::string_view state, std::string* text) {
  text->append(stream_id).append("\n").append(HexEncode(state)).append("\n");
}

}  // namespace trigpoint::bench
