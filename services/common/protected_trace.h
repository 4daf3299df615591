#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "trigpoint/engine/projector.h"
#include "trigpoint/v1/events.pb.h"
#include "trigpoint/v1/state.pb.h"

namespace trigpoint {

/// The beginning of the day in London in which an instant lies, and the last microsecond of it.
int64_t DayStart(int64_t instant_us);
int64_t DayEnd(int64_t instant_us);

/// What protected sources (C5) left in the stream of one service: which reports, what they brought
/// about, and on which days. Whatever a reader is shown of the service is cut by it (domain.md 2.2;
/// docs/adr/0021).
///
/// A report is protected with all its versions and its retraction, once one version of it is. What
/// the engine said *rests* on it when its cause is such a report or its proof cites one.
/// Threading: immutable once it is made.
class ProtectedTrace {
 public:
  /// Of the events of a stream from its beginning, oldest first.
  static ProtectedTrace Of(std::span<const v1::StoredEvent> events);

  /// No protected source ever spoke about the service.
  bool empty() const { return reports_.empty(); }
  bool IsProtected(const std::string& source, const std::string& id) const {
    return reports_.count({source, id}) > 0;
  }
  /// Whether a source ever sent a protected report about the service.
  bool IsProtectedSource(const std::string& source) const { return sources_.count(source) > 0; }
  /// Whether a recommendation, alert or weakened basis with this id rests on a protected report.
  bool RestsOnProtected(const std::string& id) const { return resting_.count(id) > 0; }
  /// Ids of everything that rests on one; sorted.
  const std::set<std::string>& resting() const { return resting_; }
  /// Whether an event at this revision is protected or rests on what is.
  bool IsHidden(uint64_t revision) const { return hidden_.count(revision) > 0; }
  /// How many such events stand before a revision.
  uint64_t HiddenBefore(uint64_t revision) const;
  /// Whether a protected report became known, or what rests on one was said, on the instant's day.
  bool SpokeOn(int64_t instant_us) const { return spoken_.count(DayStart(instant_us)) > 0; }
  /// Whether a protected report says that something happened on the instant's day.
  bool HappenedOn(int64_t instant_us) const { return happened_.count(DayStart(instant_us)) > 0; }
  /// When the first of them became known, as the beginning of that day; kNever: none.
  int64_t first_us() const { return spoken_.empty() ? kNever : *spoken_.begin(); }

 private:
  friend class ProtectedTraces;

  void NoteReport(const v1::StoredEvent& stored);
  void NoteConsequence(const v1::StoredEvent& stored);
  bool IsReport(const v1::Event& event) const;
  bool Rests(const v1::Event& event) const;
  bool Cites(const google::protobuf::RepeatedPtrField<v1::EventRef>& refs) const;
  /// Of a finding, whose references to its own source leave that out.
  bool Names(const v1::Event& finding,
             const google::protobuf::RepeatedPtrField<v1::EventRef>& refs) const;
  bool IsCause(const std::string& cause) const;

  std::set<std::pair<std::string, std::string>> reports_;
  std::set<std::string> causes_;  ///< "source/id/" of each.
  std::set<std::string> sources_;
  std::set<std::string> resting_;
  std::set<int64_t> deadlines_;  ///< Of alerts that rest on a protected report.
  std::set<uint64_t> hidden_;
  std::set<int64_t> spoken_;
  std::set<int64_t> happened_;
};

/// The traces of all services, kept up with their streams as they are asked for: only what came
/// since is read. Threading: thread-safe.
class ProtectedTraces {
 public:
  using Trace = std::shared_ptr<const ProtectedTrace>;

  explicit ProtectedTraces(const Projector* projector) : projector_(projector) {}

  /// The trace of a stream up to a revision at least; without one, up to what is folded now. Ask
  /// for it after what it is to cut was read, so that nothing shown is later than it.
  /// Errors: those of Projector::ReadEvents.
  absl::StatusOr<Trace> Of(const std::string& stream_id, uint64_t revision = UINT64_MAX);
  /// Whether the stream was asked for before; the first time it is read from its beginning.
  bool Knows(const std::string& stream_id) const;

 private:
  struct Kept {
    uint64_t until = 0;  ///< Revision up to which it was read.
    Trace trace;
  };

  const Projector* projector_;
  mutable absl::Mutex mu_;
  absl::flat_hash_map<std::string, Kept> kept_ ABSL_GUARDED_BY(mu_);
};

/// Another name for ids that are hashes of what they came from: whoever guesses source and number
/// of a protected report could check the guess against them.
class Veil {
 public:
  /// `secret` is that of the data directory: ids stay the same as long as it does.
  explicit Veil(std::string_view secret);

  std::string Of(const std::string& id) const;
  /// The id as it is to be shown.
  std::string Shown(const ProtectedTrace& trace, const std::string& id) const {
    return trace.RestsOnProtected(id) ? Of(id) : id;
  }
  /// The id behind a shown one. By its own id what rests on a protected source is not known: that
  /// would confirm a guess.
  std::string Behind(const ProtectedTrace& trace, const std::string& shown) const;

 private:
  std::string key_;
};

}  // namespace trigpoint
