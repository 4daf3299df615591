#include "services/ingest/submit_stream.h"

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "services/common/rpc_status.h"
#include "trigpoint/events/violation.h"

namespace trigpoint {
namespace {

constexpr size_t kItemsPerTurn = 256;  // Then other calls get their turn on the pool.

v1::SubmitEventsResponse ToResponse(uint64_t sequence, const IntakeAnswer& answer) {
  v1::SubmitEventsResponse response;
  response.set_sequence(sequence);
  response.set_outcome(answer.outcome);
  for (const auto& violation : answer.violations) *response.add_violations() = violation;
  response.set_quarantine_id(answer.quarantine_id);
  response.set_stream_id(answer.stream_id);
  if (answer.position.has_value()) {
    response.mutable_position()->set_partition(answer.position->partition);
    response.mutable_position()->set_offset(answer.position->offset);
  }
  return response;
}

IntakeAnswer RefusedWithoutTrace(std::string_view field, std::string_view rule,
                                 std::string_view description) {
  IntakeAnswer answer;
  answer.outcome = v1::SUBMISSION_OUTCOME_REFUSED;
  answer.violations = {Violation(field, rule, description)};
  return answer;
}

/// One call. Held by itself until OnDone, and by the work and the appends that are under way for
/// it.
class SubmitStream final : public SubmitReactor, public std::enable_shared_from_this<SubmitStream> {
 public:
  SubmitStream(SubmitStreamDeps deps, absl::StatusOr<Principal> caller)
      : deps_(std::move(deps)), caller_(std::move(caller)) {}

  void Begin() {
    self_ = shared_from_this();
    const absl::MutexLock lock(&mu_);
    if (!caller_.ok()) {
      FinishLocked(ToGrpc(caller_.status()));
      return;
    }
    StartRead(&incoming_);
  }

  void OnReadDone(bool ok) override {
    const absl::MutexLock lock(&mu_);
    if (!ok) {
      reads_done_ = true;
      PumpLocked();
      return;
    }
    auto slot = std::make_shared<Slot>();
    slot->sequence = incoming_.sequence();
    slots_.push_back(slot);
    items_.push_back({.slot = std::move(slot), .request = std::move(incoming_)});
    incoming_ = {};
    if (!working_) {
      working_ = true;
      deps_.pool->Run([self = shared_from_this()] { self->Work(); });
    }
    paused_ = slots_.size() >= kUnacknowledgedMax;
    if (!paused_ && !finished_) StartRead(&incoming_);
  }

  void OnWriteDone(bool ok) override {
    const absl::MutexLock lock(&mu_);
    writing_ = false;
    if (!ok) FinishLocked({grpc::StatusCode::CANCELLED, "the caller went away"});
    PumpLocked();
    if (paused_ && !finished_ && slots_.size() < kUnacknowledgedMax) {
      paused_ = false;
      StartRead(&incoming_);
    }
  }

  void OnCancel() override {
    const absl::MutexLock lock(&mu_);
    FinishLocked({grpc::StatusCode::CANCELLED, "the caller went away"});
  }

  void OnDone() override { self_.reset(); }  // The last holder deletes it.

 private:
  /// Place of one acknowledgement.
  struct Slot {
    uint64_t sequence = 0;
    std::optional<absl::StatusOr<IntakeAnswer>> answer;
  };
  struct Item {
    std::shared_ptr<Slot> slot;
    v1::SubmitEventsRequest request;
    bool admitted = false;
  };

  void Work() {
    std::vector<Item> turn;
    {
      const absl::MutexLock lock(&mu_);
      while (!items_.empty() && turn.size() < kItemsPerTurn) {
        turn.push_back(std::move(items_.front()));
        items_.pop_front();
      }
    }
    std::vector<const v1::Event*> events;  // One for each item; null: an item without, or refused.
    for (auto& item : turn) {
      const v1::SubmitEventsRequest& request = item.request;
      item.admitted = Admit(request).ok();
      const bool bracket = request.event().has_backfill_started();
      const bool taken =
          request.has_event() && item.admitted && (!bracket || !request.backfill().empty());
      events.push_back(taken ? &request.event() : nullptr);
    }
    deps_.intake->PrepareKeys(events);
    for (size_t next = 0; next < turn.size() && !IsOver();) {
      const size_t end = next + deps_.intake->PrepareBindings(std::span(events).subspan(next));
      for (; next < end; ++next) Process(std::move(turn[next]));
    }
    const absl::MutexLock lock(&mu_);
    if (finished_) items_.clear();
    working_ = !items_.empty();
    if (working_) deps_.pool->Run([self = shared_from_this()] { self->Work(); });
  }

  absl::Status Admit(const v1::SubmitEventsRequest& request) const {
    Target target;
    target.source = request.has_event() ? request.event().source() : request.unreadable().source();
    target.backfill = !request.backfill().empty();
    return deps_.auth->Check(*caller_, deps_.call->method(), target);
  }

  /// Nothing more is taken; what was not is not acknowledged, so the sender sends it again.
  bool IsOver() {
    const absl::MutexLock lock(&mu_);
    return finished_ || failed_;
  }

  void Process(Item item) {
    if (IsOver()) return;
    v1::SubmitEventsRequest& request = item.request;
    const Origin origin{
        .file = request.file(), .line = request.line(), .backfill = request.backfill()};
    IntakeDone done = [self = shared_from_this(),
                       slot = std::move(item.slot)](absl::StatusOr<IntakeAnswer> answer) {
      self->Answered(*slot, std::move(answer));
    };
    if (!request.has_event() && !request.has_unreadable()) {
      done(RefusedWithoutTrace("item", "REQUIRED",
                               "the item holds neither an event nor an unreadable row"));
    } else if (!item.admitted) {
      // Nothing is kept in the name of a source that is not the caller's.
      done(RefusedWithoutTrace(
          "source", "SOURCE_NOT_OWNED",
          request.backfill().empty()
              ? "the caller may not submit for this source"
              : "the caller may not load history for this source (roles PARTNER and BACKFILL)"));
    } else if (request.has_event()) {
      deps_.intake->Submit(std::move(*request.mutable_event()), origin, false, std::move(done));
    } else {
      deps_.intake->SubmitUnreadable(request.unreadable(), origin, std::move(done));
    }
  }

  void Answered(Slot& slot, absl::StatusOr<IntakeAnswer> answer) {
    const absl::MutexLock lock(&mu_);
    failed_ = failed_ || !answer.ok();
    slot.answer = std::move(answer);
    PumpLocked();
  }

  /// Writes the next acknowledgement that is ready, or ends the call when there is nothing left.
  void PumpLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (finished_ || writing_) return;
    if (slots_.empty()) {
      if (reads_done_) FinishLocked(grpc::Status::OK);
      return;
    }
    const auto& front = slots_.front()->answer;
    if (!front.has_value()) return;
    if (!front->ok()) {
      FinishLocked(ToGrpc(front->status()));
      return;
    }
    outgoing_ = ToResponse(slots_.front()->sequence, **front);
    slots_.pop_front();
    writing_ = true;
    // Never with a buffer hint: a hinted write may complete only with the next one, and that one
    // waits for it.
    StartWrite(&outgoing_);
  }

  void FinishLocked(const grpc::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (finished_) return;
    finished_ = true;
    deps_.call->Ended(status);
    Finish(status);
  }

  const SubmitStreamDeps deps_;
  const absl::StatusOr<Principal> caller_;
  std::shared_ptr<SubmitStream> self_;
  v1::SubmitEventsRequest incoming_;   // Belongs to gRPC while a read is under way.
  v1::SubmitEventsResponse outgoing_;  // Belongs to gRPC while a write is under way.

  absl::Mutex mu_;
  std::deque<std::shared_ptr<Slot>> slots_ ABSL_GUARDED_BY(mu_);
  std::deque<Item> items_ ABSL_GUARDED_BY(mu_);
  bool working_ ABSL_GUARDED_BY(mu_) = false;
  bool paused_ ABSL_GUARDED_BY(mu_) = false;
  bool reads_done_ ABSL_GUARDED_BY(mu_) = false;
  bool writing_ ABSL_GUARDED_BY(mu_) = false;
  bool failed_ ABSL_GUARDED_BY(mu_) = false;
  bool finished_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace

SubmitReactor* StartSubmitStream(SubmitStreamDeps deps, absl::StatusOr<Principal> caller) {
  const auto stream = std::make_shared<SubmitStream>(std::move(deps), std::move(caller));
  stream->Begin();
  return stream.get();
}

}  // namespace trigpoint
