#include "group_lease.h"

#include <algorithm>

namespace trigpoint {

void GroupLease::Sent(GroupRequest request) {
  const std::lock_guard lock(mutex_);
  switch (request) {
    case GroupRequest::kHeartbeat:
      if (candidate_ns_ != 0) heard_ns_ = std::max(heard_ns_, candidate_ns_);
      candidate_ns_ = 0;
      in_flight_ns_ = answer_ns_;
      return;
    case GroupRequest::kLeave:
      heard_ns_ = 0;
      [[fallthrough]];
    case GroupRequest::kJoin:
      // Perhaps because the last heartbeat was refused: its answer proves nothing.
      candidate_ns_ = in_flight_ns_ = 0;
      return;
    case GroupRequest::kSync:
    case GroupRequest::kOther:
      return;
  }
}

void GroupLease::Answered(GroupRequest request, int64_t now_ns) {
  if (request == GroupRequest::kOther || request == GroupRequest::kLeave) return;
  const std::lock_guard lock(mutex_);
  answer_ns_ = now_ns;
  if (request == GroupRequest::kJoin) join_ns_ = now_ns;
  if (request == GroupRequest::kHeartbeat) candidate_ns_ = in_flight_ns_;
}

void GroupLease::Begin() {
  const std::lock_guard lock(mutex_);
  held_ = true;
  ran_out_ = false;
  // The sync that gave us the partitions left after this, and the session was counted from it.
  heard_ns_ = join_ns_;
}

void GroupLease::End() {
  const std::lock_guard lock(mutex_);
  held_ = false;
}

bool GroupLease::Lasts(int64_t now_ns) {
  const std::lock_guard lock(mutex_);
  if (!held_) return false;
  if (heard_ns_ == 0 || now_ns >= heard_ns_ + session_ns_) ran_out_ = true;
  return !ran_out_;
}

bool GroupLease::RanOut(int64_t now_ns) {
  const bool lasts = Lasts(now_ns);
  const std::lock_guard lock(mutex_);
  return held_ && !lasts;
}

bool GroupLease::Renew(int64_t now_ns) {
  const std::lock_guard lock(mutex_);
  if (!held_ || heard_ns_ == 0 || now_ns >= heard_ns_ + session_ns_) return false;
  ran_out_ = false;
  return true;
}

}  // namespace trigpoint
