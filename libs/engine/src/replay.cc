#include "trigpoint/engine/replay.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "trigpoint/base/status.h"
#include "trigpoint/domain/service.h"
#include "trigpoint/events/catalogue.h"
#include "trigpoint/events/digest.h"
#include "trigpoint/events/times.h"
#include "trigpoint/policy/recommend.h"

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

/// Folds and assesses; `folded` sees each event with what it did.
absl::Status FoldEach(
    std::span<const v1::StoredEvent> events, const Controls& controls, HotStream* stream,
    absl::FunctionRef<void(const v1::Event& event, const StepResult& step)> folded) {
  Index index;
  for (size_t i = 0; i < events.size(); ++i) {
    const v1::Event& event = events[i].event();
    const LoadEvents load = [events, i]() -> absl::StatusOr<std::vector<v1::StoredEvent>> {
      return std::vector<v1::StoredEvent>(events.begin(),
                                          events.begin() + static_cast<std::ptrdiff_t>(i));
    };
    TP_ASSIGN_OR_RETURN(const StepResult step,
                        ApplyEvent(event, Find(index, event), controls, true, load, stream));
    folded(event, step);
    Note(event, step, &index);
  }
  return absl::OkStatus();
}

/// A control event that came late to this stream is in force only from its ControlTookEffect, even
/// where that is later than what is folded.
void SeedLateControls(std::span<const v1::StoredEvent> events, v1::ProviderState* state) {
  for (const auto& stored : events) {
    if (!stored.event().has_control_took_effect()) continue;
    auto* late = state->add_late_controls();
    late->set_control_id(stored.event().control_took_effect().control_id());
    late->set_known_us(stored.known_us());
  }
}

/// Of what was carried from a predecessor: what had happened by an instant.
void KeepWhatHappened(int64_t valid_us, v1::MemoryCarried* memory) {
  auto* facts = memory->mutable_facts();
  facts->erase(std::remove_if(facts->begin(), facts->end(),
                              [valid_us](const auto& fact) {
                                return !fact.has_event_retracted() &&
                                       OccurredMicros(fact) > valid_us;
                              }),
               facts->end());
  auto* levels = memory->mutable_levels();
  levels->erase(std::remove_if(levels->begin(), levels->end(),
                               [valid_us](const auto& level) {
                                 return level.has_decided_at() &&
                                        ToMicros(level.decided_at()) > valid_us;
                               }),
                levels->end());
}

/// The events that an answer about `as_of` folds, each as it is to be folded. Points into `events`
/// and into itself.
struct Chosen {
  std::vector<const v1::StoredEvent*> events;
  std::deque<v1::StoredEvent> changed;
};

Chosen Choose(std::span<const v1::StoredEvent> events, const AsOf& as_of) {
  Chosen chosen;
  const HappenedBy happened(events, as_of);
  for (const auto& stored : events) {
    // What the fold said at an instant is known then: derived events by their received_at, the rest
    // by their known_at.
    if (stored.known_us() > as_of.known_us || !happened(stored)) continue;
    chosen.events.push_back(&stored);
    if (as_of.valid_us.has_value() && stored.event().has_memory_carried()) {
      chosen.changed.push_back(stored);
      KeepWhatHappened(*as_of.valid_us,
                       chosen.changed.back().mutable_event()->mutable_memory_carried());
      chosen.events.back() = &chosen.changed.back();
    }
    if (!as_of.valid_us.has_value() || stored.known_us() <= *as_of.valid_us) continue;
    // Folded as if it had been known in time: windows end at the instant asked about.
    v1::StoredEvent& in_time = chosen.changed.emplace_back(*chosen.events.back());
    in_time.set_known_us(*as_of.valid_us);
    SetMicros(*as_of.valid_us, in_time.mutable_event()->mutable_received_at());
    chosen.events.back() = &in_time;
  }
  return chosen;
}

}  // namespace

HappenedBy::HappenedBy(std::span<const v1::StoredEvent> events, const AsOf& as_of) : as_of_(as_of) {
  if (!as_of.valid_us.has_value()) return;
  std::map<std::pair<std::string, std::string>, const v1::Event*> latest;
  for (const auto& stored : events) {
    const v1::Event& event = stored.event();
    if (stored.known_us() > as_of.known_us || !IsFact(event)) continue;
    const v1::Event*& slot = latest[{event.source(), event.id()}];
    if (slot == nullptr || VersionOf(event) > VersionOf(*slot)) slot = &event;
  }
  for (const auto& [identity, event] : latest) {
    if (!event->has_event_retracted() && OccurredMicros(*event) > *as_of.valid_us)
      later_.insert(identity);
  }
}

bool HappenedBy::operator()(const v1::StoredEvent& stored) const {
  if (!as_of_.valid_us.has_value()) return true;
  const v1::Event& event = stored.event();
  if (IsFact(event)) return later_.count({event.source(), event.id()}) == 0;
  // The history of a predecessor counts from the day of the link, whenever it became known.
  if (event.has_memory_carried() && event.memory_carried().has_effective_on())
    return LondonMidnight(ToCivil(event.memory_carried().effective_on())) <= *as_of_.valid_us;
  return stored.known_us() <= *as_of_.valid_us || event.has_control_took_effect();
}

absl::StatusOr<StreamAsOf> FoldAsOf(const std::string& stream_id,
                                    std::span<const v1::StoredEvent> events,
                                    const Controls& controls, const AsOf& as_of) {
  HotStream stream;
  stream.state.set_stream_id(stream_id);
  SeedLateControls(events, &stream.state);
  const Chosen chosen = Choose(events, as_of);
  Index index;
  for (size_t i = 0; i < chosen.events.size(); ++i) {
    const v1::Event& event = chosen.events[i]->event();
    const LoadEvents load = [&chosen, i]() -> absl::StatusOr<std::vector<v1::StoredEvent>> {
      std::vector<v1::StoredEvent> folded;
      for (size_t k = 0; k < i; ++k) folded.push_back(*chosen.events[k]);
      return folded;
    };
    TP_ASSIGN_OR_RETURN(const StepResult step,
                        ApplyEvent(event, Find(index, event), controls, false, load, &stream));
    Note(event, step, &index);
  }
  // Whom it belongs to on that day, whether or not anything came since.
  if (!chosen.events.empty())
    CarryService(std::min(as_of.known_us, as_of.valid_us.value_or(as_of.known_us)), &stream.state);
  return StreamAsOf{.state = std::move(stream.state), .record = std::move(stream.record)};
}

absl::StatusOr<HotStream> FoldAsOwner(const v1::ProviderState& now,
                                      std::span<const v1::StoredEvent> events,
                                      const Controls& controls) {
  HotStream stream;
  stream.state.set_stream_id(now.stream_id());
  *stream.state.mutable_late_controls() = now.late_controls();
  TP_RETURN_IF_ERROR(
      FoldEach(events, controls, &stream, [](const v1::Event&, const StepResult&) {}));
  return stream;
}

absl::StatusOr<StreamCheck> CheckStream(const std::string& stream_id,
                                        std::span<const v1::StoredEvent> events,
                                        const Controls& controls) {
  StreamCheck check;
  HotStream stream;
  stream.state.set_stream_id(stream_id);
  SeedLateControls(events, &stream.state);
  // An alert that a decision overtook is said again under the same id; the log keeps the one that
  // came first.
  std::map<std::string, std::set<std::string>> emitted;
  const auto compare = [&](const v1::Event& event, const StepResult& step) {
    for (const auto& derived : step.derived) emitted[derived.id()].insert(CanonicalBytes(derived));
    if (event.has_recommendation() && event.recommendation().engine_version() != kEngineVersion) {
      ++check.of_other_engines;
      return;
    }
    // What was carried here follows from another stream.
    if (event.source() != kEngineSource || event.has_memory_carried()) return;
    ++check.recommendations;
    const auto it = emitted.find(event.id());
    if (it == emitted.end()) {
      check.differences.push_back(stream_id + ": " + event.id() +
                                  " does not follow from its cause");
    } else if (it->second.count(CanonicalBytes(event)) == 0) {
      check.differences.push_back(stream_id + ": " + event.id() +
                                  " comes out of its cause with other bytes");
    }
  };
  TP_RETURN_IF_ERROR(FoldEach(events, controls, &stream, compare));
  check.state = std::move(stream.state);
  check.record = std::move(stream.record);
  return check;
}

}  // namespace trigpoint
