#include "services/ingest/waiting_release.h"

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "trigpoint/telemetry/logging.h"

namespace trigpoint {
namespace {

/// How long nothing was to be done before it looks through everything again: whoever took a record
/// that was known by then may have ended before it released it.
constexpr absl::Duration kIdleLook = absl::Minutes(1);

}  // namespace

WaitingRelease::WaitingRelease(Projector* projector, Intake* intake)
    : projector_(projector), intake_(intake) {}

WaitingRelease::~WaitingRelease() { Stop(); }

void WaitingRelease::Start() {
  intake_->OnReleasable([this](v1::Event event, std::string stream_id) {
    Add({.event = std::move(event), .stream_id = std::move(stream_id), .owned = false});
  });
  projector_->OnBindings([this](const std::vector<v1::SubjectRef>& ids) { Bound(ids); });
  const auto look_again = [this] {
    const absl::MutexLock lock(&mu_);
    look_again_ = true;
  };
  projector_->OnBackfillsEnded(look_again);
  projector_->OnOwned(look_again);
  LookThroughAll();
  thread_ = std::thread([this] { Work(); });
}

void WaitingRelease::Stop() {
  {
    const absl::MutexLock lock(&mu_);
    stop_ = true;
  }
  if (!thread_.joinable()) return;
  thread_.join();
  projector_->OnBindings(nullptr);
  projector_->OnBackfillsEnded(nullptr);
  projector_->OnOwned(nullptr);
}

void WaitingRelease::LookThroughAll() {
  for (auto& event : projector_->AllWaiting()) {
    if (auto stream_id = intake_->StreamOfWaiting(event))
      Add({.event = std::move(event), .stream_id = *std::move(stream_id), .owned = true});
  }
}

void WaitingRelease::Bound(const std::vector<v1::SubjectRef>& ids) {
  const absl::MutexLock lock(&mu_);
  bound_.insert(bound_.end(), ids.begin(), ids.end());
}

void WaitingRelease::Add(Ready ready) {
  if (!IsMine(ready)) return;  // Its owner looks for it; whoever takes it over looks again.
  const absl::MutexLock lock(&mu_);
  ready_.push_back(std::move(ready));
}

bool WaitingRelease::IsMine(const Ready& ready) const {
  return !ready.owned || projector_->Owns(projector_->PartitionFor(ready.event.stream_id()));
}

void WaitingRelease::Work() {
  while (true) {
    std::deque<v1::SubjectRef> bound;
    bool look_again = false;
    Ready next;
    {
      absl::MutexLock lock(&mu_);
      const auto wanted = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
        return stop_ || look_again_ || !bound_.empty() || !ready_.empty();
      };
      if (!mu_.AwaitWithTimeout(absl::Condition(&wanted), kIdleLook)) look_again_ = true;
      if (stop_) return;
      bound.swap(bound_);
      std::swap(look_again, look_again_);
      if (bound.empty() && !look_again) {
        next = std::move(ready_.front());
        ready_.pop_front();
      }
    }
    for (const auto& id : bound) {
      const auto stream_id = projector_->StreamOf(id.scheme(), id.value());
      for (auto& event : projector_->WaitingFor(id.scheme(), id.value()))
        Add({.event = std::move(event), .stream_id = stream_id.value_or(""), .owned = true});
    }
    if (look_again) LookThroughAll();
    if (look_again || !bound.empty()) continue;
    if (!IsMine(next)) continue;
    if (intake_->InBackfill(next.stream_id)) continue;  // Its end looks through everything again.
    const absl::Status status = intake_->Release(next.event, next.stream_id);
    if (status.ok()) {
      Log(LogLevel::kDebug, "waiting_released", {{"stream", LogId{next.stream_id}}});
      continue;
    }
    Log(LogLevel::kWarning, "waiting_release_failed",
        {{"stream", LogId{next.stream_id}}, {"code", static_cast<int>(status.code())}});
    absl::MutexLock lock(&mu_);
    ready_.push_back(std::move(next));
    mu_.AwaitWithTimeout(absl::Condition(&stop_), absl::Seconds(1));
  }
}

}  // namespace trigpoint
