#pragma once

#include <cstdint>
#include <mutex>

namespace trigpoint {

/// Requests of Kafka's group protocol, by their numbers there.
enum class GroupRequest : int16_t {
  kJoin = 11,
  kHeartbeat = 12,
  kLeave = 13,
  kSync = 14,
  kOther = -1
};

/// How long a membership of a consumer group is sure to last, from what the client sends and what
/// it is answered. Rule: the client sends heartbeat n+1 only when n was answered well; n left after
/// the answer before it had come in; so the coordinator heard of us no earlier than that answer,
/// and waits for the session timeout from there. Every time used was read before what it stands
/// for, so a stop of the process anywhere makes the lease shorter, never longer. Times are
/// nanoseconds on any clock that goes on while the process is stopped. Threading: thread-safe.
class GroupLease {
 public:
  explicit GroupLease(int64_t session_ns) : session_ns_(session_ns) {}

  /// To be told of each request after it was sent, and of each answer as it comes in.
  void Sent(GroupRequest request);
  void Answered(GroupRequest request, int64_t now_ns);

  /// Partitions were assigned: the lease begins, with the answer that let us join.
  void Begin();
  /// Ends it, until the next Begin.
  void End();
  /// False once it has run out; it does not come back by itself, even if a heartbeat is answered
  /// after all.
  bool Lasts(int64_t now_ns);
  /// Whether it began and has run out since.
  bool RanOut(int64_t now_ns);
  /// Takes it up again, where heartbeats since it ran out prove that the membership went on.
  bool Renew(int64_t now_ns);

 private:
  const int64_t session_ns_;
  std::mutex mutex_;
  bool held_ = false;
  bool ran_out_ = false;
  int64_t heard_ns_ = 0;      // the coordinator heard of us then or later; 0 = unknown
  int64_t answer_ns_ = 0;     // the last answer of the group protocol came in
  int64_t join_ns_ = 0;       // the last answer to a join
  int64_t in_flight_ns_ = 0;  // answer before the heartbeat that is under way
  int64_t candidate_ns_ = 0;  // the same of one that was answered, well or not
};

}  // namespace trigpoint
