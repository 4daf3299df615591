#include "backfill.h"

#include <algorithm>
#include <limits>
#include <map>
#include <random>
#include <utility>

#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

constexpr int64_t kLast = std::numeric_limits<int64_t>::max();

int64_t ReceivedOf(const v1::Event& event) {
  if (event.has_received_at()) return ToMicros(event.received_at());
  if (event.has_reported_at()) return ToMicros(event.reported_at());
  return event.has_occurred_at() ? ToMicros(event.occurred_at()) : kLast;
}

/// Unlike that of any other run: a run that was broken off is begun again, not continued.
std::string NewBatch() {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::random_device random;
  std::string batch = "backfill-";
  for (int i = 0; i < 16; ++i) batch += kDigits[random() % 16];
  return batch;
}

/// The end that belongs to a start.
v1::SubmitEventsRequest EndOf(const v1::SubmitEventsRequest& start) {
  v1::SubmitEventsRequest end = start;
  v1::Event* event = end.mutable_event();
  event->set_id(event->id() + "/end");
  event->clear_received_at();
  event->mutable_backfill_ended()->set_batch(start.backfill());
  return end;
}

}  // namespace

Backfill::Backfill(const Client& client, size_t window)
    : client_(client), window_(window), batch_(NewBatch()) {}

void Backfill::Add(v1::SubmitEventsRequest item) {
  item.set_backfill(batch_);
  const int64_t received_us = item.has_event() ? ReceivedOf(item.event()) : kLast;
  items_.push_back({received_us, std::move(item)});
}

std::vector<v1::SubmitEventsRequest> Backfill::Starts() const {
  std::map<std::pair<std::string, std::string>, v1::SubmitEventsRequest> starts;
  for (const auto& [received_us, item] : items_) {
    if (!item.has_event() || !item.event().has_subject()) continue;
    const v1::Event& event = item.event();
    v1::SubmitEventsRequest& start = starts[{event.subject().scheme(), event.subject().value()}];
    v1::Event* bracket = start.mutable_event();
    if (bracket->id().empty()) {  // Its items are in order: this is the first.
      start.set_backfill(batch_);
      bracket->set_source(event.source());
      bracket->set_id(batch_ + '/' + event.subject().scheme() + '/' + event.subject().value());
      *bracket->mutable_subject() = event.subject();
      if (received_us != kLast) SetMicros(received_us, bracket->mutable_received_at());
      bracket->mutable_backfill_started()->set_batch(batch_);
    }
    if (!event.has_service_registered()) continue;
    auto* ids = bracket->mutable_backfill_started()->mutable_ids();
    const auto name = [ids](const v1::SubjectRef& id) {
      const bool named = std::any_of(ids->begin(), ids->end(), [&id](const auto& known) {
        return known.scheme() == id.scheme() && known.value() == id.value();
      });
      if (!named) *ids->Add() = id;
    };
    name(event.subject());
    for (const auto& id : event.service_registered().also_known_as()) name(id);
  }
  std::vector<v1::SubmitEventsRequest> list;
  list.reserve(starts.size());
  for (auto& [subject, start] : starts) list.push_back(std::move(start));
  // First those that make a service known: others may name it by another of its ids.
  std::stable_partition(list.begin(), list.end(), [](const v1::SubmitEventsRequest& start) {
    return start.event().backfill_started().ids_size() > 0;
  });
  return list;
}

grpc::Status Backfill::SendBrackets(std::vector<v1::SubmitEventsRequest> brackets,
                                    SubmissionCounts* counts) const {
  SubmitStream stream(client_, window_);
  for (auto& bracket : brackets) {
    if (!stream.Send(std::move(bracket))) break;
  }
  grpc::Status status = stream.Finish();
  *counts = stream.counts();
  return status;
}

grpc::Status Backfill::Run(const std::function<void(uint64_t)>& sent, BackfillResult* result) {
  std::stable_sort(items_.begin(), items_.end(),
                   [](const Item& a, const Item& b) { return a.received_us < b.received_us; });
  const std::vector<v1::SubmitEventsRequest> starts = Starts();
  SubmissionCounts brackets;
  grpc::Status status = SendBrackets(starts, &brackets);
  result->unknown = brackets.outcomes[v1::SUBMISSION_OUTCOME_REFUSED];
  result->services = brackets.streams.size();  // Some are named by several of their ids.
  result->brackets_open = brackets.acknowledged - result->unknown;
  if (!status.ok()) return status;

  SubmitStream stream(client_, window_);
  uint64_t count = 0;
  for (auto& item : items_) {
    sent(++count);
    if (!stream.Send(std::move(item.request))) break;
  }
  items_.clear();
  status = stream.Finish();
  result->counts = stream.counts();
  if (!status.ok()) return status;

  std::vector<v1::SubmitEventsRequest> ends;
  ends.reserve(starts.size());
  for (const auto& start : starts) ends.push_back(EndOf(start));
  status = SendBrackets(std::move(ends), &brackets);
  result->brackets_open -=
      std::min(result->brackets_open,
               brackets.acknowledged - brackets.outcomes[v1::SUBMISSION_OUTCOME_REFUSED]);
  return status;
}

}  // namespace trigpoint
