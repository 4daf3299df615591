#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "trigpoint/log/event_log.h"
#include "trigpoint/store/store.h"

namespace trigpoint {

/// What two stores hold otherwise about one service.
struct StoreDifference {
  std::string stream_id;  ///< Empty: it is not about one service.
  /// In stable words, sorted: "only before", "only after", "facts", "record", "line", "alerts",
  /// "POLICY: level", "POLICY: recommendation", "POLICY: record"; without a service "bindings of
  /// partition 3" and the like. Never a value.
  std::vector<std::string> what;
};

/// Compares two stores that were folded from the same records: of every service its facts, what
/// was said and decided about it and its line in lists; and what belongs to no service. One of them
/// may go on being written until Compare. Both must outlive it. Threading: thread-compatible.
class StoreComparison {
 public:
  /// Differences that are kept; more are only counted.
  static constexpr size_t kKept = 100;

  /// Whether facts are compared: not where another version of the fold laid them out.
  enum class Facts : uint8_t { kCompared, kLeftOut };
  /// `partitions` are compared: where both are at the same offset.
  StoreComparison(const Store* before, const Store* after, std::vector<uint32_t> partitions,
                  Facts facts)
      : before_(before), after_(after), partitions_(std::move(partitions)), facts_(facts) {}

  /// Looks at the services whose lines are alike, so that Compare has less to do.
  /// Errors: those of the stores; Cancelled once `ended` says so, which is asked for each service.
  absl::Status LookAhead(const std::function<bool()>& ended);
  /// Compares all, without what LookAhead has seen as it is now. Nothing writes meanwhile. Errors:
  /// those of the stores.
  absl::Status Compare();

  // ---- after Compare

  uint64_t services() const { return services_; }    ///< In either store.
  uint64_t differing() const { return differing_; }  ///< Of these.
  /// By partition, the first kKept.
  const std::vector<StoreDifference>& differences() const { return differences_; }

 private:
  absl::Status CompareServices(uint32_t partition);
  absl::Status CompareOthers(uint32_t partition);
  /// What differs about a service that both have, but for its line.
  absl::StatusOr<std::vector<std::string>> LookAt(uint32_t partition, const std::string& stream_id);
  void Note(const std::string& stream_id, std::vector<std::string> what);

  const Store* before_;
  const Store* after_;
  std::vector<uint32_t> partitions_;
  Facts facts_;
  std::unordered_map<std::string, Digest> same_;  ///< Alike while the line is that.
  uint64_t services_ = 0;
  uint64_t differing_ = 0;
  std::vector<StoreDifference> differences_;
};

}  // namespace trigpoint
