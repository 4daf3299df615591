#include "services/query/alert_hub.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "services/query/outside.h"
#include "services/query/present.h"
#include "trigpoint/base/status.h"
#include "trigpoint/domain/record.h"
#include "trigpoint/events/times.h"
#include "trigpoint/policy/alerts.h"

namespace trigpoint {
namespace {

constexpr size_t kQueueMax = 64;
/// Alerts looked at before the next watch has its turn.
constexpr size_t kTurn = 128;
constexpr size_t kWatchesMax = 1024;

}  // namespace

AlertWatch::AlertWatch(AlertHub* hub, QueryCore* core, const ResumeTokens* tokens, Opening opening)
    : hub_(hub),
      core_(core),
      tokens_(tokens),
      call_(std::move(opening.call)),
      principal_(std::move(opening.principal)),
      heartbeat_(opening.heartbeat),
      position_(std::move(opening.position)),
      next_heartbeat_(Clock::now()) {}

size_t AlertWatch::Room() {
  const absl::MutexLock lock(&mu_);
  if (closing_) return 0;
  starved_ = queue_.size() >= kQueueMax;
  return starved_ ? 0 : kQueueMax - queue_.size();
}

bool AlertWatch::Pump(Clock::time_point now) {
  const absl::StatusOr<bool> more = Fill();
  if (!more.ok()) {
    next_heartbeat_ = now + heartbeat_;
    // What cannot be read must not be skipped: the client resumes from its last token.
    Close(ToGrpc(absl::UnavailableError("alerts cannot be read now; resume from the last token"),
                 "ALERTS_UNREADABLE"));
    return false;
  }
  if (*more) return true;
  if (now < next_heartbeat_) return false;
  next_heartbeat_ = now + heartbeat_;
  {
    const absl::MutexLock lock(&mu_);
    if (closing_ || writing_ || !queue_.empty())
      return false;  // What is sent already shows that it lives.
  }
  v1::WatchAlertsResponse response;
  response.set_resume_token(tokens_->Make(position_));
  SetMicros(core_->Now(), response.mutable_heartbeat()->mutable_at());
  Enqueue(std::move(response));
  return false;
}

absl::StatusOr<bool> AlertWatch::Fill() {
  size_t looked_at = 0;
  for (uint32_t p = 0; p < position_.next.size(); ++p) {
    while (true) {
      const size_t limit = std::min(Room(), kTurn);
      if (limit == 0) return false;  // OnWriteDone wakes the hub.
      TP_ASSIGN_OR_RETURN(const auto alerts,
                          core_->projector().AlertsFrom({p, position_.next[p]}, limit));
      for (const auto& at : alerts) TP_RETURN_IF_ERROR(Take(at));
      if (alerts.size() < limit) break;
      looked_at += alerts.size();
      if (looked_at >= kTurn) return true;
    }
  }
  return false;
}

absl::Status AlertWatch::Take(const Projector::AlertPosition& at) {
  TP_ASSIGN_OR_RETURN(StreamAsOf stream, core_->projector().Read(at.stream_id));
  const v1::AlertRecord* alert = FindAlert(&stream.record, at.alert_id);
  if (alert == nullptr) return absl::InternalError("an alert of the index is not in its record");
  const uint32_t p = at.position.partition;
  const bool shown = at.position.offset >= position_.open_until[p] || !IsAnswered(*alert);
  position_.next[p] = at.position.offset + 1;
  if (!shown || IsToldWithAnother(alert->alert(), stream.record, stream.state))
    return absl::OkStatus();
  TP_ASSIGN_OR_RETURN(const auto trace, core_->traces.Of(at.stream_id, stream.state.revision()));
  v1::WatchAlertsResponse response;
  response.set_resume_token(tokens_->Make(position_));
  *response.mutable_alert() =
      PresentAlert(*alert, stream, {.trace = *trace, .veil = core_->veil}, core_->Now());
  if (IsOutside(principal_, stream.state)) HideSmallNumbers(stream.state, response.mutable_alert());
  Enqueue(std::move(response));
  return absl::OkStatus();
}

void AlertWatch::Enqueue(v1::WatchAlertsResponse response) {
  {
    const absl::MutexLock lock(&mu_);
    if (closing_) return;
    queue_.push_back(std::move(response));
  }
  Proceed();
}

void AlertWatch::Proceed() {
  bool finish = false;
  grpc::Status status;
  {
    const absl::MutexLock lock(&mu_);
    if (writing_ || finished_ || (!closing_ && queue_.empty())) return;
    if (closing_) {
      finished_ = finish = true;
      status = status_;
    } else {
      out_ = std::move(queue_.front());
      queue_.pop_front();
      writing_ = true;
    }
  }
  // Outside the lock: reactions may follow at once. One write in flight, so out_ stands until
  // OnWriteDone. No buffer hint: on the first message it would hold the stream back
  // (grpc/grpc#34231).
  if (finish) {
    call_->Ended(status);
    Finish(status);
  } else {
    StartWrite(&out_);
  }
}

void AlertWatch::Close(grpc::Status status) {
  {
    const absl::MutexLock lock(&mu_);
    if (closing_) return;
    closing_ = true;
    status_ = std::move(status);
    queue_.clear();
  }
  Proceed();
}

void AlertWatch::Drain() {
  ErrorMetadata metadata;
  {
    const absl::MutexLock lock(&mu_);
    if (!out_.resume_token().empty()) metadata["resume_token"] = out_.resume_token();
  }
  Close(Draining("the node is stopping; resume from the last token", metadata));
}

void AlertWatch::OnWriteDone(bool ok) {
  bool wake = false;
  {
    const absl::MutexLock lock(&mu_);
    writing_ = false;
    if (!ok && !closing_) {
      closing_ = true;
      status_ = grpc::Status(grpc::StatusCode::UNAVAILABLE, "the client is gone");
    }
    wake = starved_ && !closing_ && queue_.size() <= kQueueMax / 4;
  }
  Proceed();
  if (wake) hub_->Wake();
}

void AlertWatch::OnCancel() { Close(grpc::Status::CANCELLED); }

void AlertWatch::OnDone() { hub_->Remove(this); }

AlertHub::AlertHub(QueryCore* core) : core_(core), thread_([this] { Run(); }) {
  core_->projector().OnAlerts([signal = signal_, more = core_->deps.on_alerts] {
    signal->Raise();
    if (more) more();
  });
}

AlertHub::~AlertHub() {
  core_->projector().OnAlerts(nullptr);
  {
    const absl::MutexLock lock(&signal_->mu);
    signal_->stop = true;
  }
  thread_.join();
}

grpc::Status AlertHub::Add(std::shared_ptr<AlertWatch> watch) {
  {
    const absl::MutexLock lock(&mu_);
    if (draining_) return Draining("the node is stopping");
    if (watches_.size() >= kWatchesMax)
      return ToGrpc(absl::ResourceExhaustedError("too many watches at once"), "BUSY");
    watches_.insert(std::move(watch));
  }
  Wake();
  return grpc::Status::OK;
}

void AlertHub::Drain() {
  {
    const absl::MutexLock lock(&mu_);
    draining_ = true;
  }
  for (const auto& watch : Watches()) watch->Drain();
}

void AlertHub::Remove(const AlertWatch* watch) {
  std::shared_ptr<AlertWatch> last;  // Released after the lock.
  const absl::MutexLock lock(&mu_);
  const auto it = std::find_if(watches_.begin(), watches_.end(),
                               [watch](const auto& w) { return w.get() == watch; });
  if (it == watches_.end()) return;
  last = *it;
  watches_.erase(it);
}

std::vector<std::shared_ptr<AlertWatch>> AlertHub::Watches() {
  const absl::MutexLock lock(&mu_);
  return {watches_.begin(), watches_.end()};
}

void AlertHub::Run() {
  const auto ready = [this] {
    signal_->mu.AssertHeld();
    return signal_->raised || signal_->stop;
  };
  absl::Duration wait = absl::InfiniteDuration();
  while (true) {
    {
      const absl::MutexLock lock(&signal_->mu);
      signal_->mu.AwaitWithTimeout(absl::Condition(&ready), wait);
      if (signal_->stop) return;
      signal_->raised = false;
    }
    bool more = false;
    AlertWatch::Clock::time_point next = AlertWatch::Clock::time_point::max();
    const auto now = AlertWatch::Clock::now();
    for (const auto& watch : Watches()) {
      more = watch->Pump(now) || more;
      next = std::min(next, watch->next_heartbeat());
    }
    if (more) {
      wait = absl::ZeroDuration();
    } else if (next == AlertWatch::Clock::time_point::max()) {
      wait = absl::InfiniteDuration();
    } else {
      wait = std::max(absl::Milliseconds(1), absl::FromChrono(next - AlertWatch::Clock::now()));
    }
  }
}

}  // namespace trigpoint
