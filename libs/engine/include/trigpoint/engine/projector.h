#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "trigpoint/engine/compare_stores.h"
#include "trigpoint/engine/controls.h"
#include "trigpoint/engine/replay.h"
#include "trigpoint/engine/stream_step.h"
#include "trigpoint/engine/succession.h"
#include "trigpoint/log/event_log.h"
#include "trigpoint/store/store.h"

namespace trigpoint {

/// Prefix of the streams of sources (waiting and quarantined submissions).
inline constexpr std::string_view kSourceStreamPrefix = "src:";

/// What became of the record at a log position.
struct FoldOutcome {
  enum class Kind : uint8_t { kAccepted, kDuplicate, kConflict, kSuperseded, kWaiting, kOther };
  Kind kind = Kind::kOther;
  std::string stream_id;
  std::optional<v1::DecisionRecord> decision;  ///< Of a decision or concurrence.
};

/// Counters for metrics and status; monotone since start unless said otherwise.
struct ProjectorCounters {
  std::atomic<uint64_t> folded{0};
  std::atomic<uint64_t> duplicates{0};
  std::atomic<uint64_t> conflicts{0};
  std::atomic<uint64_t> recommendations{0};
  std::atomic<uint64_t> alerts{0};
  std::atomic<uint64_t> ignored_derived{0};
  std::atomic<uint64_t> commits{0};
  std::atomic<uint64_t> puts{0};           ///< Puts and deletes in committed batches.
  std::atomic<uint64_t> put_bytes{0};      ///< Their keys and values.
  std::atomic<int64_t> commit_micros{0};   ///< Total time in commits.
  std::atomic<uint64_t> ignored_links{0};  ///< Links that would make a service its own predecessor.
  std::atomic<uint64_t> late_controls{0};  ///< Control events that reached a stream late: an alarm.
};

/// What was recommended and alerted since start in the partitions that this process speaks for;
/// what a start, a take-over or a rebuild folds again is not in it.
struct SaidCounts {
  std::map<std::pair<std::string, v1::Recommendation::Kind>, uint64_t>
      recommendations;  ///< By policy and kind.
  std::map<v1::RapidQualityReviewAlert::Kind, uint64_t> alerts;
  uint64_t silences = 0;  ///< Feeds that were found silent, outside of history.
};

/// How the projector runs.
struct ProjectorOptions {
  size_t batch_records_max =
      4096;  ///< Records of one poll, and of one commit. Never shows in any result.
  /// Records of one commit of CatchUp and Rebuild, for which nobody waits: a service is written
  /// once and not with each of its events. Never shows in any result.
  size_t catch_up_records_max = 16'384;
  size_t hot_streams_max = 100'000;  ///< Streams kept in memory.
  bool assess = true;                ///< false: a reader that follows the log and appends nothing.
  /// true: it speaks for every partition. false: others fold the same log, and it speaks for what
  /// Own grants it.
  bool sole = true;
  /// Asked right before each append for a partition that is owned: whether it still is. Called
  /// without locks; it must neither block nor call the projector. Null: always.
  std::function<bool(uint32_t partition)> may_append = nullptr;
  /// An append that brokers did not acknowledge in time is made again, for as long as it takes;
  /// false: it ends the fold.
  bool awaits_brokers = false;
  /// Between two tries on a full disk, or with a full queue.
  absl::Duration room_pause = absl::Milliseconds(100);
  /// How often the fold looks, while it runs, whether the log still holds what was folded of a
  /// partition; one after the other.
  absl::Duration verify_every = absl::Seconds(10);
};

/// Folds the log into the store, assesses, and appends what follows from it.
///
/// Every process folds all partitions; which of them it speaks for, that is, where it appends what
/// follows, is a matter of ownership (ADR 0025). Derived events are appended and acknowledged
/// before the checkpoint that covers their cause is committed; where it does not speak it withholds
/// them until they come from the log. Granted a partition it folds to the heads as they are then
/// and appends what it withheld and did not meet. Reads are thread-safe and never wait for the disk
/// where the stream is in memory.
class Projector {
 public:
  /// `log` has one partition more than provider partitions: the last is the control partition. Both
  /// must outlive it. DATA_LOSS when the log's head is below a checkpoint of the store or its
  /// record differs (truncation); UNIMPLEMENTED when another version folded the store, or a reader,
  /// which keeps nothing of what is still to be said: it has to be folded anew.
  static absl::StatusOr<std::unique_ptr<Projector>> Open(EventLog* log, Store* store,
                                                         const ProjectorOptions& options);
  ~Projector();

  /// Folds to the head as it is now, withholding; then appends what was withheld and not met in the
  /// partitions that are owned. Before Start.
  absl::Status CatchUp();
  /// Starts the thread. Afterwards Health() tells whether it still runs.
  absl::Status Start();
  /// What the thread does over and over, once and without waiting: takes over what was granted,
  /// folds one poll, appends what follows. For those who step by hand, without Start.
  absl::Status Step();
  /// Stops after the batch in hand; idempotent.
  void Stop();
  absl::Status Health() const;
  /// True while it waits for room on a full disk: what is appended now is folded only later.
  bool Stalled() const { return stalled_.load(std::memory_order_relaxed); }

  /// Calls `done` once the record at `position` is folded; at once if it was. From the projector's
  /// thread otherwise: must not block. Errors: ResourceExhausted while it waits for room on a full
  /// disk: the record is folded later, and the caller may ask or submit again.
  void AwaitFold(Position position, std::function<void(absl::StatusOr<FoldOutcome>)> done);
  /// Blocks until the control partition and all others are folded up to their present heads, or the
  /// timeout.
  bool WaitUntilCaughtUp(int64_t timeout_ms);

  uint32_t provider_partitions() const { return log_->partitions() - 1; }
  uint32_t control_partition() const { return log_->partitions() - 1; }
  uint32_t PartitionFor(std::string_view stream_id) const;

  /// What a rebuild does in the end.
  enum class RebuildEnd : uint8_t { kSwitch, kCompareOnly };
  /// What a rebuild did.
  struct RebuildReport {
    uint64_t events = 0;
    uint64_t changed = 0;                        ///< Services about which the two stores differ.
    std::vector<StoreDifference> differences{};  ///< The first of them, and what is of no service.
    bool switched = false;
  };
  /// Folds into `next` what it lacks of the log, which is all of it where it is empty, beside the
  /// fold; compares the two stores when it has caught up, and exchanges them: no read fails or sees
  /// a half of it. Afterwards `next` stands for the store of before. Blocks; one at a time, while
  /// the projector runs. Until the exchange `next` is a reader's. Errors: Aborted when another is
  /// under way; Cancelled; FailedPrecondition when another version folded `next`; DataLoss when
  /// the two disagree on what the log holds: nothing was exchanged then.
  absl::StatusOr<RebuildReport> Rebuild(Store* next, RebuildEnd end = RebuildEnd::kSwitch);
  /// Ends a rebuild that is under way, now and for ever.
  void CancelRebuild() { cancel_rebuild_.store(true); }

  // ---- ownership (of a projector that is not the only one)

  /// Speaks for partitions from now on, once it has folded to the heads as they are after this call
  /// and has appended what it withheld and did not meet there; does not wait for that. What is
  /// owned already stays as it is. From any thread.
  void Own(const std::vector<uint32_t>& partitions);
  /// Speaks for them no more: returns when every append under way for them is answered, and makes
  /// no further one. Not from the projector's thread or a callback of the log.
  void Disown(const std::vector<uint32_t>& partitions);
  /// Whether this process is the one that speaks for a partition now, and may: what is done once in
  /// a cluster is done by the owner of the control partition. Ask right before each append.
  bool Owns(uint32_t partition) const;
  /// Called when partitions were taken over; must not block.
  void OnOwned(std::function<void()> notify);

  // ---- directory (folded from the control partition)

  /// Stream of an external id, or nullopt.
  std::optional<std::string> StreamOf(const std::string& scheme, const std::string& value) const;
  /// Whether a stream with this id exists.
  bool HasStream(const std::string& stream_id) const;

  // ---- reads

  /// Present state and record of a stream. NOT_FOUND.
  absl::StatusOr<StreamAsOf> Read(const std::string& stream_id) const;
  /// The present line of a stream in lists. NOT_FOUND. Cheaper than Read.
  absl::StatusOr<v1::ProviderSummary> ReadSummary(const std::string& stream_id) const;
  /// As known at an instant, or as it was at one (see FoldAsOf). NOT_FOUND when nothing was known
  /// then.
  absl::StatusOr<StreamAsOf> ReadAsOf(const std::string& stream_id, const AsOf& as_of) const;
  /// Stored events of a stream with revision in [from, to), oldest first.
  absl::StatusOr<std::vector<v1::StoredEvent>> ReadEvents(const std::string& stream_id,
                                                          uint64_t from, uint64_t to) const;
  /// Control events as the stream's partition has them now.
  std::shared_ptr<const Controls> ControlsFor(const std::string& stream_id) const;
  /// Control events as a partition has them; also of the control partition.
  std::shared_ptr<const Controls> ControlsOfPartition(uint32_t partition) const;
  /// Batch of the backfill under way in a stream; empty: none.
  std::string BackfillOf(const std::string& stream_id) const;
  /// How many streams are in a backfill.
  uint64_t BackfillCount() const;
  /// A service with feeds that are silent now.
  struct SilentService {
    std::string stream_id;
    std::vector<v1::FeedSilent> feeds;  ///< In order of falling silent.
  };
  /// All of them, by stream id.
  std::vector<SilentService> SilentServices() const;
  /// How many feeds are silent now, by kind; cheap.
  std::map<std::string, uint64_t> SilentFeeds() const;
  /// Every provider's line, in no particular order.
  std::vector<v1::ProviderSummary> Summaries() const;
  uint64_t ProviderCount() const;
  /// Waiting submissions for an external id, and all of them for release.
  std::vector<v1::Event> WaitingFor(const std::string& scheme, const std::string& value) const;
  /// Every waiting submission.
  std::vector<v1::Event> AllWaiting() const;
  /// Whether a quarantined submission of a source stream is held under this id.
  bool HasQuarantined(const std::string& source_stream, const std::string& quarantine_id) const;
  /// Which quarantined submissions are asked for.
  struct QuarantineQuery {
    std::string source{};   ///< Empty: of all sources.
    bool resolved = false;  ///< Those that were re-driven or set aside, too.
  };
  /// Quarantined submissions with id > `after`, in order of id, at most `limit`.
  std::vector<v1::HeldSubmission> Quarantined(const QuarantineQuery& query,
                                              const std::string& after, size_t limit) const;
  uint64_t QuarantinedCount(const QuarantineQuery& query) const;
  /// One of them, resolved or not, with what became of it.
  std::optional<v1::HeldSubmission> FindQuarantined(const std::string& quarantine_id) const;
  /// Streams in which an identity stands.
  std::vector<std::string> StreamsWith(const std::string& source, const std::string& id) const;

  /// Whether a stream is linked with another.
  bool IsLinked(const std::string& stream_id) const;
  /// What follows a stream and what it follows.
  std::vector<Succession> LinksOf(const std::string& stream_id) const;
  /// Whether a link would make a service its own predecessor, by what is known now.
  bool WouldCircle(const std::string& predecessor, const std::string& successor) const;

  /// One alert in the order of the log.
  struct AlertPosition {
    Position position;
    std::string stream_id;
    std::string alert_id;
  };
  /// Alerts of one partition at or after an offset. Errors: those of Store::ScanIndex; an alert
  /// that cannot be read is not the end of them.
  absl::StatusOr<std::vector<AlertPosition>> AlertsFrom(Position from, size_t limit) const;
  /// Folded and committed offset of every partition.
  std::vector<int64_t> Committed() const;
  /// Folded offset of every partition: what reads see, lists too. Read before them, it tells later
  /// whether they changed.
  std::vector<int64_t> Folded() const;
  /// Called after each commit that brought alerts; must not block.
  void OnAlerts(std::function<void()> notify);
  /// Called after each commit that brought bindings, with the bound ids; must not block.
  void OnBindings(std::function<void(std::vector<v1::SubjectRef>)> notify);
  /// Called after each commit that ended backfills; must not block.
  void OnBackfillsEnded(std::function<void()> notify);

  // ---- time

  /// Streams with a timer due at or before `due_us`, with the due time; at most `limit`.
  std::vector<std::pair<int64_t, std::string>> DueTimers(int64_t due_us, size_t limit) const;

  const ProjectorCounters& counters() const { return counters_; }
  SaidCounts Said() const;
  /// Rolling hash of a partition, hex.
  std::string Fingerprint(uint32_t partition) const;
  Store& store() const { return *store_; }
  EventLog& log() const { return *log_; }

 private:
  struct Entry;
  struct Partition;
  struct Batch;

  Projector(EventLog* log, Store* store, const ProjectorOptions& options);
  absl::Status Load();
  struct Switch;
  uint64_t Behind() const;
  /// Folds to the heads as they are now, one partition after the other: the events of a service
  /// meet in a few commits then. Errors: Cancelled when nobody wants the rebuild any more.
  absl::Status FoldByPartition();
  /// Between two polls: takes over what a rebuild has folded, if it waits for that. Errors: those
  /// of the store that is in use.
  absl::Status SwitchIfAsked();
  /// Folds what is asked for to exactly where this has folded, and compares.
  absl::Status Meet(Switch* asked);
  absl::Status SwitchTo(Projector* shadow, Store* next);
  void Run();
  /// One turn of the thread.
  absl::Status Round(int64_t timeout_ms);
  absl::Status Cycle(int64_t timeout_ms);
  /// Errors: DataLoss where the log no longer holds what was folded.
  absl::Status VerifyFolded(uint32_t partition);
  /// The same for the partitions whose turn it is.
  absl::Status VerifyDue();
  bool MayAppend(uint32_t partition) const;
  /// Appends what was withheld in partitions that were granted, where it is due.
  absl::Status TakeOver();
  /// Partitions that are granted and folded to the heads of then, each with its grant.
  absl::StatusOr<std::map<uint32_t, uint64_t>> DueToTakeOver();
  /// Up to where partitions have to be folded before they are taken over, where it is not known
  /// yet.
  absl::Status LookUpHeads(const std::map<uint32_t, uint64_t>& granted);
  absl::Status SayWithheld(const std::map<uint32_t, uint64_t>& partitions);
  /// Streams of partitions that hold a chain, in order; with the chain where it is not loaded.
  std::map<std::string, v1::StreamChunk> WithheldIn(
      const std::map<uint32_t, uint64_t>& partitions) const;
  /// Works out anew what is to be said of a stream of which too much was withheld.
  absl::Status RecallChain(Entry* entry);
  /// Speaks no more for a partition, until it has taken it over again.
  void Withdraw(uint32_t partition);
  /// Owes again, to whoever speaks next, what was to be carried for partitions withdrawn from.
  void TakeBack(Batch* batch);
  absl::Status FoldNext(const Record& record, Batch* batch);
  absl::Status FoldRecord(const Record& record, Batch* batch);
  absl::Status FoldControlPartition(const v1::Event& event, const Record& record, Batch* batch);
  absl::Status AddControl(const v1::Event& event, uint32_t partition, Batch* batch);
  absl::Status FoldControlCopy(const v1::Event& event, const Record& record, Batch* batch);
  absl::Status FoldSource(const v1::Event& event, const Record& record, Batch* batch);
  absl::Status FoldProvider(const v1::Event& event, const Record& record, Batch* batch);
  absl::StatusOr<Entry*> LoadEntry(uint32_t partition, const std::string& stream_id);
  /// A stream as the store has it; a new one where it has none.
  absl::StatusOr<std::unique_ptr<Entry>> ReadEntry(uint32_t partition,
                                                   const std::string& stream_id);
  absl::StatusOr<std::optional<v1::EventIndexEntry>> Known(const Entry& entry,
                                                           const v1::Event& event) const;
  static void Touch(Entry* entry, Batch* batch);
  Successions::StreamOf Resolver() const;
  absl::Status LoadLinks();
  /// Takes note of what an event means for links and for what is carried along them.
  void NoteLinks(const v1::Event& event, const Entry& entry, Batch* batch);
  void Owe(const std::vector<Heritage>& pairs, bool linked, Batch* batch);
  /// Appends to successors what their predecessors hold and they do not.
  absl::Status CarryOwed(size_t pairs_max, Batch* batch);
  absl::Status CarryOne(const Heritage& pair, Batch* batch);
  absl::Status CarryAllOwed();
  bool IsKnown(const std::string& stream_id) const;
  /// Takes over which feeds of a stream are silent.
  void NoteSilences(const std::string& stream_id, const v1::ProviderRecord& record);
  /// Which of those who speak in a batch may now: they count as appending until EndAppend.
  std::set<uint32_t> BeginAppend(bool taking_over, Batch* batch);
  void EndAppend(const std::set<uint32_t>& speakers);
  /// Appends what follows, where this process may; the rest stays withheld.
  absl::Status AppendDerived(bool taking_over, Batch* batch);
  absl::Status Commit(Batch* batch);
  /// Brings the lines of lists up to what is folded.
  void RefreshSummaries(Batch* batch);
  /// Writes what is folded and not yet written.
  absl::Status CommitOpen();
  /// Notes that nothing is folded for now, or for ever, and tells everyone who waits for a fold.
  void Halt(const absl::Status& why);
  void GoOn();
  void Settle(Batch* batch);
  void Resolve(Batch* batch);
  void Evict();
  absl::StatusOr<std::vector<v1::StoredEvent>> EventsOf(const Entry& entry, uint32_t partition,
                                                        const std::string& stream_id, uint64_t from,
                                                        uint64_t to) const;

  EventLog* log_;
  Store* store_;
  ProjectorOptions options_;
  ProjectorCounters counters_;
  std::unique_ptr<LogReader> reader_;
  std::unique_ptr<Batch> open_;  ///< Folded and not yet committed.
  bool assessed_ = true;         // The store has what is still to be said of each stream.
  absl::Time verified_;
  uint32_t verify_next_ = 0;                // The partition whose turn it is.
  std::atomic<bool> take_over_due_{false};  // A partition is granted and not spoken for yet.
  bool unhurried_ = false;           // In CatchUp, or for a rebuild: nobody waits for a commit.
  std::function<bool()> ended_;      // Of a rebuild: nobody wants it any more.
  std::vector<int64_t> fold_until_;  // Of a rebuild: where it ends; empty: nowhere.
  v1::Event event_;                  // The one being folded.
  std::shared_ptr<ValuesMemo> memo_ = std::make_shared<ValuesMemo>();  // Of all streams.

  mutable absl::Mutex mu_;
  std::vector<std::unique_ptr<Partition>> partitions_;                // Guarded by mu_.
  absl::flat_hash_map<std::string, std::unique_ptr<Entry>> hot_;      // Guarded by mu_.
  std::map<std::pair<std::string, std::string>, std::string> bound_;  // Guarded by mu_.
  std::unordered_map<std::string, v1::ProviderSummary>
      summaries_;  // Entries point into it. Guarded by mu_.
  std::map<std::string, v1::StreamChunk>
      stored_chains_;  // Of streams that are not loaded. Guarded by mu_.
  std::map<uint32_t, std::map<std::string, std::string>>
      late_;                      // ControlTookEffect that is not in the log yet. Guarded by mu_.
  uint64_t grants_ = 0;           // Guarded by mu_.
  std::set<uint32_t> withdrawn_;  // Since the last TakeBack. Guarded by mu_.
  std::function<void()> on_owned_;
  std::function<void()> on_alerts_;
  std::function<void(std::vector<v1::SubjectRef>)> on_bindings_;
  std::function<void()> on_backfills_ended_;
  std::unordered_map<std::string, std::string> backfills_;  // Stream -> batch. Guarded by mu_.
  std::map<std::string, std::vector<v1::FeedSilent>>
      silences_;                            // Of streams where a feed is silent. Guarded by mu_.
  std::map<std::string, uint64_t> silent_;  // By kind, over silences_. Guarded by mu_.
  SaidCounts said_;                         // Guarded by mu_.
  /// What was carried along a link, with what has not come back from the log yet.
  struct Carrying {
    CarriedSoFar so_far;
    std::set<std::string> in_flight;
  };
  Successions successions_;                // Guarded by mu_.
  std::set<Heritage> owed_;                // To be looked at. Guarded by mu_.
  std::set<Heritage> owed_by_others_;      // By who speaks for the predecessor. Guarded by mu_.
  std::set<Heritage> waiting_;             // For their day, or for history. Guarded by mu_.
  std::map<Heritage, Carrying> carrying_;  // Guarded by mu_.
  uint64_t use_clock_ = 0;
  absl::Status health_;
  bool dead_ = false;  // The thread has ended with health_: nothing is folded any more.
  std::atomic<bool> stalled_{false};  // As health_ says, until there is room. Set under mu_.

  std::atomic<bool> stop_{false};
  std::atomic<bool> cancel_rebuild_{false};
  Switch* switch_ = nullptr;  // Asked for by a rebuild. Guarded by mu_.
  std::thread thread_;
};

}  // namespace trigpoint
