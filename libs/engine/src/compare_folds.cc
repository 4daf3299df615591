#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "stream_digests.h"
#include "trigpoint/base/status.h"
#include "trigpoint/engine/log_copy.h"
#include "trigpoint/engine/projector.h"
#include "trigpoint/events/digest.h"

namespace trigpoint {
namespace {

namespace fs = std::filesystem;

/// Removes a directory at its end.
class Scratch {
 public:
  explicit Scratch(std::string path) : path_(std::move(path)) {}
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  absl::Status Make() const {
    std::error_code error;
    if (fs::create_directory(path_, error)) return absl::OkStatus();
    return absl::AlreadyExistsError(
        "cannot make " + path_ + " for the folds" +
        (error ? ": " + error.message() : ": it is there already; what a killed copy left can go"));
  }

 private:
  std::string path_;
};

/// A log folded into a store of its own, from the beginning.
struct FoldedLog {
  std::unique_ptr<Store> store;
  std::unique_ptr<Projector> projector;

  absl::Status Fold(EventLog* log, const std::string& directory) {
    TP_ASSIGN_OR_RETURN(store, Store::Open({.directory = directory}));
    ProjectorOptions options;
    options.assess = false;  // What was recommended is in the log.
    TP_ASSIGN_OR_RETURN(projector, Projector::Open(log, store.get(), options));
    return projector->CatchUp();
  }

  std::string Stream(const std::string& id) const {
    const auto read = projector->Read(id);
    if (!read.ok()) return StatusText(read.status());
    return CanonicalBytes(read->state) + CanonicalBytes(read->record);
  }

  /// Submissions that wait or are quarantined.
  std::multiset<std::string> Held() const {
    std::multiset<std::string> held;
    for (const auto& event : projector->AllWaiting()) held.insert(CanonicalBytes(event));
    for (const auto& one : projector->Quarantined({.resolved = true}, "", SIZE_MAX))
      held.insert(CanonicalBytes(one));
    return held;
  }
};

}  // namespace

absl::StatusOr<std::vector<std::string>> CompareFolds(EventLog* from, EventLog* to,
                                                      const std::string& directory,
                                                      const std::vector<std::string>& streams) {
  const Scratch scratch(directory);
  TP_RETURN_IF_ERROR(scratch.Make());
  FoldedLog left;
  FoldedLog right;
  TP_RETURN_IF_ERROR(left.Fold(from, directory + "/from"));
  TP_RETURN_IF_ERROR(right.Fold(to, directory + "/to"));
  std::vector<std::string> found;
  for (const std::string& id : streams) {
    if (left.Stream(id) != right.Stream(id)) found.push_back("stream " + id + " folds otherwise");
    if (found.size() == kDifferencesMax) return found;
  }
  if (left.Held() != right.Held()) found.emplace_back("what waits or is quarantined differs");
  if (left.projector->ProviderCount() != right.projector->ProviderCount())
    found.emplace_back("the number of services differs");
  return found;
}

}  // namespace trigpoint
