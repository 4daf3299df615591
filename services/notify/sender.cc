#include "services/notify/sender.h"

#include <algorithm>
#include <utility>

#include "absl/time/time.h"
#include "services/notify/signature.h"
#include "services/notify/verdict.h"
#include "trigpoint/base/status.h"
#include "trigpoint/telemetry/logging.h"

namespace trigpoint {
namespace {

constexpr Micros kOutboxPause = kMicrosPerSecond;
constexpr Micros kForEver = 1000 * kMicrosPerDay;

}  // namespace

Sender::Sender(Outbox* outbox, Metrics* metrics, SenderOptions options)
    : outbox_(outbox),
      options_(std::move(options)),
      started_us_(options_.now_us()),
      delivered_(&metrics->WebhookDelivered(options_.name)),
      failed_attempts_(&metrics->WebhookFailedAttempts(options_.name)),
      waiting_(&metrics->WebhookWaiting(options_.name)),
      dead_(&metrics->WebhookDeadLetters(options_.name)),
      random_(std::random_device{}()) {}

Sender::~Sender() { Stop(absl::InfinitePast()); }

void Sender::Start() {
  {
    const absl::MutexLock lock(&mu_);
    ended_ = false;
  }
  Export();
  thread_ = std::thread([this] { Run(); });
}

void Sender::BeginStop() {
  const absl::MutexLock lock(&mu_);
  stop_ = true;
}

void Sender::Stop(absl::Time until) {
  BeginStop();
  {
    const absl::MutexLock lock(&mu_);
    mu_.AwaitWithDeadline(absl::Condition(&ended_), until);
  }
  client_.Abort();
  if (thread_.joinable()) thread_.join();
}

void Sender::Wake() {
  const absl::MutexLock lock(&mu_);
  woken_ = true;
}

void Sender::TryNow() {
  const absl::MutexLock lock(&mu_);
  woken_ = true;
  try_now_ = true;
}

SenderStatus Sender::Status() const {
  const absl::MutexLock lock(&mu_);
  return status_;
}

bool Sender::stopping() const {
  const absl::MutexLock lock(&mu_);
  return stop_;
}

bool Sender::Rest(Micros at_most, bool ends_with_wake) {
  const absl::MutexLock lock(&mu_);
  const auto over = [this, ends_with_wake] {
    mu_.AssertHeld();
    return stop_ || try_now_ || (ends_with_wake && woken_);
  };
  mu_.AwaitWithTimeout(absl::Condition(&over), absl::Microseconds(at_most));
  try_now_ = false;
  if (ends_with_wake) woken_ = false;
  return !stop_;
}

void Sender::Run() {
  while (!stopping()) {
    if (!Step() && !Rest(kForEver, true)) break;
  }
  const absl::MutexLock lock(&mu_);
  ended_ = true;
}

bool Sender::Step() {
  const auto front = outbox_->Front(options_.name);
  if (!front.ok()) {
    Log(LogLevel::kError, "webhook_queue_unreadable",
        {{"endpoint", LogId{options_.name}},
         {"code", LogId{absl::StatusCodeToString(front.status().code())}}});
    Clear("the queue cannot be read: " + absl::StatusCodeToString(front.status().code()));
    return Rest(kOutboxPause, true);
  }
  Export();
  if (!front->has_value()) return false;
  Attempt(**front);
  return true;
}

absl::StatusOr<HttpAnswer> Sender::Post(const OutboxMessage& message) {
  const Micros now = options_.now_us();
  const int64_t timestamp_s = now / kMicrosPerSecond;
  HttpRequest request;
  request.method = HttpMethod::kPost;
  request.url = options_.url;
  request.ca_file = options_.ca_file;
  request.timeout_ms = options_.timeout_ms;
  request.body = message.body;
  request.headers = {"Content-Type: application/json",
                     std::string("User-Agent: trigpoint/") + TRIGPOINT_VERSION,
                     "Expect:",
                     "webhook-id: " + message.id,
                     "webhook-timestamp: " + std::to_string(timestamp_s),
                     "webhook-signature: " + Signature(options_.keys, {.id = message.id,
                                                                       .timestamp_s = timestamp_s,
                                                                       .body = message.body})};
  return options_.post ? options_.post(request) : client_.Send(request);
}

void Sender::Taken(const OutboxMessage& message) {
  Settle([&] { return outbox_->Delivered(options_.name, message.sequence); });
  delivered_->Increment();
  Clear("");
  Log(LogLevel::kDebug, "webhook_delivered",
      {{"endpoint", LogId{options_.name}}, {"message", LogId{message.id}}});
}

void Sender::AttemptWrite(const OutboxMessage& message) {
  const absl::Status written = options_.write(message);
  if (absl::IsCancelled(written)) return;  // Stopped: it stays in front.
  if (written.ok()) {
    Taken(message);
  } else if (absl::IsInvalidArgument(written)) {
    failed_attempts_->Increment();
    GiveUp(message, std::string(written.message()));
  } else {
    Failed(message, {.error = std::string(written.message()),
                     .code = absl::StatusCodeToString(written.code())});
  }
  Export();
}

void Sender::Attempt(const OutboxMessage& message) {
  if (options_.write) return AttemptWrite(message);
  const absl::StatusOr<HttpAnswer> answer = Post(message);
  if (absl::IsCancelled(answer.status())) return;  // Stopped: it stays in front.
  if (!answer.ok()) {
    Failed(message, {.error = std::string(answer.status().message()),
                     .code = absl::StatusCodeToString(answer.status().code())});
    return;
  }
  const std::string http = "HTTP " + std::to_string(answer->status);
  switch (Judge(answer->status)) {
    case Verdict::kTaken:
      Taken(message);
      break;
    case Verdict::kRefused:
      failed_attempts_->Increment();
      GiveUp(message, http);
      break;
    case Verdict::kAgain:
      Failed(message, {.error = http,
                       .code = "HTTP_" + std::to_string(answer->status),
                       .retry_after = answer->retry_after});
      break;
  }
  Export();
}

void Sender::Failed(const OutboxMessage& message, const Failure& failure) {
  failed_attempts_->Increment();
  const Micros now = options_.now_us();
  // While the node did not run nothing could be tried: that time does not count.
  if (now - std::max(message.queued_us, started_us_) >= options_.give_up_after) {
    GiveUp(message, failure.error + "; given up");
    return;
  }
  Micros wait = 0;
  uint32_t failed = 0;
  {
    const absl::MutexLock lock(&mu_);
    failed = ++status_.failed;
    const double random = std::uniform_real_distribution<double>(0, 1)(random_);
    wait = BackOff(options_.back_off, failed, random, failure.retry_after);
    status_.next_attempt_us = now + wait;
    status_.last_error = failure.error;
  }
  Log(LogLevel::kWarning, "webhook_attempt_failed",
      {{"endpoint", LogId{options_.name}},
       {"message", LogId{message.id}},
       {"code", LogId{failure.code}},
       {"failed", failed},
       {"next_in_ms", wait / kMicrosPerMilli}});
  Export();
  static_cast<void>(Rest(wait, false));
}

void Sender::GiveUp(const OutboxMessage& message, const std::string& reason) {
  uint32_t attempts = 0;
  {
    const absl::MutexLock lock(&mu_);
    attempts = status_.failed + 1;
  }
  const OutboxFailure failure{
      .reason = reason, .attempts = attempts, .failed_us = options_.now_us()};
  Settle([&] { return outbox_->Bury(options_.name, message.sequence, failure); });
  Clear(reason);
  Log(LogLevel::kError, "webhook_dead_letter",
      {{"endpoint", LogId{options_.name}}, {"message", LogId{message.id}}, {"attempts", attempts}});
}

void Sender::Settle(const std::function<absl::Status()>& change) {
  absl::Status changed = change();
  if (changed.ok()) return;
  Log(LogLevel::kError, "webhook_outbox_failed",
      {{"endpoint", LogId{options_.name}},
       {"code", LogId{absl::StatusCodeToString(changed.code())}}});
  while (!changed.ok() && Rest(kOutboxPause, false)) changed = change();
}

void Sender::Clear(const std::string& last_error) {
  const absl::MutexLock lock(&mu_);
  status_ = {.failed = 0, .next_attempt_us = 0, .last_error = last_error};
}

void Sender::Export() {
  const auto counts = outbox_->Counts(options_.name);
  if (!counts.ok()) return;
  waiting_->Set(static_cast<double>(counts->waiting));
  dead_->Set(static_cast<double>(counts->dead));
}

}  // namespace trigpoint
