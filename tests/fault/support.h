#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "trigpoint/engine/projector.h"
#include "trigpoint/log/event_log.h"
#include "trigpoint/store/store.h"
#include "trigpoint/v1/events.pb.h"

namespace rocksdb {
class Env;
}

/// What the fault tests share: directories, seeds, a load of events, and what two folds are
/// compared by.
namespace trigpoint {

/// A directory of its own under TMPDIR, removed at the end.
class ScratchDirectory {
 public:
  ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  ~ScratchDirectory();
  const std::string& path() const { return path_; }
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  std::string path_;
};

/// TRIGPOINT_SEED, or a new seed; it is printed, so that a failure can be run again.
uint64_t TestSeed();

/// A number in [0, below).
uint64_t Below(uint64_t below, std::mt19937_64* random);

/// Name of a record: what one report is known by in its partner's system.
struct RecordId {
  std::string source;
  std::string id;
  uint32_t version = 1;
  friend auto operator<=>(const RecordId&, const RecordId&) = default;
};
RecordId IdOf(const v1::Event& event);
std::string Text(const RecordId& id);

inline constexpr int64_t kFirstOccurredUs = 1'767'225'600'000'000;  // 2026-01-01

/// Makes the events that partners send about a few services: registrations, reports of all weights,
/// corrections. Every service is commissioned by an organisation whose policy is in
/// deploy/policies. The same seed makes the same events. Threading: thread-compatible; loads of
/// different `name` never share a record.
class EventLoad {
 public:
  /// Reports are about the 85 days from `first_occurred_us` on.
  EventLoad(std::string name, int services, uint64_t seed,
            int64_t first_occurred_us = kFirstOccurredUs);
  /// Registrations of all services, to be sent before anything else. The same from every load of
  /// one test.
  std::vector<v1::Event> Registrations() const;
  /// The next report or correction, with subject and times but nothing that the service stamps.
  v1::Event Next();
  /// One of the events made before, as it was sent; its highest version where `latest` is set.
  v1::Event Redelivery(bool latest);

 private:
  v1::Event Report();

  std::string name_;
  int services_;
  std::mt19937_64 random_;
  int64_t first_occurred_us_;
  uint64_t made_ = 0;
  std::vector<v1::Event> history_;
  std::map<std::pair<std::string, std::string>, v1::Event> latest_;
};

/// Stamps an event as ingest does: stream, defaults, digest, arrival. The stream id is made from
/// the subject.
v1::Event Stamped(v1::Event event, int64_t received_us);

/// PolicyActivated for every pack of deploy/policies, in force from the beginning.
std::vector<v1::Event> PolicyActivations();

/// Partitions of the log of Parts: four of providers and the control partition.
inline constexpr uint32_t kPartitions = 5;

/// The storage and the fold of one node in this process, over one directory.
class Parts {
 public:
  struct Options {
    std::string directory;
    rocksdb::Env* env = nullptr;
    bool log_sync = true;
    bool store_sync = true;
    size_t batch_records_max = 512;
  };

  Parts() = default;
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;
  ~Parts() { Close(); }
  /// Opens, checks and catches up, as a node does at start.
  absl::Status Open(const Options& options);
  void Close();

  EventLog& log() { return *log_; }
  Store& store() { return *store_; }
  Projector& projector() { return *projector_; }

 private:
  std::unique_ptr<EventLog> log_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Projector> projector_;
};

/// What a verify finds wrong: streams that do not fold afresh to what was recorded. Empty when
/// there is nothing.
absl::StatusOr<std::vector<std::string>> VerifyAll(const Projector& projector);

/// Everything that a fold keeps, as name -> bytes: states, records, events, indexes, timers,
/// checkpoints.
using Folded = std::map<std::string, std::string>;
absl::StatusOr<Folded> ReadFolded(const Store& store, uint32_t partitions);

/// The names that differ, at most ten, in words; empty when both are the same.
std::string Differences(const Folded& left, const Folded& right);

/// Folds the whole log into a new store in `directory`. FailedPrecondition when that has something
/// to append: then the log did not hold all that follows from it.
absl::StatusOr<Folded> FreshReplay(EventLog* log, const std::string& directory);

}  // namespace trigpoint
