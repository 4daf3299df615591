#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "trigpoint/engine/pack_file.h"
#include "trigpoint/engine/stream_step.h"
#include "trigpoint/events/digest.h"
#include "trigpoint/events/times.h"

namespace trigpoint {

inline const std::string kPacks = std::string(TRIGPOINT_SOURCE_DIR) + "/deploy/policies";  // NOLINT
inline const int64_t kStart = LondonMidnight({2024, 1, 1});                                // NOLINT
inline constexpr int64_t kDay = kMicrosPerDay;

inline Controls BothPacks() {
  Controls controls;
  const auto packs = ReadPackDirectory(kPacks);
  EXPECT_TRUE(packs.ok()) << packs.status().message();
  for (const auto& pack : *packs) {
    v1::Event event;
    event.set_id("policy/" + pack.id());
    auto* activated = event.mutable_policy_activated();
    activated->set_policy_id(pack.id());
    activated->set_version(pack.version());
    *activated->mutable_pack() = pack;
    SetMicros(0, activated->mutable_effective_from());
    EXPECT_TRUE(controls.Add(event).ok());
  }
  return controls;
}

/// Time, and nothing else.
inline v1::Event Tick(int64_t at) {
  v1::Event event;
  event.set_source(kTimeSource);
  event.set_id("tick/" + std::to_string(at));
  event.mutable_deadline_passed();
  SetMicros(at, event.mutable_received_at());
  return event;
}

/// The owner of one stream over a log that it appends to.
class Owner {
 public:
  explicit Owner(Controls controls = BothPacks()) : controls_(std::move(controls)) {
    stream_.state.set_stream_id("s");
  }

  void Fold(const v1::Event& event) {
    std::vector<v1::Event> queue = {event};
    for (size_t i = 0; i < queue.size(); ++i) {
      const v1::Event next = queue[i];
      const auto it = index_.find({next.source(), next.id()});
      const auto known = it == index_.end() ? std::nullopt : std::optional(it->second);
      const LoadEvents load = [this]() -> absl::StatusOr<std::vector<v1::StoredEvent>> {
        return log_;
      };
      const auto step = ApplyEvent(next, known, controls_, true, load, &stream_);
      ASSERT_TRUE(step.ok());
      if (!step->applied) continue;
      auto& stored = log_.emplace_back();
      stored.set_revision(log_.size());
      stored.set_known_us(step->known_us);
      *stored.mutable_event() = next;
      if (next.source() == kEngineSource) said_.push_back(CanonicalBytes(next));
      if (step->identity != IdentityOutcome::kSuperseded) {
        auto& entry = index_[{next.source(), next.id()}];
        entry.set_version(VersionOf(next));
        entry.set_digest(next.submission_digest());
      }
      queue.insert(queue.end(), step->derived.begin(), step->derived.end());
    }
  }

  const Controls& controls() const { return controls_; }
  const HotStream& stream() const { return stream_; }
  int64_t Due() { return NextTimer(controls_, &stream_); }
  const std::vector<v1::StoredEvent>& log() const { return log_; }
  const std::vector<std::string>& said() const { return said_; }

 private:
  Controls controls_;
  HotStream stream_;
  std::map<std::pair<std::string, std::string>, v1::EventIndexEntry> index_;
  std::vector<v1::StoredEvent> log_;
  std::vector<std::string> said_;
};

inline void Stamp(int64_t received, v1::Event* event) {
  SetMicros(received, event->mutable_received_at());
  event->set_submission_digest(SubmissionDigest(*event));
}

inline v1::Event Registration() {
  v1::Event event;
  event.set_source("directory");
  event.set_id("service");
  auto* service = event.mutable_service_registered();
  service->set_beds(40);
  service->set_service_type(v1::SERVICE_TYPE_CARE_HOME_RESIDENTIAL);
  service->add_commissioners("herefordshire-council");
  service->set_health_commissioned(true);
  Stamp(kStart, &event);
  return event;
}

}  // namespace trigpoint
