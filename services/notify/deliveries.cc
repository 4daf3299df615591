#include "services/notify/deliveries.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "services/notify/schedule.h"
#include "services/notify/signature.h"
#include "trigpoint/base/reason.h"
#include "trigpoint/base/status.h"
#include "trigpoint/events/times.h"
#include "trigpoint/telemetry/logging.h"

namespace trigpoint {
namespace {

/// Clocks are set: the next digest is looked for at least as often.
constexpr Micros kLookAgain = 5 * kMicrosPerSecond;
constexpr Micros kAfterTrouble = kMicrosPerSecond;
constexpr size_t kDeadLettersShown = 1000;
constexpr Micros kNeverGivenUp = 100'000 * kMicrosPerDay;
/// For the attempts under way when the node stops.
constexpr absl::Duration kLastAttempts = absl::Seconds(1);

}  // namespace

Deliveries::Deliveries(const DeliveriesDeps& deps, std::vector<WebhookConfig> webhooks,
                       std::unique_ptr<Outbox> outbox)
    : deps_(deps),
      webhooks_(std::move(webhooks)),
      outbox_(std::move(outbox)),
      taker_({.projector = deps_.projector,
              .outbox = outbox_.get(),
              .log_id = deps_.log_id,
              .now_us = deps_.now_us,
              .secret = deps_.secret},
             webhooks_) {}

Deliveries::~Deliveries() { Stop().IgnoreError(); }

absl::StatusOr<std::unique_ptr<Deliveries>> Deliveries::Open(
    const DeliveriesDeps& deps, const std::vector<WebhookConfig>& webhooks) {
  if (webhooks.empty() && deps.alerts_topic.empty() && !std::filesystem::exists(deps.directory))
    return nullptr;
  TP_RETURN_IF_ERROR(CheckWebhooks(webhooks));
  TP_ASSIGN_OR_RETURN(auto outbox, Outbox::Open({.directory = deps.directory}));
  std::vector<WebhookConfig> endpoints = webhooks;
  if (!deps.alerts_topic.empty())
    endpoints.push_back(AlertsEndpoint(deps.alerts_topic, deps.alerts_organisation));
  std::unique_ptr<Deliveries> made(new Deliveries(deps, std::move(endpoints), std::move(outbox)));
  if (!deps.alerts_topic.empty()) {
    TP_ASSIGN_OR_RETURN(made->alerts_topic_, AlertsTopic::Open(deps.kafka, deps.alerts_topic));
    SenderOptions options;
    options.name = made->webhooks_.back().name;
    options.give_up_after = kNeverGivenUp;
    options.back_off.max = kMicrosPerMinute / 2;
    options.now_us = deps.now_us;
    options.write = [topic = made->alerts_topic_.get()](const auto& message) {
      return topic->Write(message);
    };
    made->senders_[options.name] =
        std::make_unique<Sender>(made->outbox_.get(), deps.metrics, options);
  }
  for (const auto& webhook : webhooks) {
    SenderOptions options;
    options.name = webhook.name;
    options.url = webhook.url;
    options.ca_file = webhook.ca_file;
    TP_ASSIGN_OR_RETURN(options.keys, ReadSecretFile(webhook.secret_file));
    options.timeout_ms = webhook.timeout_seconds * 1000;
    options.give_up_after = webhook.give_up_after_hours * kMicrosPerHour;
    options.now_us = deps.now_us;
    made->senders_[webhook.name] =
        std::make_unique<Sender>(made->outbox_.get(), deps.metrics, std::move(options));
  }
  return made;
}

void Deliveries::Start() {
  for (const auto& [name, sender] : senders_) sender->Start();
  thread_ = std::thread([this] { Run(); });
}

void Deliveries::Wake() {
  const absl::MutexLock lock(&mu_);
  woken_ = true;
}

void Deliveries::BeginStop() {
  {
    const absl::MutexLock lock(&mu_);
    stop_ = true;
  }
  for (const auto& [name, sender] : senders_) sender->BeginStop();
}

absl::Status Deliveries::Stop() {
  BeginStop();
  if (thread_.joinable()) thread_.join();
  if (alerts_topic_ != nullptr) alerts_topic_->Abort();
  const absl::Time until = absl::Now() + kLastAttempts;
  for (const auto& [name, sender] : senders_) sender->Stop(until);
  return outbox_->Close();
}

void Deliveries::Run() {
  const auto ready = [this] {
    mu_.AssertHeld();
    return woken_ || stop_;
  };
  Micros wait = 0;
  while (true) {
    {
      const absl::MutexLock lock(&mu_);
      mu_.AwaitWithTimeout(absl::Condition(&ready), absl::Microseconds(wait));
      if (stop_) return;
      woken_ = false;
    }
    wait = UntilNextDigest();
    if (!noted_absent_) noted_absent_ = taker_.NoteAbsent().ok();
    if (!noted_absent_) wait = kAfterTrouble;
    for (const auto& webhook : webhooks_) wait = std::min(wait, Look(webhook));
  }
}

Micros Deliveries::Look(const WebhookConfig& webhook) {
  const absl::StatusOr<Taken> taken = taker_.Take(webhook);
  if (taken.ok() && taken->queued) senders_[webhook.name]->Wake();
  // Said once, not each second of a full disk.
  const absl::StatusCode code = taken.status().code();
  if (std::exchange(troubles_[webhook.name], code) != code) {
    Log(taken.ok() ? LogLevel::kInfo : LogLevel::kError, "webhook_queueing",
        {{"endpoint", LogId{webhook.name}}, {"code", LogId{absl::StatusCodeToString(code)}}});
  }
  if (!taken.ok()) return kAfterTrouble;
  return taken->more ? 0 : kLookAgain;
}

Micros Deliveries::UntilNextDigest() const {
  const Micros now = deps_.now_us();
  Micros until = kLookAgain;
  for (const auto& webhook : webhooks_) {
    if (webhook.sends_digest)
      until = std::min(until, NextDigestInstant(now, webhook.digest_minute) - now);
  }
  return std::max(until, kMicrosPerMilli);
}

absl::StatusOr<std::vector<std::string>> Deliveries::Names() const {
  TP_ASSIGN_OR_RETURN(const std::vector<std::string> known, outbox_->Endpoints());
  std::set<std::string> names(known.begin(), known.end());
  for (const auto& webhook : webhooks_) names.insert(webhook.name);
  return std::vector<std::string>(names.begin(), names.end());
}

absl::Status Deliveries::Fill(const std::string& endpoint, v1::EndpointStatus* status) {
  TP_ASSIGN_OR_RETURN(const OutboxCounts counts, outbox_->Counts(endpoint));
  TP_ASSIGN_OR_RETURN(const auto letters, outbox_->DeadLetters(endpoint, kDeadLettersShown));
  status->set_endpoint(endpoint);
  status->set_delivered(counts.delivered);
  status->set_waiting(counts.waiting);
  const auto sender = senders_.find(endpoint);
  if (sender == senders_.end()) {
    status->set_last_error("not in the configuration: what waits is kept");
  } else {
    const SenderStatus now = sender->second->Status();
    status->set_attempts(static_cast<int32_t>(now.failed));
    if (now.next_attempt_us != 0) SetMicros(now.next_attempt_us, status->mutable_next_attempt_at());
    status->set_last_error(now.last_error);
  }
  for (const OutboxDeadLetter& letter : letters) {
    v1::DeadLetter* shown = status->add_dead_letters();
    shown->set_message_id(letter.message.id);
    shown->set_alert_id(letter.message.alert_id);
    shown->set_provider(letter.message.provider);
    shown->set_error(letter.failure.reason);
    shown->set_attempts(static_cast<int32_t>(letter.failure.attempts));
    SetMicros(letter.failure.failed_us, shown->mutable_failed_at());
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::ListDeliveriesResponse> Deliveries::List(const std::string& endpoint) {
  TP_ASSIGN_OR_RETURN(const std::vector<std::string> names, Names());
  v1::ListDeliveriesResponse response;
  for (const std::string& name : names) {
    if (!endpoint.empty() && name != endpoint) continue;
    TP_RETURN_IF_ERROR(Fill(name, response.add_endpoints()));
  }
  if (!endpoint.empty() && response.endpoints().empty())
    return WithReason(absl::NotFoundError("there is no such endpoint"), "ENDPOINT_NOT_FOUND");
  return response;
}

absl::StatusOr<int> Deliveries::Retry(const v1::RetryDeliveriesRequest& request) {
  TP_ASSIGN_OR_RETURN(const std::vector<std::string> names, Names());
  if (std::find(names.begin(), names.end(), request.endpoint()) == names.end())
    return WithReason(absl::NotFoundError("there is no such endpoint"), "ENDPOINT_NOT_FOUND");
  TP_ASSIGN_OR_RETURN(const int queued,
                      outbox_->Revive(request.endpoint(), request.message_id(), deps_.now_us()));
  if (queued == 0 && !request.message_id().empty())
    return WithReason(absl::NotFoundError("this endpoint has no such dead letter"),
                      "DEAD_LETTER_NOT_FOUND");
  const auto sender = senders_.find(request.endpoint());
  if (sender != senders_.end()) sender->second->TryNow();
  return queued;
}

}  // namespace trigpoint
