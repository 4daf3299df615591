#include "trigpoint/engine/replay.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "trigpoint/base/status.h"
#include "trigpoint/events/catalogue.h"
#include "trigpoint/events/digest.h"

namespace trigpoint {
namespace {

using Index = absl::flat_hash_map<std::pair<std::string, std::string>, v1::EventIndexEntry>;

std::optional<v1::EventIndexEntry> Find(const Index& index, const v1::Event& event) {
  const auto it = index.find({event.source(), event.id()});
  return it == index.end() ? std::nullopt : std::optional(it->second);
}

void Note(const v1::Event& event, const StepResult& step, Index* index) {
  if (!step.applied || step.identity == IdentityOutcome::kSuperseded) return;
  auto& entry = (*index)[{event.source(), event.id()}];
  entry.set_version(VersionOf(event));
  entry.set_digest(event.submission_digest());
}

/// What the fold said at an instant is known then: derived events by their received_at, the rest by
/// their known_at.
bool KnownBy(const v1::StoredEvent& stored, int64_t as_of_us) {
  return stored.known_us() <= as_of_us;
}

}  // namespace

absl::StatusOr<StreamAsOf> FoldAsOf(const std::string& stream_id,
                                    std::span<const v1::StoredEvent> events,
                                    const Controls& controls, int64_t as_of_us) {
  HotStream stream;
  stream.state.set_stream_id(stream_id);
  // A control event that came late to this stream is in force only from its ControlTookEffect, even
  // where that is later than the instant asked for.
  for (const auto& stored : events) {
    if (!stored.event().has_control_took_effect()) continue;
    auto* late = stream.state.add_late_controls();
    late->set_control_id(stored.event().control_took_effect().control_id());
    late->set_known_us(stored.known_us());
  }
  Index index;
  for (size_t i = 0; i < events.size(); ++i) {
    const v1::StoredEvent& stored = events[i];
    if (!KnownBy(stored, as_of_us)) continue;
    const LoadEvents load = [&]() -> absl::StatusOr<std::vector<v1::StoredEvent>> {
      std::vector<v1::StoredEvent> folded;
      std::copy_if(events.begin(), events.begin() + static_cast<std::ptrdiff_t>(i),
                   std::back_inserter(folded),
                   [as_of_us](const auto& earlier) { return KnownBy(earlier, as_of_us); });
      return folded;
    };
    TP_ASSIGN_OR_RETURN(
        const StepResult step,
        ApplyEvent(stored.event(), Find(index, stored.event()), controls, false, load, &stream));
    Note(stored.event(), step, &index);
  }
  return StreamAsOf{.state = std::move(stream.state), .record = std::move(stream.record)};
}

absl::StatusOr<StreamCheck> CheckStream(const std::string& stream_id,
                                        std::span<const v1::StoredEvent> events,
                                        const Controls& controls) {
  StreamCheck check;
  HotStream stream;
  stream.state.set_stream_id(stream_id);
  Index index;
  // An alert that a decision overtook is said again under the same id; the log keeps the one that
  // came first.
  std::map<std::string, std::set<std::string>> emitted;
  for (size_t i = 0; i < events.size(); ++i) {
    const v1::Event& event = events[i].event();
    const LoadEvents load = [events, i]() -> absl::StatusOr<std::vector<v1::StoredEvent>> {
      return std::vector<v1::StoredEvent>(events.begin(),
                                          events.begin() + static_cast<std::ptrdiff_t>(i));
    };
    TP_ASSIGN_OR_RETURN(const StepResult step,
                        ApplyEvent(event, Find(index, event), controls, true, load, &stream));
    for (const auto& derived : step.derived) emitted[derived.id()].insert(CanonicalBytes(derived));
    if (event.source() == kEngineSource) {
      ++check.recommendations;
      const auto it = emitted.find(event.id());
      if (it == emitted.end()) {
        check.differences.push_back(stream_id + ": " + event.id() +
                                    " does not follow from its cause");
      } else if (it->second.count(CanonicalBytes(event)) == 0) {
        check.differences.push_back(stream_id + ": " + event.id() +
                                    " comes out of its cause with other bytes");
      }
    }
    Note(event, step, &index);
  }
  check.state = std::move(stream.state);
  check.record = std::move(stream.record);
  return check;
}

}  // namespace trigpoint
