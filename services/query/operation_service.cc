#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <set>
#include <thread>
#include <utility>

#include "services/common/call.h"
#include "services/common/field_error.h"
#include "services/query/query_core.h"
#include "services/query/resolve.h"
#include "services/query/verify.h"
#include "trigpoint/base/digest.h"
#include "trigpoint/base/reason.h"
#include "trigpoint/base/status.h"
#include "trigpoint/base/time.h"
#include "trigpoint/events/pii_guard.h"
#include "trigpoint/events/times.h"
#include "trigpoint/policy/recommend.h"
#include "trigpoint/telemetry/logging.h"
#include "trigpoint/v1/api.grpc.pb.h"

namespace trigpoint {
namespace {

constexpr char kStatus[] = "trigpoint.v1.OperationService/GetStatus";
constexpr char kVerify[] = "trigpoint.v1.OperationService/Verify";
constexpr char kBackup[] = "trigpoint.v1.OperationService/CreateBackup";
constexpr char kRebuild[] = "trigpoint.v1.OperationService/RebuildStore";
constexpr char kSwitchBack[] = "trigpoint.v1.OperationService/SwitchStoreBack";
constexpr char kRelease[] = "trigpoint.v1.OperationService/ReleaseStore";
constexpr char kSeed[] = "trigpoint.v1.OperationService/CreateSeed";
constexpr char kPublish[] = "trigpoint.v1.OperationService/PublishBaselines";
constexpr char kHolidays[] = "trigpoint.v1.OperationService/PublishHolidays";
/// The only calendar that deadlines are counted by (domain.md 3.7).
constexpr char kCalendar[] = "england-and-wales";
/// Work between two progress messages; between them other reads have their turn.
constexpr std::chrono::milliseconds kSlice(200);

/// Verifies in slices on the pool and tells progress after each; one write in flight, so a slow
/// client slows it down.
class VerifyStream final : public grpc::ServerWriteReactor<v1::VerifyResponse> {
 public:
  /// `one` empty: every stream.
  VerifyStream(std::shared_ptr<QueryCore> core, std::unique_ptr<Call> call, const std::string& one)
      : core_(std::move(core)),
        call_(std::move(call)),
        verification_(&core_->projector(), StreamsOf(*core_, one), one.empty()) {
    Schedule();
  }

  void OnWriteDone(bool ok) override {
    if (!ok || cancelled_.load()) {
      End(grpc::Status::CANCELLED);
    } else if (response_.done()) {
      End(grpc::Status::OK);
    } else {
      Schedule();
    }
  }
  /// Whoever is at work, slice or write, finishes.
  void OnCancel() override { cancelled_.store(true); }
  void OnDone() override { delete this; }

 private:
  static std::vector<std::string> StreamsOf(QueryCore& core, const std::string& one) {
    if (!one.empty()) return {one};
    std::vector<std::string> streams;
    for (const auto& summary : *core.AllSummaries()) streams.push_back(summary.stream_id());
    std::sort(streams.begin(), streams.end());
    return streams;
  }

  void Schedule() {
    if (!core_->pool.Run([this] { Slice(); })) {
      End(ToGrpc(absl::ResourceExhaustedError("too many reads at once; try again"), "BUSY"));
    }
  }

  void End(const grpc::Status& status) {
    call_->Ended(status);
    Finish(status);
  }

  void Slice() {
    response_.Clear();
    const auto until = std::chrono::steady_clock::now() + kSlice;
    bool more = true;
    while (more && std::chrono::steady_clock::now() < until) {
      if (cancelled_.load()) {
        End(grpc::Status::CANCELLED);
        return;
      }
      const absl::StatusOr<bool> step = verification_.Step(&response_);
      if (!step.ok()) {
        Log(LogLevel::kError, "verify_failed",
            {{"code", LogId{absl::StatusCodeToString(step.status().code())}}});
        End(ToGrpc(step.status()));
        return;
      }
      more = *step;
    }
    response_.set_streams_checked(verification_.streams_checked());
    response_.set_recommendations_checked(verification_.recommendations_checked());
    response_.set_of_other_engines(verification_.of_other_engines());
    response_.set_done(!more);
    StartWrite(&response_);
  }

  std::shared_ptr<QueryCore> core_;
  std::unique_ptr<Call> call_;
  Verification verification_;
  v1::VerifyResponse response_;
  std::atomic<bool> cancelled_{false};
};

/// What callers are told instead of what the log says, which is for the operator.
absl::Status LogUnavailable() {
  return WithReason(
      absl::UnavailableError("the log does not answer: its disk fails, or no broker is reached; "
                             "the error output of the process says more"),
      "LOG_UNAVAILABLE");
}

absl::Status FillStatus(const QueryCore& core, v1::Status* status) {
  const Projector& projector = core.projector();
  // Brokers that were not reached for long are not waited for once more.
  if (absl::IsUnavailable(projector.log().Health())) return LogUnavailable();
  status->set_version(TRIGPOINT_VERSION);
  status->set_engine_version(kEngineVersion);
  status->set_log_backend(core.deps.log_backend);
  status->set_member(core.deps.member);
  status->set_roles(core.deps.roles);
  status->set_providers(projector.ProviderCount());
  uint64_t events = 0;
  for (uint32_t p = 0; p < projector.log().partitions(); ++p) {
    const absl::StatusOr<int64_t> head = projector.log().HeadOffset(p);
    if (!head.ok()) return absl::IsUnavailable(head.status()) ? LogUnavailable() : head.status();
    TP_ASSIGN_OR_RETURN(const auto checkpoint, projector.store().ReadCheckpoint(p));
    auto* partition = status->add_partitions();
    partition->set_partition(p);
    partition->set_head(*head);
    partition->set_owned(projector.Owns(p));
    if (!checkpoint.has_value()) continue;
    // Both of one commit, so that processes at the same place can be compared while they fold.
    partition->set_folded(checkpoint->next_offset());
    partition->set_fingerprint(HexEncode(checkpoint->rolling_hash()));
    events += checkpoint->events_folded();
  }
  status->set_events(events);
  status->set_streams_in_backfill(projector.BackfillCount());
  status->set_waiting(projector.AllWaiting().size());
  status->set_quarantined(projector.QuarantinedCount({}));
  SetMicros(core.Now(), status->mutable_now());
  return absl::OkStatus();
}

absl::StatusOr<v1::HolidaysPublished> HolidaysOf(const v1::PublishHolidaysRequest& request) {
  if (request.calendar() != kCalendar)
    return FieldError("calendar", "NOT_IN_LIST", std::string("must be ") + kCalendar);
  if (request.first_year() < 1900 || request.last_year() > 2200 ||
      request.first_year() > request.last_year())
    return FieldError("first_year", "OUT_OF_RANGE",
                      "the years must be in order, from 1900 to 2200");
  if (request.published_by().empty())
    return FieldError("published_by", "REQUIRED", "say where the list is from");
  if (const auto found = FindPersonalData(request.published_by()); found.has_value())
    return FieldError("published_by", PiiRuleName(found->rule), "holds personal data");
  std::set<CivilDate> days;
  for (const auto& day : request.holidays()) {
    const CivilDate civil{day.year(), day.month(), day.day()};
    const bool in_years = civil.year >= request.first_year() && civil.year <= request.last_year();
    if (!IsValidDate(civil) || !in_years)
      return FieldError("holidays", "NOT_IN_YEARS", "each must be a day of these years");
    days.insert(civil);
  }
  if (days.empty()) return FieldError("holidays", "REQUIRED", "there is a holiday in every year");
  v1::HolidaysPublished holidays;
  holidays.set_calendar(request.calendar());
  holidays.set_first_year(request.first_year());
  holidays.set_last_year(request.last_year());
  holidays.set_published_by(request.published_by());
  for (const CivilDate& day : days) {
    auto* date = holidays.add_holidays();
    date->set_year(day.year);
    date->set_month(day.month);
    date->set_day(day.day);
  }
  return holidays;
}

void FillReport(const Projector::RebuildReport& report, v1::RebuildStoreResponse* response) {
  response->set_events(report.events);
  response->set_changed(report.changed);
  response->set_switched(report.switched);
  for (const StoreDifference& difference : report.differences) {
    auto* told = response->add_differences();
    told->set_stream_id(difference.stream_id);
    for (const std::string& what : difference.what) told->add_what(what);
  }
}

class OperationService final : public v1::OperationService::CallbackService {
 public:
  explicit OperationService(std::shared_ptr<QueryCore> core) : core_(std::move(core)) {}

  grpc::ServerUnaryReactor* GetStatus(grpc::CallbackServerContext* context,
                                      const v1::GetStatusRequest*, v1::Status* response) override {
    return Serve(*core_, context, kStatus, {}, Where::kPool,
                 [core = core_.get(), response](const Principal&) {
                   return ToGrpc(FillStatus(*core, response));
                 });
  }

  grpc::ServerWriteReactor<v1::VerifyResponse>* Verify(grpc::CallbackServerContext* context,
                                                       const v1::VerifyRequest* request) override {
    auto call = std::make_unique<Call>(core_->deps.metrics, context, kVerify);
    const absl::StatusOr<Principal> principal = call->Admit(*core_->deps.auth, {});
    if (!principal.ok())
      return new RefusedStream<v1::VerifyResponse>(*call, ToGrpc(principal.status()));
    if (request->provider().empty()) return new VerifyStream(core_, std::move(call), "");
    const absl::StatusOr<std::string> stream_id =
        ResolveProvider(core_->projector(), request->provider());
    if (!stream_id.ok())
      return new RefusedStream<v1::VerifyResponse>(*call, ToGrpc(stream_id.status()));
    return new VerifyStream(core_, std::move(call), *stream_id);
  }

  grpc::ServerUnaryReactor* PublishBaselines(grpc::CallbackServerContext* context,
                                             const v1::PublishBaselinesRequest* request,
                                             v1::PublishBaselinesResponse* response) override {
    return Serve(*core_, context, kPublish, {}, Where::kPool,
                 [core = core_.get(), request, response](const Principal& who) {
                   if (!core->deps.publish_baselines)
                     return ToGrpc(absl::UnimplementedError("this process publishes no baselines"));
                   return Once(*core, who, kPublish, *request, response, [&] {
                     const absl::StatusOr<int> published = core->deps.publish_baselines();
                     if (published.ok()) response->set_baselines(*published);
                     return ToGrpc(published.status());
                   });
                 });
  }

  grpc::ServerUnaryReactor* PublishHolidays(grpc::CallbackServerContext* context,
                                            const v1::PublishHolidaysRequest* request,
                                            v1::PublishHolidaysResponse* response) override {
    return Serve(*core_, context, kHolidays, {}, Where::kPool,
                 [core = core_.get(), request, response](const Principal& who) {
                   if (!core->deps.publish_holidays)
                     return ToGrpc(absl::UnimplementedError("this process publishes no holidays"));
                   const auto holidays = HolidaysOf(*request);
                   if (!holidays.ok() || request->validate_only()) return ToGrpc(holidays.status());
                   return Once(*core, who, kHolidays, *request, response, [&] {
                     const auto published = core->deps.publish_holidays(*holidays);
                     if (published.ok()) response->set_unchanged(!*published);
                     return ToGrpc(published.status());
                   });
                 });
  }

  grpc::ServerUnaryReactor* RebuildStore(grpc::CallbackServerContext* context,
                                         const v1::RebuildStoreRequest* request,
                                         v1::RebuildStoreResponse* response) override {
    return Build(context, kRebuild, *request, response,
                 [core = core_, request = *request]() -> absl::StatusOr<Projector::RebuildReport> {
                   if (!core->deps.rebuild)
                     return absl::UnimplementedError("this process builds no store");
                   const uint32_t last = core->projector().control_partition();
                   if (request.has_partition() && request.partition() > last) {
                     return FieldError("partition", "OUT_OF_RANGE",
                                       "the last one is " + std::to_string(last));
                   }
                   return core->deps.rebuild(request);
                 });
  }

  grpc::ServerUnaryReactor* SwitchStoreBack(grpc::CallbackServerContext* context,
                                            const v1::SwitchStoreBackRequest* request,
                                            v1::SwitchStoreBackResponse* response) override {
    return Build(context, kSwitchBack, *request, response->mutable_report(),
                 [core = core_, request = *request]() -> absl::StatusOr<Projector::RebuildReport> {
                   if (!core->deps.switch_back)
                     return absl::UnimplementedError("this process builds no store");
                   return core->deps.switch_back(request);
                 });
  }

  grpc::ServerUnaryReactor* ReleaseStore(grpc::CallbackServerContext* context,
                                         const v1::ReleaseStoreRequest* request,
                                         v1::ReleaseStoreResponse* response) override {
    return Serve(*core_, context, kRelease, {}, Where::kPool,
                 [core = core_.get(), request, response](const Principal& who) {
                   if (!core->deps.release_store)
                     return ToGrpc(absl::UnimplementedError("this process builds no store"));
                   return Once(*core, who, kRelease, *request, response, [&] {
                     const absl::StatusOr<bool> released = core->deps.release_store();
                     if (released.ok()) response->set_released(*released);
                     return ToGrpc(released.status());
                   });
                 });
  }

  grpc::ServerUnaryReactor* CreateSeed(grpc::CallbackServerContext* context,
                                       const v1::CreateSeedRequest* request,
                                       v1::CreateSeedResponse* response) override {
    return Serve(*core_, context, kSeed, {}, Where::kPool,
                 [core = core_.get(), request, response](const Principal& who) {
                   if (!core->deps.create_seed)
                     return ToGrpc(absl::UnimplementedError("this process holds no store"));
                   return Once(*core, who, kSeed, *request, response, [&] {
                     auto made = core->deps.create_seed(*request);
                     if (made.ok()) *response = *std::move(made);
                     return ToGrpc(made.status());
                   });
                 });
  }

  grpc::ServerUnaryReactor* CreateBackup(grpc::CallbackServerContext* context,
                                         const v1::CreateBackupRequest* request,
                                         v1::CreateBackupResponse* response) override {
    return Serve(*core_, context, kBackup, {}, Where::kPool,
                 [core = core_.get(), request, response](const Principal& who) {
                   if (!core->deps.create_backup)
                     return ToGrpc(absl::UnimplementedError("this process holds no log to copy"));
                   return Once(*core, who, kBackup, *request, response, [&] {
                     auto made = core->deps.create_backup(*request);
                     if (made.ok()) *response = *std::move(made);
                     return ToGrpc(made.status());
                   });
                 });
  }

 private:
  /// Builds on a thread of its own, for it takes minutes, so that no read waits for it. The
  /// server's shutdown waits for the call, and the projector's CancelRebuild ends it.
  template <typename Request>
  grpc::ServerUnaryReactor* Build(grpc::CallbackServerContext* context, const char* method,
                                  const Request& request, v1::RebuildStoreResponse* response,
                                  std::function<absl::StatusOr<Projector::RebuildReport>()> build) {
    const auto call = std::make_shared<UnaryCall>(core_->deps.metrics, context, method);
    const auto principal = call->Admit(*core_->deps.auth, {});
    if (!principal.ok()) {
      call->Finish(ToGrpc(principal.status()));
      return call->reactor();
    }
    std::thread([core = core_, call, who = *principal, request, response,
                 build = std::move(build)] {
      call->Finish(Once(*core, who, call->method(), request, response, [&] {
        const auto started = std::chrono::steady_clock::now();
        const auto report = build();
        if (report.ok()) {
          FillReport(*report, response);
          response->set_providers(core->projector().ProviderCount());
          response->set_duration_ms(std::chrono::duration_cast<std::chrono::milliseconds>(
                                        std::chrono::steady_clock::now() - started)
                                        .count());
        }
        return ToGrpc(report.status());
      }));
    }).detach();
    return call->reactor();
  }

  std::shared_ptr<QueryCore> core_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeOperationService(std::shared_ptr<QueryCore> core) {
  return std::make_unique<OperationService>(std::move(core));
}

}  // namespace trigpoint
