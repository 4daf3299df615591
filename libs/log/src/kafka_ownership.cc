#include "trigpoint/log/kafka_ownership.h"

#include <time.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "group_lease.h"
#include "kafka_client.h"
#include "kafka_group.h"
#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

constexpr absl::Duration kTurn = absl::Milliseconds(100);
constexpr int kHeartbeatsPerSession = 10;
/// How long a stop waits until the group knows of it; after that the session tells.
constexpr absl::Duration kLeavePatience = absl::Seconds(3);
/// For so long after a lease ran out the name may be found in use for reasons of our own: a join
/// that was asked before a cut arrives when TCP repeats it, and puts out the one asked after.
constexpr absl::Duration kOwnGhost = absl::Minutes(5);

/// Goes on while the process is stopped and while the machine sleeps.
int64_t LeaseNanos() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

GroupRequest RequestOf(int16_t api_key) {
  switch (api_key) {
    case 11:
      return GroupRequest::kJoin;
    case 12:
      return GroupRequest::kHeartbeat;
    case 13:
      return GroupRequest::kLeave;
    case 14:
      return GroupRequest::kSync;
    default:
      return GroupRequest::kOther;
  }
}

std::vector<uint32_t> PartitionsOf(const rd_kafka_topic_partition_list_t* list) {
  std::vector<uint32_t> partitions;
  for (int i = 0; list != nullptr && i < list->cnt; ++i)
    partitions.push_back(static_cast<uint32_t>(list->elems[i].partition));
  std::sort(partitions.begin(), partitions.end());
  return partitions;
}

/// Threads: one that polls the client and calls back; librdkafka's, which tell the lease of
/// requests and answers; and whoever asks.
class KafkaOwnership final : public Ownership, private BrokerWatch {
 public:
  explicit KafkaOwnership(const KafkaOwnershipOptions& options)
      : options_(options),
        left_out_(options.group, {options.topic}),
        // A tenth less than the coordinator waits: clocks do not run alike.
        lease_(absl::ToInt64Nanoseconds(options.session_timeout) / 10 * 9) {}
  KafkaOwnership(const KafkaOwnership&) = delete;
  KafkaOwnership& operator=(const KafkaOwnership&) = delete;
  ~KafkaOwnership() override { KafkaOwnership::Stop(); }

  absl::Status Start(OwnershipCallbacks callbacks) override;
  void Stop() override;
  bool Held(uint32_t partition) const override;
  absl::Status Health() const override;

 private:
  absl::StatusOr<KafkaOwned<rd_kafka_t>> NewClient();
  absl::Status Join();
  static rd_kafka_resp_err_t OnNew(rd_kafka_t* client, const rd_kafka_conf_t*, void* self, char*,
                                   size_t);
  static rd_kafka_resp_err_t OnSent(rd_kafka_t*, int, const char*, int32_t, int16_t api_key,
                                    int16_t, int32_t, size_t, void* self);
  static rd_kafka_resp_err_t OnAnswered(rd_kafka_t*, int, const char*, int32_t, int16_t api_key,
                                        int16_t, int32_t, size_t, int64_t,
                                        rd_kafka_resp_err_t error, void* self);
  static void OnRebalance(rd_kafka_t* client, rd_kafka_resp_err_t what,
                          rd_kafka_topic_partition_list_t* partitions, void* watch);
  void Run();
  void PutOut(const char* why);
  void Leave();
  void Grant();
  void Revoke();
  bool LeaseLasts() const;
  void NoteIfItRanOut();
  void SetHealth(absl::Status health);

  const KafkaOwnershipOptions options_;
  LeftOutTopics left_out_;  // of the thread that polls
  mutable GroupLease lease_;
  OwnershipCallbacks callbacks_;
  KafkaOwned<rd_kafka_t> client_;
  std::vector<uint32_t> assigned_;  // by the group; of the thread that polls
  bool granted_ = false;            // `assigned_`, to our caller; of the thread that polls
  bool joined_ = false;             // the group, once; of the thread that polls
  bool named_ = false;              // has joined by the name; of the thread that polls
  int64_t ran_out_ns_ = 0;          // the lease did, last; 0 = never; of the thread that polls

  mutable std::mutex mutex_;
  std::set<uint32_t> held_;
  int64_t revoke_until_ns_ = 0;  // 0 = none is under way
  absl::Status health_ = absl::FailedPreconditionError("ownership is not started");

  std::atomic<bool> stop_ = false;
  std::atomic<bool> left_ = false;  // the group has answered that this one left
  std::thread runner_;
};

absl::StatusOr<KafkaOwned<rd_kafka_t>> KafkaOwnership::NewClient() {
  if (options_.group.empty() || options_.topic.empty())
    return absl::InvalidArgumentError("Kafka: ownership needs a group and the topic of the log");
  KafkaSettings settings(options_.connection, this);
  settings.Set(
      {{"group.id", options_.group},
       {"partition.assignment.strategy", "range"},
       {"session.timeout.ms", absl::StrCat(ToMillis(options_.session_timeout))},
       {"heartbeat.interval.ms",
        absl::StrCat(ToMillis(options_.session_timeout / kHeartbeatsPerSession))},
       {"max.poll.interval.ms",
        absl::StrCat(ToMillis(std::max(options_.rebalance_timeout, options_.session_timeout)))},
       {"enable.auto.commit", "false"},
       {"enable.auto.offset.store", "false"},
       {"allow.auto.create.topics", "false"}});
  if (named_) settings.Set({{"group.instance.id", options_.instance_id}});
  rd_kafka_conf_set_rebalance_cb(settings.conf(), OnRebalance);
  rd_kafka_conf_interceptor_add_on_new(settings.conf(), "trigpoint-lease", OnNew, this);
  return settings.New(RD_KAFKA_CONSUMER);
}

rd_kafka_resp_err_t KafkaOwnership::OnNew(rd_kafka_t* client, const rd_kafka_conf_t* /*conf*/,
                                          void* self, char* /*why*/, size_t /*size*/) {
  rd_kafka_interceptor_add_on_request_sent(client, "trigpoint-lease", OnSent, self);
  return rd_kafka_interceptor_add_on_response_received(client, "trigpoint-lease", OnAnswered, self);
}

rd_kafka_resp_err_t KafkaOwnership::OnSent(rd_kafka_t*, int, const char*, int32_t, int16_t api_key,
                                           int16_t, int32_t, size_t, void* self) {
  static_cast<KafkaOwnership*>(self)->lease_.Sent(RequestOf(api_key));
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t KafkaOwnership::OnAnswered(rd_kafka_t*, int, const char*, int32_t,
                                               int16_t api_key, int16_t, int32_t, size_t, int64_t,
                                               rd_kafka_resp_err_t error, void* self) {
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return RD_KAFKA_RESP_ERR_NO_ERROR;
  auto* ownership = static_cast<KafkaOwnership*>(self);
  const GroupRequest answered = RequestOf(api_key);
  ownership->lease_.Answered(answered, LeaseNanos());
  if (answered == GroupRequest::kLeave) ownership->left_.store(true);
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

void KafkaOwnership::OnRebalance(rd_kafka_t* client, rd_kafka_resp_err_t what,
                                 rd_kafka_topic_partition_list_t* partitions, void* watch) {
  auto* self = static_cast<KafkaOwnership*>(static_cast<BrokerWatch*>(watch));
  if (what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    self->assigned_ = PartitionsOf(partitions);
    // To librdkafka an empty assignment: it keeps the membership and fetches nothing.
    const KafkaOwned<rd_kafka_topic_partition_list_t> none(rd_kafka_topic_partition_list_new(0));
    rd_kafka_assign(client, none.get());
    self->joined_ = true;
    if (self->stop_.load()) return;
    self->lease_.Begin();
    self->Grant();
    return;
  }
  self->NoteIfItRanOut();
  if (rd_kafka_assignment_lost(client) != 0) self->lease_.End();
  self->Revoke();
  self->lease_.End();
  self->assigned_.clear();
  rd_kafka_assign(client, nullptr);
}

absl::Status KafkaOwnership::Start(OwnershipCallbacks callbacks) {
  if (runner_.joinable()) return absl::FailedPreconditionError("ownership is already started");
  callbacks_ = std::move(callbacks);
  stop_.store(false);
  named_ = !options_.instance_id.empty();
  ran_out_ns_ = 0;
  TP_RETURN_IF_ERROR(Join());
  SetHealth(absl::UnavailableError("Kafka: this process has not joined its group yet"));
  runner_ = std::thread([this] { Run(); });
  return absl::OkStatus();
}

absl::Status KafkaOwnership::Join() {
  joined_ = false;
  TP_ASSIGN_OR_RETURN(client_, NewClient());
  rd_kafka_poll_set_consumer(client_.get());
  const KafkaOwned<rd_kafka_topic_partition_list_t> topics(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(topics.get(), options_.topic.c_str(), RD_KAFKA_PARTITION_UA);
  if (const auto error = rd_kafka_subscribe(client_.get(), topics.get());
      error != RD_KAFKA_RESP_ERR_NO_ERROR)
    return FromKafka(error, "join the group");
  return absl::OkStatus();
}

void KafkaOwnership::Stop() {
  if (!runner_.joinable()) return;
  stop_.store(true);
  runner_.join();
  SetHealth(absl::FailedPreconditionError("ownership is ended"));
}

bool KafkaOwnership::LeaseLasts() const { return lease_.Lasts(LeaseNanos()); }

void KafkaOwnership::NoteIfItRanOut() {
  // Also of one that has no partitions now.
  const int64_t now_ns = LeaseNanos();
  if (lease_.RanOut(now_ns)) ran_out_ns_ = now_ns;
}

bool KafkaOwnership::Held(uint32_t partition) const {
  if (!LeaseLasts()) return false;
  const std::lock_guard lock(mutex_);
  return held_.contains(partition) && (revoke_until_ns_ == 0 || LeaseNanos() < revoke_until_ns_);
}

absl::Status KafkaOwnership::Health() const {
  {
    const std::lock_guard lock(mutex_);
    if (!health_.ok()) return health_;
  }
  return BrokerWatch::Health(options_.session_timeout);
}

void KafkaOwnership::SetHealth(absl::Status health) {
  const std::lock_guard lock(mutex_);
  health_ = std::move(health);
}

void KafkaOwnership::Grant() {
  SetHealth(absl::OkStatus());
  if (assigned_.empty() || granted_) return;
  {
    const std::lock_guard lock(mutex_);
    held_ = {assigned_.begin(), assigned_.end()};
  }
  granted_ = true;
  if (callbacks_.granted) callbacks_.granted(assigned_);
}

void KafkaOwnership::Revoke() {
  if (!granted_) return;
  {
    const std::lock_guard lock(mutex_);
    revoke_until_ns_ = LeaseNanos() + absl::ToInt64Nanoseconds(options_.rebalance_timeout / 2);
  }
  if (callbacks_.revoked) callbacks_.revoked(assigned_);
  granted_ = false;
  const std::lock_guard lock(mutex_);
  held_.clear();
  revoke_until_ns_ = 0;
}

void KafkaOwnership::Run() {
  while (!stop_.load()) {
    {  // What it is told ends before its client does.
      const KafkaOwned<rd_kafka_message_t> told(
          rd_kafka_consumer_poll(client_.get(), ToMillis(kTurn)));
      if (told != nullptr && told->err != RD_KAFKA_RESP_ERR_NO_ERROR)
        NoteError(rd_kafka_message_errstr(told.get()));
    }
    if (joined_) left_out_.Heal(client_.get(), [this](const auto&) { return !assigned_.empty(); });
    std::array<char, 256> why{};
    if (rd_kafka_fatal_error(client_.get(), why.data(), why.size()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
      PutOut(why.data());
    } else if (granted_ && !LeaseLasts()) {
      NoteIfItRanOut();
      // The callback comes late, but a caller that asked before each append has written nothing.
      Revoke();
      SetHealth(absl::UnavailableError("Kafka: no heartbeat was answered for a session's length"));
    } else if (!granted_ && !assigned_.empty() && lease_.Renew(LeaseNanos())) {
      Grant();
    }
  }
  Revoke();
  lease_.End();
  Leave();
  rd_kafka_consumer_close(client_.get());
  assigned_.clear();
  client_.reset();
}

/// One that nobody could hear loses its name, not its place: without the name it puts nobody out,
/// were another to have taken it. One that was heard is the older of two with one name.
void KafkaOwnership::PutOut(const char* why) {
  NoteIfItRanOut();
  lease_.End();
  Revoke();
  const bool was_cut_off =
      ran_out_ns_ != 0 && LeaseNanos() - ran_out_ns_ < absl::ToInt64Nanoseconds(kOwnGhost);
  absl::Status out = absl::FailedPreconditionError(
      absl::StrCat("Kafka: this process is out of its group for good: ", why));
  if (named_ && was_cut_off) {
    rd_kafka_consumer_close(client_.get());
    assigned_.clear();
    named_ = false;
    const absl::Status joining = Join();
    if (joining.ok()) {
      out = absl::UnavailableError(
          absl::StrCat("Kafka: this process joins its group again, without its name: ", why));
    } else {
      out = absl::FailedPreconditionError(absl::StrCat(out.message(), "; ", joining.message()));
    }
  }
  SetHealth(std::move(out));
}

void KafkaOwnership::Leave() {
  if (!joined_) return;
  // A member with a name that closes keeps its place until its session ends: only one that
  // unsubscribes leaves.
  left_.store(false);
  if (rd_kafka_unsubscribe(client_.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  const int64_t until = SteadyNanos() + absl::ToInt64Nanoseconds(kLeavePatience);
  while (!left_.load() && SteadyNanos() < until)
    const KafkaOwned<rd_kafka_message_t> told(
        rd_kafka_consumer_poll(client_.get(), ToMillis(kTurn / 10)));
}

}  // namespace

std::unique_ptr<Ownership> NewKafkaOwnership(const KafkaOwnershipOptions& options) {
  return std::make_unique<KafkaOwnership>(options);
}

}  // namespace trigpoint
