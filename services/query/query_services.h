#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "grpcpp/impl/codegen/service_type.h"
#include "services/common/caller.h"
#include "services/common/write_gate.h"
#include "services/query/eraser.h"
#include "services/query/retention.h"
#include "trigpoint/engine/projector.h"
#include "trigpoint/events/sealing.h"
#include "trigpoint/store/identity_vault.h"
#include "trigpoint/telemetry/metrics.h"
#include "trigpoint/v1/api.pb.h"

namespace trigpoint {

/// What the query services stand on. All pointers are borrowed and must outlive the services.
struct QueryDeps {
  Projector* projector = nullptr;
  EventWriter* writer = nullptr;
  CallerAuth* auth = nullptr;
  KeySource* keys = nullptr;       ///< Seals rationales and opens narratives for who may read them.
  const Eraser* eraser = nullptr;  ///< Null: nothing can be erased here.
  IdentityVault* vault = nullptr;  ///< Of protected sources; null: there is none.
  Retention* retention = nullptr;  ///< Erases by rule; null: nothing does.
  std::string page_secret{};
  std::function<int64_t()> now_us{};  ///< Microseconds UTC.
  std::function<absl::StatusOr<int>()>
      publish_baselines{};  ///< How many were published; may block.
  /// Publishes bank holidays; false where they were known; may block.
  std::function<absl::StatusOr<bool>(const v1::HolidaysPublished&)> publish_holidays{};
  /// Puts a version of a policy in force, or only checks it; gives from when on; may block.
  std::function<absl::StatusOr<int64_t>(const v1::PolicyActivated&, bool check_only)>
      activate_policy{};
  /// Takes a policy out of force, or only checks it; gives from when on; may block.
  std::function<absl::StatusOr<int64_t>(const v1::PolicyRetired&, bool check_only)> retire_policy{};
  /// Copies the log; may block.
  std::function<absl::StatusOr<v1::CreateBackupResponse>(const v1::CreateBackupRequest&)>
      create_backup{};
  /// Builds the store anew beside the present one; blocks until the switch, as does the next.
  std::function<absl::StatusOr<Projector::RebuildReport>(const v1::RebuildStoreRequest&)> rebuild{};
  /// Goes back to the store that is kept.
  std::function<absl::StatusOr<Projector::RebuildReport>(const v1::SwitchStoreBackRequest&)>
      switch_back{};
  std::function<absl::StatusOr<bool>()> release_store{};  ///< Whether one was kept.
  /// Copies the store; may block.
  std::function<absl::StatusOr<v1::CreateSeedResponse>(const v1::CreateSeedRequest&)> create_seed{};
  std::string log_id{};  ///< Stands in resume tokens: a token of another log is refused.
  std::string log_backend = "embedded";  ///< Shown in the status, as the next two.
  std::string member{};                  ///< Name of this process in a cluster.
  std::string roles = "all";             ///< What it does.
  /// Called after each commit that brought alerts; must not block.
  std::function<void()> on_alerts{};
  /// What goes out to webhooks, of one endpoint or of all; may block. Empty: nothing does.
  std::function<absl::StatusOr<v1::ListDeliveriesResponse>(const std::string&)> list_deliveries{};
  /// Queues dead letters again; how many.
  std::function<absl::StatusOr<int>(const v1::RetryDeliveriesRequest&)> retry_deliveries{};
  Metrics* metrics = nullptr;  ///< May be null. Counts the calls.
};

/// The query services of a node.
struct QueryServices {
  std::vector<std::unique_ptr<grpc::Service>> services;  ///< To register with the server.
  std::vector<std::string> names;                        ///< Their full names, for health checks.
  /// Ends every watch with UNAVAILABLE, reason DRAINING, and takes up no more: to be called before
  /// the server's Shutdown, which waits for them. While the services stand.
  std::function<void()> drain;
};

/// Providers, decisions, alerts, policies, personal data and operation. Destroy them after the
/// server was shut down.
QueryServices MakeQueryServices(const QueryDeps& deps);
/// Operation alone: how a process that answers no queries is looked at.
QueryServices MakeOperationServices(const QueryDeps& deps);

}  // namespace trigpoint
