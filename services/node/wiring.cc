#include "services/node/wiring.h"

#include <pthread.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <mutex>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/resource_quota.h"
#include "services/common/caller.h"
#include "services/common/health_service.h"
#include "services/common/write_gate.h"
#include "services/ingest/baseline_publisher.h"
#include "services/ingest/clock.h"
#include "services/ingest/control_publisher.h"
#include "services/ingest/intake.h"
#include "services/ingest/intelligence_service.h"
#include "services/ingest/waiting_release.h"
#include "services/node/backup.h"
#include "services/node/data_files.h"
#include "services/node/metrics_export.h"
#include "services/node/store_folder.h"
#include "services/notify/deliveries.h"
#include "services/query/query_services.h"
#include "trigpoint/access/disclosure.h"
#include "trigpoint/access/principals.h"
#include "trigpoint/base/status.h"
#include "trigpoint/engine/projector.h"
#include "trigpoint/events/protected_identity.h"
#include "trigpoint/log/embedded_log.h"
#include "trigpoint/store/identity_vault.h"
#include "trigpoint/store/key_store.h"
#include "trigpoint/store/store.h"
#include "trigpoint/telemetry/logging.h"
#include "trigpoint/telemetry/metrics.h"

namespace trigpoint {
namespace {

constexpr int kReceiveBytesMax = 4 << 20;  // Intake takes a file's rows; reference/streaming 3.2.
constexpr size_t kPoolThreads = 4;
constexpr int64_t kKeepaliveAnswerSeconds = 20;
constexpr int64_t kDrainSeconds = 5;  // For calls in flight; supervisors wait for 10 s, then kill.

int64_t NowMicros() { return absl::GetCurrentTimeNanos() / 1000; }

absl::StatusOr<std::string> ReadFile(const std::string& path, const std::string& flag) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(flag + ": cannot read " + path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> TransportOf(const NodeConfig& config) {
  if (config.tls_cert.empty()) return grpc::InsecureServerCredentials();
  grpc::SslServerCredentialsOptions options(GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  TP_ASSIGN_OR_RETURN(std::string cert, ReadFile(config.tls_cert, "--tls-cert"));
  TP_ASSIGN_OR_RETURN(std::string key, ReadFile(config.tls_key, "--tls-key"));
  options.pem_key_cert_pairs.push_back({std::move(key), std::move(cert)});
  if (!config.tls_client_ca.empty()) {
    TP_ASSIGN_OR_RETURN(options.pem_root_certs, ReadFile(config.tls_client_ca, "--tls-client-ca"));
    // Tokens stay possible beside certificates; a certificate that is shown must be good.
    options.client_certificate_request = GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY;
  }
  return grpc::SslServerCredentials(options);
}

absl::StatusOr<Principals> ReadPrincipals(const NodeConfig& config) {
  if (config.principals.empty()) return Principals::LocalOperator();
  TP_ASSIGN_OR_RETURN(const std::string text, ReadFile(config.principals, "--principals"));
  auto principals = Principals::FromYaml(text);
  if (!principals.ok()) return Annotate(principals.status(), config.principals);
  return principals;
}

void SetLimits(const NodeConfig& config, grpc::ServerBuilder* builder) {
  builder->SetMaxReceiveMessageSize(kReceiveBytesMax);
  builder->AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, 256);
  builder->AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, 16 * 1024);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10'000);
  // A client whose machine vanished does not say so: its watches would stay for ever. Asked also
  // while nothing is sent, and as often as it takes.
  const int64_t answer_seconds = std::min(config.keepalive_seconds, kKeepaliveAnswerSeconds);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS,
                              static_cast<int>(config.keepalive_seconds * 1'000));
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                              static_cast<int>(answer_seconds * 1'000));
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  // Two nodes on one port would each get some of the calls.
  builder->AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
}

}  // namespace

/// In the order of construction; destroyed in the reverse order.
struct RunningNode::Parts {
  NodeConfig config;
  std::unique_ptr<Metrics> metrics;
  std::unique_ptr<KeyStore> keys;
  std::unique_ptr<IdentityVault> vault;  // Null: none is configured.
  std::unique_ptr<EventLog> log;
  std::unique_ptr<MetricsExport> exports;
  std::unique_ptr<StoreFolder> store_folder;
  std::mutex rebuilding;  // One rebuild at a time.
  std::unique_ptr<Store> store;
  std::unique_ptr<DisclosureLog> disclosures;
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
  std::unique_ptr<Deliveries> deliveries;  // Null: there is no webhook.
  std::vector<std::unique_ptr<grpc::Service>> services;
  std::vector<std::string> names;             // Of the services, for health checks.
  std::function<void()> end_watches = [] {};  // They end only by their clients otherwise.
  std::unique_ptr<HealthService> health;
  std::unique_ptr<grpc::Server> server;
  bool serving = true;
  bool stopped = false;

  absl::Status OpenStorage();
  absl::Status OpenVault();
  /// Destroys keys of texts and identities, whichever each is.
  absl::Status Destroy(const std::vector<std::string>& key_ids);
  absl::Status OpenEngine();
  absl::Status OpenServices();
  absl::Status Listen();
};

absl::Status RunningNode::Parts::OpenStorage() {
  std::error_code error;
  const bool made = std::filesystem::create_directories(config.data, error);
  // What care services are reported for is nobody's business on this machine but the node's.
  if (made && !error)
    std::filesystem::permissions(config.data, std::filesystem::perms::owner_all, error);
  if (error) {
    return absl::UnavailableError("cannot make the data directory " + config.data + ": " +
                                  error.message() + "; name another with --data");
  }
  auto opened_log =
      OpenEmbeddedLog({.directory = config.data + "/log", .partitions = config.partitions + 1});
  if (!opened_log.ok()) {
    return Annotate(opened_log.status(),
                    "open the log in " + config.data +
                        " (is another node using it? stop that one, or use another --data)");
  }
  log = *std::move(opened_log);
  const bool keys_there = std::filesystem::exists(config.data + "/keys", error);
  auto opened_keys =
      KeyStore::Open({.directory = config.data + "/keys", .kek_file = config.data + "/keys.kek"});
  if (!opened_keys.ok()) return Annotate(opened_keys.status(), "open the key store");
  keys = *std::move(opened_keys);
  bool log_empty = true;
  for (uint32_t p = 0; p < log->partitions(); ++p) {
    TP_ASSIGN_OR_RETURN(const int64_t head, log->HeadOffset(p));
    log_empty = log_empty && head == 0;
  }
  if (!keys_there && !log_empty) {
    Log(LogLevel::kWarning, "keys_missing");
    std::fprintf(
        stderr,
        "trigpoint-node: %s/keys is missing beside a log that holds events: what was sealed "
        "so far stays sealed; restore the keys if that is not meant\n",
        config.data.c_str());
  }
  TP_RETURN_IF_ERROR(OpenVault());
  store_folder = std::make_unique<StoreFolder>(config.data);
  auto opened_store = store_folder->Open();
  if (!opened_store.ok()) return Annotate(opened_store.status(), "open the store");
  store = *std::move(opened_store);
  TP_ASSIGN_OR_RETURN(disclosures, OpenFileDisclosureLog(config.data + "/disclosures.jsonl"));
  return absl::OkStatus();
}

absl::Status RunningNode::Parts::OpenVault() {
  if (config.vault_directory.empty()) return absl::OkStatus();
  const std::string directory = std::filesystem::path(config.data) / config.vault_directory;
  auto opened = IdentityVault::Open({.directory = directory, .kek_file = directory + ".kek"});
  if (!opened.ok()) return Annotate(opened.status(), "open the vault of protected identities");
  vault = *std::move(opened);
  return absl::OkStatus();
}

absl::Status RunningNode::Parts::Destroy(const std::vector<std::string>& key_ids) {
  std::vector<std::string> of_texts;
  std::vector<std::string> of_identities;
  for (const std::string& key : key_ids)
    (key.starts_with(kVaultPrefix) ? of_identities : of_texts).push_back(key);
  if (!of_identities.empty() && vault == nullptr) {
    return absl::FailedPreconditionError(
        "identities of protected sources lie in a vault, and none is configured here");
  }
  if (!of_identities.empty()) TP_RETURN_IF_ERROR(vault->Erase(of_identities));
  return keys->DestroyKeys(of_texts);
}

absl::Status RunningNode::Parts::OpenEngine() {
  auto opened = Projector::Open(log.get(), store.get(), {});
  if (absl::IsUnimplemented(opened.status())) {
    // Folded by another version: the log is the truth, the store is built anew beside the old one.
    Log(LogLevel::kInfo, "store_of_another_version");
    std::fprintf(stderr, "trigpoint-node: %s: folding it anew from the log\n",
                 std::string(opened.status().message()).c_str());
    TP_ASSIGN_OR_RETURN(auto next, store_folder->OpenNext());
    TP_ASSIGN_OR_RETURN(projector, Projector::Open(log.get(), next.get(), {}));
    TP_RETURN_IF_ERROR(projector->CatchUp());
    TP_RETURN_IF_ERROR(store_folder->SwitchToNext());
    std::swap(store, next);
    store_folder->Remove(std::move(next));
  } else {
    TP_RETURN_IF_ERROR(opened.status());
    projector = *std::move(opened);
    TP_RETURN_IF_ERROR(projector->CatchUp());
  }
  TP_RETURN_IF_ERROR(projector->Start());
  writer = std::make_unique<EventWriter>(log.get(), projector.get(), &NowMicros, metrics.get());
  controls = std::make_unique<ControlPublisher>(projector.get(), writer.get());
  TP_RETURN_IF_ERROR(controls->EnsureCopies());
  TP_RETURN_IF_ERROR(controls->ActivatePolicies(config.policies));
  baselines = std::make_unique<BaselinePublisher>(projector.get(), writer.get(), controls.get());
  return absl::OkStatus();
}

absl::Status RunningNode::Parts::OpenServices() {
  TP_ASSIGN_OR_RETURN(Principals principals, ReadPrincipals(config));
  auth = std::make_unique<CallerAuth>(std::move(principals), disclosures.get());
  pool = std::make_unique<WorkerPool>(kPoolThreads);
  intake = std::make_unique<Intake>(IntakeDeps{.projector = projector.get(),
                                               .writer = writer.get(),
                                               .keys = keys.get(),
                                               .vault = vault.get(),
                                               .pool = pool.get(),
                                               .metrics = metrics.get()});
  release = std::make_unique<WaitingRelease>(projector.get(), intake.get());
  release->Start();
  clock =
      std::make_unique<Clock>(projector.get(), writer.get(), baselines.get(),
                              ClockOptions{.grace_us = config.deadline_grace_seconds * 1'000'000});
  clock->Start();
  TP_ASSIGN_OR_RETURN(const std::string secret, ReadPageSecret(config.data));
  services.push_back(
      std::make_unique<IntelligenceService>(IntelligenceDeps{.intake = intake.get(),
                                                             .projector = projector.get(),
                                                             .auth = auth.get(),
                                                             .pool = pool.get(),
                                                             .metrics = metrics.get(),
                                                             .page_secret = secret}));
  names.push_back(v1::IntelligenceService::service_full_name());
  TP_ASSIGN_OR_RETURN(const std::string log_id, ReadLogId(config.data));
  QueryDeps deps;
  deps.projector = projector.get();
  deps.writer = writer.get();
  deps.auth = auth.get();
  deps.keys = keys.get();
  eraser = std::make_unique<Eraser>(projector.get(), writer.get(),
                                    [this](const auto& key_ids) { return Destroy(key_ids); });
  retention = std::make_unique<Retention>(RetentionDeps{.projector = projector.get(),
                                                        .eraser = eraser.get(),
                                                        .keys = keys.get(),
                                                        .vault = vault.get(),
                                                        .now_us = &NowMicros,
                                                        .metrics = metrics.get()},
                                          RetentionRules(config.retention));
  deps.eraser = eraser.get();
  deps.vault = vault.get();
  deps.retention = retention.get();
  deps.page_secret = secret;
  deps.now_us = &NowMicros;
  deps.rebuild = [this]() -> absl::StatusOr<Projector::RebuildReport> {
    const std::unique_lock alone(rebuilding, std::try_to_lock);
    if (!alone.owns_lock()) return absl::AbortedError("another rebuild is under way");
    return store_folder->Rebuild(projector.get());
  };
  deps.create_backup = [this](const v1::CreateBackupRequest& request) {
    return CreateBackup(*log, *keys, request);
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
  deps.log_id = log_id;
  deps.metrics = metrics.get();
  TP_ASSIGN_OR_RETURN(deliveries, Deliveries::Open({.projector = projector.get(),
                                                    .metrics = metrics.get(),
                                                    .directory = config.data + "/outbox",
                                                    .log_id = log_id,
                                                    .now_us = &NowMicros,
                                                    .secret = secret},
                                                   config.webhooks));
  if (deliveries != nullptr) {
    deps.on_alerts = [this] { deliveries->Wake(); };
    deps.list_deliveries = [this](const auto& endpoint) { return deliveries->List(endpoint); };
    deps.retry_deliveries = [this](const auto& request) { return deliveries->Retry(request); };
  }
  QueryServices query = MakeQueryServices(deps);
  for (auto& service : query.services) services.push_back(std::move(service));
  names.insert(names.end(), query.names.begin(), query.names.end());
  end_watches = std::move(query.drain);
  return absl::OkStatus();
}

absl::Status RunningNode::Parts::Listen() {
  health = std::make_unique<HealthService>(names, metrics.get());
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  TP_ASSIGN_OR_RETURN(const auto credentials, TransportOf(config));
  grpc::ServerBuilder builder;
  SetLimits(config, &builder);
  int port = 0;
  builder.AddListeningPort(config.listen, credentials, &port);
  for (const auto& service : services) builder.RegisterService(service.get());
  builder.RegisterService(health.get());
  server = builder.BuildAndStart();
  if (server == nullptr || (port == 0 && config.listen.rfind("unix:", 0) != 0)) {
    return absl::UnavailableError("cannot listen on " + config.listen +
                                  ": the port is in use or not ours; name another with --listen");
  }
  health->SetServing(true);
  Log(LogLevel::kInfo, "node_ready",
      {{"port", port},
       {"partitions", config.partitions},
       {"providers", projector->ProviderCount()}});
  return absl::OkStatus();
}

RunningNode::RunningNode(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

RunningNode::~RunningNode() { Stop().IgnoreError(); }

absl::StatusOr<std::unique_ptr<RunningNode>> RunningNode::Start(const NodeConfig& config) {
  std::unique_ptr<RunningNode> node(new RunningNode(std::make_unique<Parts>()));
  Parts& parts = *node->parts_;
  parts.config = config;
  TP_RETURN_IF_ERROR(parts.OpenStorage());
  auto metrics = Metrics::Start(config.metrics_listen);
  if (!metrics.ok()) {
    return Annotate(metrics.status(),
                    "metrics on " + config.metrics_listen +
                        " (name another address with --metrics-listen, or none with \"\")");
  }
  parts.metrics = *std::move(metrics);
  parts.exports = std::make_unique<MetricsExport>(parts.metrics.get(), parts.log.get());
  TP_RETURN_IF_ERROR(parts.OpenEngine());
  TP_RETURN_IF_ERROR(parts.OpenServices());
  TP_RETURN_IF_ERROR(parts.Listen());
  if (parts.deliveries != nullptr) parts.deliveries->Start();
  parts.retention->Start();
  return node;
}

absl::Status RunningNode::Health() const {
  TP_RETURN_IF_ERROR(parts_->projector->Health());
  return parts_->log->Health();
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
  parts_->exports->Run(*parts_->projector);
}

void RunningNode::ReloadPolicies() {
  // Waits for the disk and the fold, so not on the thread that watches over the node.
  parts_->pool->Run([parts = parts_.get()] {
    const absl::Status reloaded = parts->controls->ActivatePolicies(parts->config.policies);
    if (!reloaded.ok()) {
      std::fprintf(stderr, "trigpoint-node: policies: %s\n",
                   std::string(reloaded.message()).c_str());
    }
    Log(reloaded.ok() ? LogLevel::kInfo : LogLevel::kError, "policies_reloaded",
        {{"code", LogId{absl::StatusCodeToString(reloaded.code())}}});
  });
}

absl::Status RunningNode::Stop() {
  Parts& parts = *parts_;
  if (parts.stopped) return absl::OkStatus();
  parts.stopped = true;
  if (parts.deliveries != nullptr) parts.deliveries->BeginStop();
  if (parts.server != nullptr) {
    parts.health->Drain();
    if (parts.projector != nullptr) parts.projector->CancelRebuild();
    parts.end_watches();
    parts.server->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(kDrainSeconds));
  }
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

int Serve(const NodeConfig& config) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  // Its lines are no structured logs; set the variable to see them. No other thread runs yet.
  setenv("GRPC_VERBOSITY", "NONE", 0);  // NOLINT(concurrency-mt-unsafe)
  const LogLevel level = config.log_level == "debug"     ? LogLevel::kDebug
                         : config.log_level == "warning" ? LogLevel::kWarning
                         : config.log_level == "error"   ? LogLevel::kError
                                                         : LogLevel::kInfo;
  InitLogging(level, config.log_format == "text" ? LogFormat::kText : LogFormat::kJson);
  auto node = RunningNode::Start(config);
  if (!node.ok()) {
    std::fprintf(stderr, "trigpoint-node: %s\n", std::string(node.status().message()).c_str());
    return 1;
  }
  int exit_code = 0;
  const timespec period{.tv_sec = 0, .tv_nsec = 250'000'000};
  while (true) {
    const int signal = sigtimedwait(&signals, nullptr, &period);
    if (signal == SIGTERM || signal == SIGINT) break;
    if (signal == SIGHUP) (*node)->ReloadPolicies();
    (*node)->Refresh();
    const absl::Status health = (*node)->Health();
    if (health.ok() || absl::IsResourceExhausted(health)) continue;
    Log(LogLevel::kError, "node_failed", {{"code", static_cast<int>(health.code())}});
    std::fprintf(stderr, "trigpoint-node: %s\n", std::string(health.message()).c_str());
    exit_code = 1;
    break;
  }
  Log(LogLevel::kInfo, "node_draining");
  const absl::Status stopped = (*node)->Stop();
  if (!stopped.ok())
    std::fprintf(stderr, "trigpoint-node: %s\n", std::string(stopped.message()).c_str());
  Log(LogLevel::kInfo, "node_stopped", {{"ok", stopped.ok()}});
  return stopped.ok() ? exit_code : 1;
}

}  // namespace trigpoint
