#include "services/ingest/clock.h"

#include <algorithm>

#include "absl/time/time.h"
#include "trigpoint/base/time.h"
#include "trigpoint/domain/record.h"
#include "trigpoint/engine/stream_step.h"
#include "trigpoint/events/times.h"
#include "trigpoint/telemetry/logging.h"

namespace trigpoint {
namespace {

constexpr size_t kTimersPerPartition = 500;

}  // namespace

v1::Event TimeEventOf(int64_t due_us, const std::string& stream_id) {
  v1::Event event;
  event.set_source(kTimeSource);
  event.set_source_version(1);
  event.set_stream_id(stream_id);
  SetMicros(due_us + 1, event.mutable_received_at());
  const CivilDate day = LondonDate(due_us);
  if (LondonMidnight(day) == due_us) {
    event.set_id("day/" + FormatDate(day) + "/" + stream_id);
    v1::Date* started = event.mutable_day_started()->mutable_day();
    started->set_year(day.year);
    started->set_month(day.month);
    started->set_day(day.day);
    return event;
  }
  event.set_id(TimerKey(stream_id, due_us));
  event.mutable_deadline_passed()->set_timer_key(event.id());
  SetMicros(due_us, event.mutable_deadline_passed()->mutable_due_at());
  return event;
}

Clock::Clock(Projector* projector, EventWriter* writer, ControlPublisher* controls,
             BaselinePublisher* baselines, const ClockOptions& options)
    : projector_(projector),
      writer_(writer),
      controls_(controls),
      baselines_(baselines),
      options_(options),
      started_us_(writer->Now()) {}

Clock::~Clock() { Stop(); }

void Clock::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Clock::Stop() {
  {
    const absl::MutexLock lock(&mu_);
    stop_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

int64_t Clock::LastBaseline() const {
  // Never yet: a minute after the start.
  int64_t last = started_us_ - options_.baseline_period_us + kMicrosPerMinute;
  const auto controls = projector_->ControlsOfPartition(projector_->control_partition());
  for (const auto& control : controls->state().controls()) {
    if (control.has_peer_baseline_published())
      last = std::max(last, ToMicros(control.received_at()));
  }
  return last;
}

void Clock::Run() {
  while (true) {
    {
      absl::MutexLock lock(&mu_);
      if (mu_.AwaitWithTimeout(absl::Condition(&stop_), absl::Milliseconds(options_.period_ms)))
        return;
    }
    FireTimers();
    Publish();
  }
}

void Clock::FireTimers() {
  const auto due = projector_->DueTimers(writer_->Now() - options_.grace_us, kTimersPerPartition);
  const std::set<std::pair<int64_t, std::string>> present(due.begin(), due.end());
  if (failed_->exchange(false))
    in_flight_.clear();  // Appended again: the fold drops what is there already.
  // What is no longer due was folded; what is still due and in flight is on its way.
  std::erase_if(in_flight_, [&present](const auto& timer) { return present.count(timer) == 0; });
  for (const auto& timer : due) {
    if (!projector_->Owns(projector_->PartitionFor(timer.second))) continue;
    if (!in_flight_.insert(timer).second) continue;
    writer_->AppendAndFold(projector_->PartitionFor(timer.second),
                           TimeEventOf(timer.first, timer.second),
                           [failed = failed_](const absl::StatusOr<Written>& written) {
                             if (written.ok()) return;
                             failed->store(true);
                             Log(LogLevel::kWarning, "timer_append_failed",
                                 {{"code", static_cast<int>(written.status().code())}});
                           });
  }
}

void Clock::Publish() {
  const int64_t now_us = writer_->Now();
  if (now_us < publish_after_us_) return;
  const absl::Status copied = controls_->EnsureCopies(now_us - options_.copy_after_us);
  if (!copied.ok()) {
    publish_after_us_ = now_us + kMicrosPerMinute;
    Log(LogLevel::kWarning, "control_copy_failed", {{"code", static_cast<int>(copied.code())}});
    return;
  }
  // Another process may have published them, and this one own the control partition since.
  if (!projector_->Owns(projector_->control_partition())) return;
  if (now_us < LastBaseline() + options_.baseline_period_us) return;
  const auto published = baselines_->Publish();
  if (published.ok()) return;
  publish_after_us_ = now_us + kMicrosPerMinute;
  Log(LogLevel::kWarning, "baselines_failed",
      {{"code", static_cast<int>(published.status().code())}});
}

}  // namespace trigpoint
