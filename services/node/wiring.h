#pragma once

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/node/node_config.h"

namespace trigpoint {

/// A running node: log, store, keys, projector, services, clock, as far as its roles go.
class RunningNode {
 public:
  /// Starts everything; when it returns, calls are served. Errors say what to do about them.
  static absl::StatusOr<std::unique_ptr<RunningNode>> Start(const NodeConfig& config);
  ~RunningNode();

  /// OK while it can do its work; anything else is for good unless MayHeal.
  absl::Status Health() const;
  /// Whether it goes on by itself: when there is room on the disk, or a broker answers.
  bool MayHeal(const absl::Status& health) const;
  /// Sets the health service and the metrics to the present state; called a few times a second.
  void Refresh();
  /// Activates, in the background, what the directory of policies holds and is not active yet. A
  /// mistake in it is printed and logged by its kind; the node goes on with the policies it has.
  void ReloadPolicies();
  /// Drains: NOT_SERVING first, then watches end with UNAVAILABLE, other calls in flight have five
  /// seconds, then everything is flushed.
  /// Idempotent.
  absl::Status Stop();

 private:
  struct Parts;
  explicit RunningNode(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

/// Serves until SIGTERM or SIGINT (0) or until the node cannot go on (1); SIGHUP reloads the
/// policies. Blocks these signals for every thread.
int Serve(const NodeConfig& config);

}  // namespace trigpoint
