#include "services/common/write_gate.h"

#include <future>
#include <memory>
#include <string>
#include <vector>

namespace trigpoint {

EventWriter::EventWriter(EventLog* log, Projector* projector, std::function<int64_t()> now_us)
    : log_(log), projector_(projector), now_us_(std::move(now_us)) {}

void EventWriter::AppendAndFold(uint32_t partition, v1::Event event,
                                std::function<void(absl::StatusOr<Written>)> done) {
  if (projector_->Stalled()) {
    // The little room that the log may have is left to it: nothing appended now would be answered.
    done(absl::ResourceExhaustedError("the disk of the service is full; send it again later"));
    return;
  }
  std::vector<std::string> values(1);
  event.SerializeToString(&values[0]);
  log_->Append(partition, std::move(values),
               [projector = projector_, done = std::move(done)](absl::StatusOr<Position> position) {
                 if (!position.ok()) {
                   done(position.status());
                   return;
                 }
                 const Position at = *position;
                 projector->AwaitFold(at, [at, done](absl::StatusOr<FoldOutcome> outcome) {
                   if (!outcome.ok()) {
                     done(outcome.status());
                   } else {
                     done(Written(at, *std::move(outcome)));
                   }
                 });
               });
}

absl::StatusOr<Written> EventWriter::AppendAndFoldWait(uint32_t partition, v1::Event event) {
  auto promise = std::make_shared<std::promise<absl::StatusOr<Written>>>();
  auto answer = promise->get_future();
  AppendAndFold(partition, std::move(event), [promise](absl::StatusOr<Written> written) {
    promise->set_value(std::move(written));
  });
  return answer.get();
}

}  // namespace trigpoint
