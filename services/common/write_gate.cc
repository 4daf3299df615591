#include "services/common/write_gate.h"

#include <chrono>
#include <future>
#include <memory>
#include <utility>

#include "trigpoint/events/digest.h"

namespace trigpoint {

EventWriter::EventWriter(EventLog* log, Projector* projector, std::function<int64_t()> now_us,
                         Metrics* metrics)
    : log_(log),
      projector_(projector),
      now_us_(std::move(now_us)),
      commit_seconds_(metrics == nullptr ? nullptr : &metrics->CommitSeconds()) {}

void EventWriter::AppendAndFold(uint32_t partition, const v1::Event& event,
                                std::function<void(absl::StatusOr<Written>)> done) {
  Append(partition, {CanonicalBytes(event)}, std::move(done));
}

void EventWriter::Append(uint32_t partition, std::vector<std::string> values,
                         std::function<void(absl::StatusOr<Written>)> done) {
  if (projector_->Stalled()) {
    // The little room that the log may have is left to it: nothing appended now would be answered.
    done(absl::ResourceExhaustedError("the disk of the service is full; send it again later"));
    return;
  }
  const auto begun = std::chrono::steady_clock::now();
  log_->Append(partition, std::move(values),
               [projector = projector_, begun, commit_seconds = commit_seconds_,
                done = std::move(done)](const absl::StatusOr<Appended>& appended) {
                 if (!appended.ok()) {
                   done(appended.status());
                   return;
                 }
                 if (commit_seconds != nullptr) {
                   const std::chrono::duration<double> taken =
                       std::chrono::steady_clock::now() - begun;
                   commit_seconds->Observe(taken.count());
                 }
                 // A partition is folded in order: what holds for the last of them holds for all.
                 const Position at = appended->last;
                 projector->AwaitFold(at, [at, done](absl::StatusOr<FoldOutcome> outcome) {
                   if (!outcome.ok()) {
                     done(outcome.status());
                   } else {
                     done(Written(at, *std::move(outcome)));
                   }
                 });
               });
}

absl::StatusOr<Written> EventWriter::AppendAndFoldWait(uint32_t partition, const v1::Event& event) {
  return AppendWait(partition, {CanonicalBytes(event)});
}

absl::Status EventWriter::AppendAndFoldAllWait(uint32_t partition,
                                               const std::vector<v1::Event>& events) {
  std::vector<std::string> values;
  values.reserve(events.size());
  for (const auto& event : events) values.push_back(CanonicalBytes(event));
  return AppendWait(partition, std::move(values)).status();
}

absl::StatusOr<Written> EventWriter::AppendWait(uint32_t partition,
                                                std::vector<std::string> values) {
  auto promise = std::make_shared<std::promise<absl::StatusOr<Written>>>();
  auto answer = promise->get_future();
  Append(partition, std::move(values),
         [promise](absl::StatusOr<Written> written) { promise->set_value(std::move(written)); });
  return answer.get();
}

}  // namespace trigpoint
