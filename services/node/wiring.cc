#include "services/node/wiring.h"

#include <cstdio>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "grpcpp/grpcpp.h"
#include "services/common/caller.h"
#include "services/common/health_service.h"
#include "services/common/write_gate.h"
#include "services/ingest/baseline_publisher.h"
#include "services/ingest/clock.h"
#include "services/ingest/control_publisher.h"
#include "services/ingest/intake.h"
#include "services/ingest/intelligence_service.h"
#include "services/ingest/waiting_release.h"
#include "services/node/api_server.h"
#include "services/node/backup.h"
#include "services/node/data_files.h"
#include "services/node/held_keys.h"
#include "services/node/log_names.h"
#include "services/node/metrics_export.h"
#include "services/node/open_log.h"
#include "services/node/store_folder.h"
#include "services/notify/deliveries.h"
#include "services/partners/partner_intake.h"
#include "services/query/query_services.h"
#include "trigpoint/access/disclosure.h"
#include "trigpoint/base/status.h"
#include "trigpoint/engine/projector.h"
#include "trigpoint/events/protected_identity.h"
#include "trigpoint/log/kafka_ownership.h"
#include "trigpoint/store/store.h"
#include "trigpoint/telemetry/logging.h"
#include "trigpoint/telemetry/metrics.h"

namespace trigpoint {
namespace {

constexpr size_t kPoolThreads = 4;
constexpr int64_t kDrainSeconds = 5;  // For calls in flight; supervisors wait for 10 s, then kill.

int64_t NowMicros() { return absl::GetCurrentTimeNanos() / 1000; }

Projector::RebuildEnd EndOf(bool compare_only) {
  return compare_only ? Projector::RebuildEnd::kCompareOnly : Projector::RebuildEnd::kSwitch;
}

}  // namespace

/// In the order of construction; destroyed in the reverse order.
struct RunningNode::Parts {
  NodeConfig config;
  std::unique_ptr<Metrics> metrics;
  std::unique_ptr<HeldKeys> held;
  bool keys_there = false;        // Before this start.
  std::unique_ptr<EventLog> log;  // Null, and what stands on it: this process only holds keys.
  LogNames names_of_log;
  std::unique_ptr<MetricsExport> exports;
  std::unique_ptr<StoreFolder> store_folder;
  std::mutex rebuilding;  // One rebuild at a time.
  std::unique_ptr<Store> store;
  std::unique_ptr<DisclosureLog> disclosures;
  std::unique_ptr<Ownership> ownership;  // Null: this process owns all partitions, or none.
  std::unique_ptr<Projector> projector;
  std::unique_ptr<EventWriter> writer;
  std::unique_ptr<CallerAuth> auth;
  std::unique_ptr<WorkerPool> pool;
  std::unique_ptr<Intake> intake;
  std::unique_ptr<WaitingRelease> release;
  std::unique_ptr<ControlPublisher> controls;
  std::unique_ptr<BaselinePublisher> baselines;
  std::unique_ptr<Clock> clock;
  std::unique_ptr<Eraser> eraser;
  std::unique_ptr<Retention> retention;
  std::unique_ptr<Deliveries> deliveries;   // Null: there is no webhook.
  std::unique_ptr<PartnerIntake> partners;  // Null: no partner writes to a topic.
  std::vector<std::unique_ptr<grpc::Service>> services;
  std::vector<std::string> names;             // Of the services, for health checks.
  std::function<void()> end_watches = [] {};  // They end only by their clients otherwise.
  std::unique_ptr<HealthService> health;
  std::unique_ptr<grpc::Server> server;
  bool serving = true;
  bool leads = false;  // Speaks for the control partition.
  bool stopped = false;

  absl::Status OpenData();
  absl::Status OpenKeys();
  absl::Status OpenStorage();
  absl::Status OpenEngine();
  /// Folds to the head.
  absl::Status OpenProjector();
  /// Activates the packs of the directory, where this process is the one that does.
  absl::Status ActivatePolicies();
  absl::Status OpenIntake();
  /// What is done once in a cluster, by whoever owns the partition.
  absl::Status StartDuties();
  absl::Status OpenDeliveries();
  QueryDeps DepsOfQuery();
  /// Does what touches the folder of the store, unless such a thing is under way: Aborted then.
  template <typename Work>
  auto RebuildAlone(const Work& work) -> decltype(work()) {
    const std::unique_lock alone(rebuilding, std::try_to_lock);
    if (!alone.owns_lock()) return absl::AbortedError("another rebuild is under way");
    return work();
  }
  absl::Status OpenServices();
  absl::Status Listen();
  void ReloadPolicies();
};

absl::Status RunningNode::Parts::OpenData() {
  std::error_code error;
  const bool made = std::filesystem::create_directories(config.data, error);
  // What care services are reported for is nobody's business on this machine but the node's.
  if (made && !error)
    std::filesystem::permissions(config.data, std::filesystem::perms::owner_all, error);
  if (error) {
    return absl::UnavailableError("cannot make the data directory " + config.data + ": " +
                                  error.message() + "; name another with --data");
  }
  return absl::OkStatus();
}

absl::Status RunningNode::Parts::OpenKeys() {
  std::error_code error;
  keys_there = std::filesystem::exists(config.data + "/keys", error);
  TP_ASSIGN_OR_RETURN(HeldKeys opened, HeldKeys::Open(config));
  held = std::make_unique<HeldKeys>(std::move(opened));
  return absl::OkStatus();
}

absl::Status RunningNode::Parts::OpenStorage() {
  TP_ASSIGN_OR_RETURN(log, OpenNodeLog(config));
  bool log_empty = true;
  for (uint32_t p = 0; p < log->partitions(); ++p) {
    TP_ASSIGN_OR_RETURN(const int64_t head, log->HeadOffset(p));
    log_empty = log_empty && head == 0;
  }
  if (config.roles.keys && !keys_there && !log_empty) {
    Log(LogLevel::kWarning, "keys_missing");
    std::fprintf(
        stderr,
        "trigpoint-node: %s/keys is missing beside a log that holds events: what was sealed "
        "so far stays sealed; restore the keys if that is not meant\n",
        config.data.c_str());
  }
  store_folder = std::make_unique<StoreFolder>(config.data);
  auto opened_store = store_folder->Open();
  if (!opened_store.ok()) return Annotate(opened_store.status(), "open the store");
  store = *std::move(opened_store);
  TP_ASSIGN_OR_RETURN(disclosures, OpenFileDisclosureLog(config.data + "/disclosures.jsonl"));
  TP_ASSIGN_OR_RETURN(names_of_log, NamesOfLog(config, held->keys()));
  return absl::OkStatus();
}

absl::Status RunningNode::Parts::OpenProjector() {
  ProjectorOptions options;
  options.assess = config.roles.projector;
  options.sole = config.log == "embedded";
  options.awaits_brokers = config.log == "kafka";
  if (!options.sole && config.roles.projector) {
    ownership = NewKafkaOwnership({.connection = KafkaOf(config),
                                   .topic = config.kafka_topic,
                                   .group = config.kafka_topic + ".projectors",
                                   .instance_id = config.member});
    options.may_append = [this](uint32_t partition) { return ownership->Held(partition); };
  }
  TP_ASSIGN_OR_RETURN(projector,
                      store_folder->OpenProjector(log.get(), options, config.seed, &store));
  return absl::OkStatus();
}

absl::Status RunningNode::Parts::ActivatePolicies() {
  if (!config.roles.projector || !projector->Owns(projector->control_partition()))
    return absl::OkStatus();
  return controls->ActivatePolicies(config.policies);
}

absl::Status RunningNode::Parts::OpenEngine() {
  TP_RETURN_IF_ERROR(OpenProjector());
  TP_RETURN_IF_ERROR(projector->Start());
  writer = std::make_unique<EventWriter>(log.get(), projector.get(), &NowMicros, metrics.get());
  controls = std::make_unique<ControlPublisher>(projector.get(), writer.get());
  TP_RETURN_IF_ERROR(controls->EnsureCopies());
  TP_RETURN_IF_ERROR(ActivatePolicies());
  baselines = std::make_unique<BaselinePublisher>(projector.get(), writer.get(), controls.get());
  return absl::OkStatus();
}

absl::Status RunningNode::Parts::OpenIntake() {
  TP_ASSIGN_OR_RETURN(Principals principals, ReadPrincipals(config));
  auth = std::make_unique<CallerAuth>(std::move(principals), disclosures.get());
  pool = std::make_unique<WorkerPool>(kPoolThreads);
  intake = std::make_unique<Intake>(IntakeDeps{.projector = projector.get(),
                                               .writer = writer.get(),
                                               .keys = &held->keys(),
                                               .vault = held->vault(),
                                               .pool = pool.get(),
                                               .metrics = metrics.get()});
  if (!config.roles.ingest) return absl::OkStatus();
  services.push_back(
      std::make_unique<IntelligenceService>(IntelligenceDeps{.intake = intake.get(),
                                                             .projector = projector.get(),
                                                             .auth = auth.get(),
                                                             .pool = pool.get(),
                                                             .metrics = metrics.get(),
                                                             .page_secret = names_of_log.secret}));
  names.push_back(v1::IntelligenceService::service_full_name());
  return absl::OkStatus();
}

absl::Status RunningNode::Parts::StartDuties() {
  eraser = std::make_unique<Eraser>(projector.get(), writer.get(),
                                    [this](const auto& key_ids) { return held->Destroy(key_ids); });
  retention = std::make_unique<Retention>(RetentionDeps{.projector = projector.get(),
                                                        .eraser = eraser.get(),
                                                        .keys = &held->keys(),
                                                        .vault = held->vault(),
                                                        .now_us = &NowMicros,
                                                        .metrics = metrics.get()},
                                          RetentionRules(config.retention));
  if (config.roles.ingest || config.roles.projector) {
    release = std::make_unique<WaitingRelease>(projector.get(), intake.get());
    release->Start();
  }
  if (!config.roles.projector) return absl::OkStatus();
  clock =
      std::make_unique<Clock>(projector.get(), writer.get(), controls.get(), baselines.get(),
                              ClockOptions{.grace_us = config.deadline_grace_seconds * 1'000'000});
  clock->Start();
  if (ownership == nullptr) return absl::OkStatus();
  return ownership->Start(
      {.granted = [this](const auto& partitions) { projector->Own(partitions); },
       .revoked = [this](const auto& partitions) { projector->Disown(partitions); }});
}

absl::Status RunningNode::Parts::OpenDeliveries() {
  if (!config.roles.notify) return absl::OkStatus();
  TP_ASSIGN_OR_RETURN(deliveries,
                      Deliveries::Open({.projector = projector.get(),
                                        .metrics = metrics.get(),
                                        .directory = config.data + "/outbox",
                                        .log_id = names_of_log.id,
                                        .now_us = &NowMicros,
                                        .secret = names_of_log.secret,
                                        .alerts_topic = config.alerts_topic,
                                        .alerts_organisation = config.alerts_organisation,
                                        .kafka = KafkaOf(config)},
                                       config.webhooks));
  if (deliveries != nullptr && !config.roles.query)
    projector->OnAlerts([this] { deliveries->Wake(); });
  return absl::OkStatus();
}

QueryDeps RunningNode::Parts::DepsOfQuery() {
  QueryDeps deps;
  deps.projector = projector.get();
  deps.writer = writer.get();
  deps.auth = auth.get();
  deps.keys = &held->keys();
  deps.eraser = eraser.get();
  deps.vault = held->vault();
  deps.retention = retention.get();
  deps.page_secret = names_of_log.secret;
  deps.now_us = &NowMicros;
  deps.rebuild = [this](const v1::RebuildStoreRequest& request) {
    return RebuildAlone([this, &request] {
      return store_folder->Rebuild(
          projector.get(), EndOf(request.compare_only()),
          request.has_partition() ? std::optional(request.partition()) : std::nullopt);
    });
  };
  deps.switch_back = [this](const v1::SwitchStoreBackRequest& request) {
    return RebuildAlone([this, &request] {
      return store_folder->SwitchBack(projector.get(), EndOf(request.compare_only()));
    });
  };
  deps.release_store = [this] { return RebuildAlone([this] { return store_folder->Release(); }); };
  deps.create_seed = [this](const v1::CreateSeedRequest& request) {
    return CreateSeed(*store, log->partitions(), request);
  };
  deps.create_backup = [this](const v1::CreateBackupRequest& request) {
    return CreateBackup(*log, held->keys(), request);
  };
  deps.publish_baselines = [this] { return baselines->Publish(); };
  deps.publish_holidays = [this](const v1::HolidaysPublished& holidays) {
    return controls->PublishHolidays(holidays);
  };
  deps.activate_policy = [this](const v1::PolicyActivated& activated, bool check_only) {
    return controls->ActivatePolicy(activated, check_only);
  };
  deps.retire_policy = [this](const v1::PolicyRetired& retired, bool check_only) {
    return controls->RetirePolicy(retired, check_only);
  };
  deps.log_id = names_of_log.id;
  deps.log_backend = config.log;
  deps.member = config.member;
  deps.roles = config.roles.Text();
  deps.metrics = metrics.get();
  if (deliveries != nullptr) {
    deps.on_alerts = [this] { deliveries->Wake(); };
    deps.list_deliveries = [this](const auto& endpoint) { return deliveries->List(endpoint); };
    deps.retry_deliveries = [this](const auto& request) { return deliveries->Retry(request); };
  }
  return deps;
}

absl::Status RunningNode::Parts::OpenServices() {
  TP_RETURN_IF_ERROR(OpenIntake());
  TP_RETURN_IF_ERROR(StartDuties());
  TP_RETURN_IF_ERROR(OpenDeliveries());
  QueryServices query =
      config.roles.query ? MakeQueryServices(DepsOfQuery()) : MakeOperationServices(DepsOfQuery());
  for (auto& service : query.services) services.push_back(std::move(service));
  names.insert(names.end(), query.names.begin(), query.names.end());
  end_watches = std::move(query.drain);
  return absl::OkStatus();
}

absl::Status RunningNode::Parts::Listen() {
  health = std::make_unique<HealthService>(names, metrics.get());
  std::vector<grpc::Service*> all{health.get()};
  for (const auto& service : services) all.push_back(service.get());
  TP_ASSIGN_OR_RETURN(ApiServer api, StartApiServer(config, all));
  server = std::move(api.server);
  health->SetServing(true);
  Log(LogLevel::kInfo, "node_ready",
      {{"port", api.port},
       {"partitions", config.partitions},
       {"providers", projector == nullptr ? 0 : projector->ProviderCount()}});
  return absl::OkStatus();
}

void RunningNode::Parts::ReloadPolicies() {
  if (pool == nullptr) return;
  // Waits for the disk and the fold, so not on the thread that watches over the node.
  pool->Run([this] {
    const absl::Status reloaded = ActivatePolicies();
    if (!reloaded.ok()) {
      std::fprintf(stderr, "trigpoint-node: policies: %s\n",
                   std::string(reloaded.message()).c_str());
    }
    Log(reloaded.ok() ? LogLevel::kInfo : LogLevel::kError, "policies_reloaded",
        {{"code", LogId{absl::StatusCodeToString(reloaded.code())}}});
  });
}

RunningNode::RunningNode(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

RunningNode::~RunningNode() { Stop().IgnoreError(); }

absl::StatusOr<std::unique_ptr<RunningNode>> RunningNode::Start(const NodeConfig& config) {
  std::unique_ptr<RunningNode> node(new RunningNode(std::make_unique<Parts>()));
  Parts& parts = *node->parts_;
  parts.config = config;
  TP_RETURN_IF_ERROR(parts.OpenData());
  auto metrics = Metrics::Start(config.metrics_listen);
  if (!metrics.ok()) {
    return Annotate(metrics.status(),
                    "metrics on " + config.metrics_listen +
                        " (name another address with --metrics-listen, or none with \"\")");
  }
  parts.metrics = *std::move(metrics);
  TP_RETURN_IF_ERROR(parts.OpenKeys());
  if (config.roles.OnlyKeys()) {
    TP_RETURN_IF_ERROR(parts.Listen());
    return node;
  }
  TP_RETURN_IF_ERROR(parts.OpenStorage());
  parts.exports = std::make_unique<MetricsExport>(parts.metrics.get(), parts.log.get());
  TP_RETURN_IF_ERROR(parts.OpenEngine());
  TP_RETURN_IF_ERROR(parts.OpenServices());
  TP_RETURN_IF_ERROR(parts.Listen());
  if (parts.deliveries != nullptr) parts.deliveries->Start();
  TP_ASSIGN_OR_RETURN(parts.partners, StartPartnerIntake({.intake = parts.intake.get(),
                                                          .auth = parts.auth.get(),
                                                          .metrics = parts.metrics.get(),
                                                          .connection = KafkaOf(config),
                                                          .now_us = &NowMicros},
                                                         config.partner_topics));
  if (config.roles.projector) parts.retention->Start();
  parts.leads = config.log == "embedded";
  return node;
}

absl::Status RunningNode::Health() const {
  if (parts_->projector == nullptr) return absl::OkStatus();
  TP_RETURN_IF_ERROR(parts_->projector->Health());
  // Without a share for now it goes on; put out for good it ends.
  if (parts_->ownership != nullptr && absl::IsFailedPrecondition(parts_->ownership->Health()))
    return parts_->ownership->Health();
  return parts_->log->Health();
}

bool RunningNode::MayHeal(const absl::Status& health) const {
  // A full disk; brokers that do not answer.
  return absl::IsResourceExhausted(health) ||
         (parts_->config.log == "kafka" && absl::IsUnavailable(health));
}

void RunningNode::Refresh() {
  const absl::Status health = Health();
  const bool serving = health.ok();
  if (serving != parts_->serving) {
    parts_->serving = serving;
    parts_->health->SetServing(serving);
    // Callers are told that there is no room; which disk that is, the operator reads here.
    if (!serving)
      std::fprintf(stderr, "trigpoint-node: %s\n", std::string(health.message()).c_str());
    Log(serving ? LogLevel::kInfo : LogLevel::kError, "health_changed", {{"serving", serving}});
  }
  parts_->metrics->KeysAvailable().Set(parts_->held->keys().Health().ok() ? 1 : 0);
  if (parts_->projector == nullptr) return;
  parts_->metrics->LogAvailable().Set(parts_->log->Health().ok() ? 1 : 0);
  parts_->exports->Run(*parts_->projector);
  // Brokers that are cut off keep whoever asks them waiting for minutes, whatever it says.
  if (parts_->exports->HeadsDue())
    parts_->pool->Run([parts = parts_.get()] { parts->exports->ExportHeads(*parts->projector); });
  // Whoever takes over the control partition sees to the policies of its directory.
  const bool leads = parts_->projector->Owns(parts_->projector->control_partition());
  if (leads && !parts_->leads) ReloadPolicies();
  parts_->leads = leads;
}

void RunningNode::ReloadPolicies() { parts_->ReloadPolicies(); }

absl::Status RunningNode::Stop() {
  Parts& parts = *parts_;
  if (parts.stopped) return absl::OkStatus();
  parts.stopped = true;
  if (parts.deliveries != nullptr) parts.deliveries->BeginStop();
  if (parts.partners != nullptr) parts.partners->BeginStop();
  if (parts.server != nullptr) {
    parts.health->Drain();
    if (parts.projector != nullptr) parts.projector->CancelRebuild();
    parts.end_watches();
    parts.server->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(kDrainSeconds));
  }
  if (parts.partners != nullptr) parts.partners->Stop();
  // Others may speak for its partitions at once.
  if (parts.ownership != nullptr) parts.ownership->Stop();
  if (parts.clock != nullptr) parts.clock->Stop();
  if (parts.retention != nullptr) parts.retention->Stop();
  if (parts.release != nullptr) parts.release->Stop();
  if (parts.pool != nullptr) parts.pool->Stop();
  // The log answers what is under way, into a projector that still stands; then nothing refers to
  // either.
  absl::Status status;
  if (parts.deliveries != nullptr) status.Update(parts.deliveries->Stop());
  if (parts.projector != nullptr) parts.projector->Stop();
  if (parts.log != nullptr) status.Update(parts.log->Close());
  parts.server.reset();
  parts.health.reset();
  parts.end_watches = nullptr;
  parts.services.clear();
  if (parts.store != nullptr) status.Update(parts.store->Close());
  return status;
}

}  // namespace trigpoint
