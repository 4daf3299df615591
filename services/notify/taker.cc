#include "services/notify/taker.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "services/notify/message.h"
#include "services/notify/schedule.h"
#include "services/query/outside.h"
#include "services/query/present.h"
#include "trigpoint/base/status.h"
#include "trigpoint/domain/record.h"
#include "trigpoint/events/times.h"
#include "trigpoint/policy/alerts.h"
#include "trigpoint/telemetry/logging.h"

namespace trigpoint {
namespace {

/// Alerts looked at before the checkpoint moves.
constexpr size_t kTurn = 128;

bool IsWanted(const WebhookConfig& webhook, const v1::RapidQualityReviewAlert& alert) {
  return webhook.sends_alerts &&
         std::find(webhook.tiers.begin(), webhook.tiers.end(), alert.tier()) != webhook.tiers.end();
}

/// As of the raising of an alert.
void ForgetDeclinesAfter(int64_t raised_us, v1::ProviderRecord* record) {
  for (auto& alert : *record->mutable_alerts())
    if (alert.declined_us() > raised_us) alert.clear_declined_us();
}

}  // namespace

Taker::Taker(TakerDeps deps, std::vector<WebhookConfig> webhooks)
    : deps_(std::move(deps)),
      veil_(deps_.secret),
      traces_(deps_.projector),
      webhooks_(std::move(webhooks)) {}

absl::Status Taker::NoteAbsent() {
  TP_ASSIGN_OR_RETURN(const std::vector<std::string> names, deps_.outbox->Endpoints());
  for (const std::string& name : names) {
    const bool configured = std::any_of(webhooks_.begin(), webhooks_.end(),
                                        [&name](const auto& w) { return w.name == name; });
    TP_ASSIGN_OR_RETURN(std::optional<OutboxProgress> progress, deps_.outbox->Progress(name));
    if (configured || !progress.has_value() || progress->away) continue;
    progress->away = true;
    OutboxChange change;
    change.progress = std::move(progress);
    TP_RETURN_IF_ERROR(deps_.outbox->Apply(name, change));
  }
  return absl::OkStatus();
}

std::vector<int64_t> Taker::Committed() const {
  std::vector<int64_t> committed = deps_.projector->Committed();
  committed.resize(deps_.projector->provider_partitions());
  return committed;
}

absl::StatusOr<bool> Taker::Fits(const OutboxProgress& progress) const {
  const uint32_t partitions = deps_.projector->provider_partitions();
  if (progress.log_id != deps_.log_id || progress.next.size() != partitions) return false;
  for (uint32_t p = 0; p < partitions; ++p) {
    TP_ASSIGN_OR_RETURN(const int64_t head, deps_.projector->log().HeadOffset(p));
    if (progress.next[p] > head) return false;
  }
  return true;
}

absl::StatusOr<OutboxProgress> Taker::Begin(const WebhookConfig& webhook) {
  TP_ASSIGN_OR_RETURN(std::optional<OutboxProgress> known, deps_.outbox->Progress(webhook.name));
  bool fits = false;
  if (known.has_value()) {
    TP_ASSIGN_OR_RETURN(fits, Fits(*known));
  }
  if (fits && !known->away) return *std::move(known);
  OutboxProgress progress = known.value_or(OutboxProgress{});
  if (!fits) {
    Log(LogLevel::kInfo, "webhook_begins_with_what_is_open", {{"endpoint", LogId{webhook.name}}});
    progress.log_id = deps_.log_id;
    progress.next.assign(deps_.projector->provider_partitions(), 0);
  }
  progress.open_until = Committed();
  progress.away = false;
  OutboxChange change;
  change.progress = progress;
  TP_RETURN_IF_ERROR(deps_.outbox->Apply(webhook.name, change));
  return progress;
}

absl::Status Taker::TakeAlert(const Projector::AlertPosition& at, const WebhookConfig& webhook,
                              const OutboxProgress& progress, OutboxChange* change) {
  TP_ASSIGN_OR_RETURN(StreamAsOf stream, deps_.projector->Read(at.stream_id));
  const v1::AlertRecord* alert = FindAlert(&stream.record, at.alert_id);
  if (alert == nullptr) return absl::InternalError("an alert of the index is not in its record");
  const bool is_old = at.position.offset < progress.open_until[at.position.partition];
  const bool is_open = !IsAnswered(*alert) && IsOpen(*alert, stream.state);
  if (is_old && !is_open) return absl::OkStatus();
  if (IsToldWithAnother(alert->alert(), stream.record, stream.state)) return absl::OkStatus();
  if (!alert->alert().dispatch()) {
    if (webhook.sends_digest) {
      change->notes.push_back({.sequence = 0, .stream_id = at.stream_id, .alert_id = at.alert_id});
    }
  } else if (IsWanted(webhook, alert->alert())) {
    // As of its raising, so that an endpoint gets the same bytes whenever it is queued.
    v1::AlertRecord raised = *alert;
    raised.clear_acknowledged_us();
    raised.clear_acknowledged_by();
    raised.clear_declined_us();
    ForgetDeclinesAfter(raised.raised_us(), &stream.record);
    TP_ASSIGN_OR_RETURN(const auto trace, traces_.Of(at.stream_id, stream.state.revision()));
    v1::Alert shown =
        PresentAlert(raised, stream, {.trace = *trace, .veil = veil_}, raised.raised_us());
    // A message holds no free text.
    for (auto& decline : *shown.mutable_declines()) decline.clear_reason();
    if (ReceiverIsOutside(webhook.organisation, stream.state))
      HideSmallNumbers(stream.state, &shown);
    change->messages.push_back(AlertMessage(shown, deps_.now_us()));
  }
  return absl::OkStatus();
}

absl::StatusOr<Taken> Taker::Take(const WebhookConfig& webhook) {
  TP_ASSIGN_OR_RETURN(Taken taken, TakeAlerts(webhook));
  if (taken.more) return taken;
  TP_ASSIGN_OR_RETURN(const bool digest, TakeDigest(webhook));
  taken.queued = taken.queued || digest;
  return taken;
}

absl::StatusOr<Taken> Taker::TakeAlerts(const WebhookConfig& webhook) {
  TP_ASSIGN_OR_RETURN(OutboxProgress progress, Begin(webhook));
  OutboxChange change;
  size_t looked_at = 0;
  for (uint32_t p = 0; p < progress.next.size() && looked_at < kTurn; ++p) {
    TP_ASSIGN_OR_RETURN(const auto alerts,
                        deps_.projector->AlertsFrom({p, progress.next[p]}, kTurn - looked_at));
    for (const auto& at : alerts) {
      TP_RETURN_IF_ERROR(TakeAlert(at, webhook, progress, &change));
      progress.next[p] = at.position.offset + 1;
    }
    looked_at += alerts.size();
  }
  if (looked_at == 0) return Taken{};
  change.progress = std::move(progress);
  TP_RETURN_IF_ERROR(deps_.outbox->Apply(webhook.name, change));
  return Taken{.queued = !change.messages.empty(), .more = looked_at >= kTurn};
}

absl::StatusOr<std::vector<v1::Alert>> Taker::Present(const WebhookConfig& webhook,
                                                      const std::vector<OutboxNote>& notes) {
  std::vector<v1::Alert> alerts;
  for (const OutboxNote& note : notes) {
    absl::StatusOr<StreamAsOf> stream = deps_.projector->Read(note.stream_id);
    // Noted before a restore that knows nothing of it: that must not silence the heartbeat.
    if (absl::IsNotFound(stream.status())) continue;
    TP_RETURN_IF_ERROR(stream.status());
    const v1::AlertRecord* alert = FindAlert(&stream->record, note.alert_id);
    if (alert == nullptr) continue;
    TP_ASSIGN_OR_RETURN(const auto trace, traces_.Of(note.stream_id, stream->state.revision()));
    alerts.push_back(
        PresentAlert(*alert, *stream, {.trace = *trace, .veil = veil_}, deps_.now_us()));
    if (ReceiverIsOutside(webhook.organisation, stream->state))
      HideSmallNumbers(stream->state, &alerts.back());
    for (auto& decline : *alerts.back().mutable_declines()) decline.clear_reason();
  }
  return alerts;
}

absl::StatusOr<std::vector<DigestEndpoint>> Taker::TellOfEndpoints() const {
  std::vector<DigestEndpoint> endpoints;
  TP_ASSIGN_OR_RETURN(const std::vector<std::string> names, deps_.outbox->Endpoints());
  for (const std::string& name : names) {
    TP_ASSIGN_OR_RETURN(const OutboxCounts counts, deps_.outbox->Counts(name));
    TP_ASSIGN_OR_RETURN(auto dead, deps_.outbox->DeadLetters(name, kDigestItemsMax));
    endpoints.push_back({.name = name, .counts = counts, .dead = std::move(dead)});
  }
  return endpoints;
}

absl::StatusOr<bool> Taker::TakeDigest(const WebhookConfig& webhook) {
  Outbox& outbox = *deps_.outbox;
  TP_ASSIGN_OR_RETURN(std::optional<OutboxProgress> progress, outbox.Progress(webhook.name));
  const Micros now = deps_.now_us();
  if (!webhook.sends_digest || !progress.has_value() ||
      !IsDigestDue(now, progress->last_digest_us, webhook.digest_minute)) {
    return false;
  }
  DigestContent content;
  content.due_us =
      progress->last_digest_us == 0 ? now : LastDigestInstant(now, webhook.digest_minute);
  content.told_from = deps_.log_id + "\n" + webhook.name;
  TP_ASSIGN_OR_RETURN(const std::vector<std::string> told_before, outbox.Told(webhook.name));
  const std::set<std::string> told(told_before.begin(), told_before.end());
  TP_ASSIGN_OR_RETURN(Awaiting awaiting, GatherAwaiting(*deps_.projector, told, veil_, &traces_));
  TP_ASSIGN_OR_RETURN(const auto notes, outbox.Notes(webhook.name, kDigestItemsMax));
  TP_ASSIGN_OR_RETURN(content.attached, Present(webhook, notes));
  TP_ASSIGN_OR_RETURN(content.endpoints, TellOfEndpoints());
  content.recommendations = std::move(awaiting.fresh);
  content.more_recommendations = awaiting.more_fresh;
  content.awaiting_decision = awaiting.ids.size();
  content.open_alerts = awaiting.open_alerts;
  TP_ASSIGN_OR_RETURN(Silent silent, GatherSilent(*deps_.projector, webhook.organisation));
  content.feeds_silent = silent.feeds;
  content.silent_services = std::move(silent.services);
  // A new endpoint is not told of everything that was ever late.
  const Micros since =
      progress->last_digest_us == 0 ? content.due_us - kMicrosPerDay : progress->last_digest_us;
  TP_ASSIGN_OR_RETURN(Since found, GatherSince(*deps_.projector, since, content.due_us,
                                               webhook.organisation, veil_, &traces_));
  content.fell_overdue = std::move(found.overdue.fell);
  content.more_fell_overdue = found.overdue.more;
  content.overdue = found.overdue.all;
  content.uncorroborated = std::move(found.uncorroborated);

  OutboxChange change;
  change.messages.push_back(DigestMessage(content, now));
  for (const auto& note : notes) change.notes_told.push_back(note.sequence);
  change.told = std::move(awaiting.fresh_ids);
  std::set_difference(told.begin(), told.end(), awaiting.ids.begin(), awaiting.ids.end(),
                      std::back_inserter(change.told_no_more));
  progress->last_digest_us = content.due_us;
  change.progress = std::move(progress);
  TP_RETURN_IF_ERROR(outbox.Apply(webhook.name, change));
  return true;
}

}  // namespace trigpoint
