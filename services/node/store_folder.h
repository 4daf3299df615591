#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "trigpoint/engine/projector.h"
#include "trigpoint/log/event_log.h"
#include "trigpoint/store/store.h"

namespace trigpoint {

/// The store of a data directory, which may be built anew beside the present one: "store", then
/// "store-1", "store-2" ... Which one counts, and which one of before is kept, stands in
/// "store.current", replaced by one rename; what else is there is left from a rebuild that was cut
/// short, and is removed at start.
class StoreFolder {
 public:
  explicit StoreFolder(std::string data) : data_(std::move(data)) {}

  /// Opens the store that counts and removes those that are not kept either.
  absl::StatusOr<std::unique_ptr<Store>> Open();
  /// Opens the store for a projector, caught up with the log, in this order: the one that counts,
  /// unless another version folded it, or a reader where `options` assess; the one that is kept;
  /// a copy of the seed in the directory `seed`, if one is named; one that is folded anew
  /// from the log. `store` is the one of Open before and the one that counts afterwards.
  /// Errors: InvalidArgument when the seed cannot be used, with what to do; those of
  /// Projector::Open.
  absl::StatusOr<std::unique_ptr<Projector>> OpenProjector(EventLog* log,
                                                           const ProjectorOptions& options,
                                                           const std::string& seed,
                                                           std::unique_ptr<Store>* store);
  /// As Projector::Rebuild, into the next folder; of one partition, if it is named.
  absl::StatusOr<Projector::RebuildReport> Rebuild(Projector* projector, Projector::RebuildEnd end,
                                                   std::optional<uint32_t> partition);
  /// The same with the store that is kept. Errors: FailedPrecondition when none is.
  absl::StatusOr<Projector::RebuildReport> SwitchBack(Projector* projector,
                                                      Projector::RebuildEnd end);
  /// Removes the store that is kept; whether there was one.
  absl::StatusOr<bool> Release();

 private:
  /// Numbers of folders.
  struct Counting {
    int current = 0;
    std::optional<int> kept{};
  };
  std::string Path(int number) const;
  absl::StatusOr<Counting> Read() const;
  /// With one rename: these count from now on.
  absl::Status Write(const Counting& counting);
  /// `number` counts from now on and the one of before is kept; removes the one that was kept.
  absl::Status SwitchTo(int number);
  /// A number that neither has, of an empty place.
  int Free() const;
  absl::StatusOr<std::unique_ptr<Store>> Open(int number) const;
  void Remove(int number) const;
  /// Copies a seed to a place and checks it against the log.
  absl::StatusOr<std::unique_ptr<Store>> Plant(const EventLog& log, const std::string& seed,
                                               int number) const;
  /// Opens a projector on the store of a number, catches up, and lets it count.
  absl::StatusOr<std::unique_ptr<Projector>> Begin(EventLog* log, const ProjectorOptions& options,
                                                   int number, std::unique_ptr<Store>* store,
                                                   std::unique_ptr<Store> next);
  absl::StatusOr<Projector::RebuildReport> Rebuild(Projector* projector, Projector::RebuildEnd end,
                                                   int number, std::unique_ptr<Store> next);

  std::string data_;
  Counting counting_;
};

}  // namespace trigpoint
