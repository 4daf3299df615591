#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "trigpoint/engine/projector.h"
#include "trigpoint/log/event_log.h"
#include "trigpoint/store/store.h"

namespace trigpoint {

/// The store of a data directory, which may be built anew beside the present one: "store", then
/// "store-1", "store-2" ... Which one counts stands in "store.current", replaced by one rename;
/// what else is there is left from a rebuild that was cut short, and is removed at start.
class StoreFolder {
 public:
  explicit StoreFolder(std::string data) : data_(std::move(data)) {}

  /// Opens the store that counts and removes the others.
  absl::StatusOr<std::unique_ptr<Store>> Open();
  /// Opens an empty one beside it.
  absl::StatusOr<std::unique_ptr<Store>> OpenNext();
  /// From now on the one of OpenNext counts.
  absl::Status SwitchToNext();
  /// Closes the store of before and removes it.
  void Remove(std::unique_ptr<Store> old);
  /// As Projector::Rebuild, into the next folder.
  absl::StatusOr<Projector::RebuildReport> Rebuild(Projector* projector);

 private:
  std::string Path(int number) const;
  absl::StatusOr<int> Current() const;

  std::string data_;
  int current_ = 0;
};

}  // namespace trigpoint
