#include <algorithm>
#include <set>

#include "services/common/call.h"
#include "services/common/field_error.h"
#include "services/query/alert_hub.h"
#include "services/query/answer_alert.h"
#include "services/query/list_obligations.h"
#include "services/query/outside.h"
#include "services/query/paging.h"
#include "services/query/present.h"
#include "services/query/query_core.h"
#include "services/query/resume_token.h"
#include "trigpoint/base/status.h"
#include "trigpoint/domain/record.h"
#include "trigpoint/events/times.h"
#include "trigpoint/policy/alerts.h"
#include "trigpoint/v1/api.grpc.pb.h"

namespace trigpoint {
namespace {

constexpr char kList[] = "trigpoint.v1.AlertService/ListAlerts";
constexpr char kListProviders[] = "trigpoint.v1.ProviderService/ListProviders";
constexpr char kListDeliveries[] = "trigpoint.v1.AlertService/ListDeliveries";
constexpr char kRetryDeliveries[] = "trigpoint.v1.AlertService/RetryDeliveries";
constexpr char kWatch[] = "trigpoint.v1.AlertService/WatchAlerts";
constexpr int kHeartbeatDefault = 15;
constexpr int kHeartbeatMax = 3600;

struct Row {
  std::string key;  ///< Newest first.
  v1::Alert alert;
};

/// Those whose service the filter of the request holds for. What it asks for is what ListProviders
/// shows: who may not call that may not ask.
absl::StatusOr<std::set<std::string>> StreamsAskedFor(QueryCore& core, const Principal& principal,
                                                      const v1::ListAlertsRequest& request) {
  TP_ASSIGN_OR_RETURN(std::set<std::string> streams,
                      StreamsWithAlerts(core, request.include_acknowledged()));
  if (request.filter().empty()) return streams;
  TP_RETURN_IF_ERROR(
      core.deps.auth->Check(principal, kListProviders, {.sensitivity = kAnswerClass}));
  TP_ASSIGN_OR_RETURN(const std::set<std::string> others,
                      NotAskedFor(core, principal, request.filter()));
  for (const std::string& stream_id : others) streams.erase(stream_id);
  return streams;
}

grpc::Status List(QueryCore& core, const Principal& principal, const v1::ListAlertsRequest& request,
                  v1::ListAlertsResponse* response) {
  const int64_t now_us = core.Now();
  const auto streams = StreamsAskedFor(core, principal, request);
  if (!streams.ok()) return ToGrpc(streams.status());
  std::vector<Row> rows;
  for (const auto& stream_id : *streams) {
    const absl::StatusOr<StreamAsOf> stream = core.projector().Read(stream_id);
    if (!stream.ok()) return ToGrpc(stream.status());
    const auto trace = core.traces.Of(stream_id, stream->state.revision());
    if (!trace.ok()) return ToGrpc(trace.status());
    for (const auto& alert : stream->record.alerts()) {
      if (alert.alert().historic()) continue;  // The timeline has it: nobody was ever to be told.
      if (IsAnswered(alert) && !request.include_acknowledged()) continue;
      if (IsToldWithAnother(alert.alert(), stream->record, stream->state)) continue;
      v1::Alert shown = PresentAlert(alert, *stream, {.trace = **trace, .veil = core.veil}, now_us);
      if (IsOutside(principal, stream->state)) HideSmallNumbers(stream->state, &shown);
      // In the order of what is shown: the place between two others of known time would be a time.
      const std::string key = SortableNumber(ToMicros(shown.raised_at()), true) + shown.alert_id();
      rows.push_back({key, std::move(shown)});
    }
  }
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.key < b.key; });
  const std::string scope = std::string("ListAlerts\n") +
                            (request.include_acknowledged() ? "all\n" : "open\n") +
                            request.filter();
  const auto page = PageOf(
      rows, [](const Row& row) -> const std::string& { return row.key; }, core.deps.page_secret,
      scope, request.page_size(), request.page_token());
  if (!page.ok()) return ToGrpc(page.status());
  for (size_t i = page->from; i < page->to; ++i) *response->add_alerts() = std::move(rows[i].alert);
  response->set_next_page_token(page->next_token);
  response->set_total_size(static_cast<int64_t>(rows.size()));
  return grpc::Status::OK;
}

class AlertService final : public v1::AlertService::CallbackService {
 public:
  explicit AlertService(std::shared_ptr<QueryCore> core)
      : core_(std::move(core)), tokens_(core_->deps.log_id), hub_(core_.get()) {
    core_->drain = [this] { hub_.Drain(); };
  }

  grpc::ServerUnaryReactor* ListAlerts(grpc::CallbackServerContext* context,
                                       const v1::ListAlertsRequest* request,
                                       v1::ListAlertsResponse* response) override {
    return Serve(*core_, context, kList, {.sensitivity = kAnswerClass}, Where::kPool,
                 [core = core_.get(), request, response](const Principal& principal) {
                   return List(*core, principal, *request, response);
                 });
  }

  grpc::ServerUnaryReactor* AcknowledgeAlert(grpc::CallbackServerContext* context,
                                             const v1::AcknowledgeAlertRequest* request,
                                             v1::Alert* response) override {
    return trigpoint::AcknowledgeAlert(core_.get(), context, *request, response);
  }

  grpc::ServerUnaryReactor* DeclineAlert(grpc::CallbackServerContext* context,
                                         const v1::DeclineAlertRequest* request,
                                         v1::Alert* response) override {
    return trigpoint::DeclineAlert(core_.get(), context, *request, response);
  }

  grpc::ServerWriteReactor<v1::WatchAlertsResponse>* WatchAlerts(
      grpc::CallbackServerContext* context, const v1::WatchAlertsRequest* request) override {
    AlertWatch::Opening opening;
    opening.call = std::make_unique<Call>(core_->deps.metrics, context, kWatch);
    const absl::StatusOr<Principal> principal =
        opening.call->Admit(*core_->deps.auth, {.sensitivity = kAnswerClass});
    const grpc::Status good =
        principal.ok() ? Check(*request, &opening.position) : ToGrpc(principal.status());
    if (!good.ok()) return new RefusedStream<v1::WatchAlertsResponse>(*opening.call, good);
    const int asked = request->heartbeat_seconds();
    if (principal.ok()) opening.principal = *principal;
    opening.heartbeat =
        std::chrono::seconds(asked == 0 ? kHeartbeatDefault : std::min(asked, kHeartbeatMax));
    const auto watch =
        std::make_shared<AlertWatch>(&hub_, core_.get(), &tokens_, std::move(opening));
    const grpc::Status added = hub_.Add(watch);
    if (added.ok()) return watch.get();
    return new RefusedStream<v1::WatchAlertsResponse>(watch->call(), added);
  }

  grpc::ServerUnaryReactor* ListDeliveries(grpc::CallbackServerContext* context,
                                           const v1::ListDeliveriesRequest* request,
                                           v1::ListDeliveriesResponse* response) override {
    return Serve(*core_, context, kListDeliveries, {.sensitivity = kAnswerClass}, Where::kPool,
                 [core = core_.get(), request, response](const Principal&) {
                   return ListDeliveries(*core, *request, response);
                 });
  }

  grpc::ServerUnaryReactor* RetryDeliveries(grpc::CallbackServerContext* context,
                                            const v1::RetryDeliveriesRequest* request,
                                            v1::RetryDeliveriesResponse* response) override {
    return Serve(*core_, context, kRetryDeliveries, {}, Where::kPool,
                 [core = core_.get(), request, response](const Principal& who) {
                   if (!core->deps.retry_deliveries) return ToGrpc(NoEndpoint(request->endpoint()));
                   return Once(*core, who, kRetryDeliveries, *request, response, [&] {
                     const absl::StatusOr<int> queued = core->deps.retry_deliveries(*request);
                     if (queued.ok()) response->set_queued(*queued);
                     return ToGrpc(queued.status());
                   });
                 });
  }

 private:
  static absl::Status NoEndpoint(const std::string& endpoint) {
    return WithReason(absl::NotFoundError("there is no such endpoint"), "ENDPOINT_NOT_FOUND",
                      Naming("endpoint", endpoint));
  }

  static grpc::Status ListDeliveries(const QueryCore& core,
                                     const v1::ListDeliveriesRequest& request,
                                     v1::ListDeliveriesResponse* response) {
    const std::string& endpoint = request.endpoint();
    if (!core.deps.list_deliveries) {
      return ToGrpc(endpoint.empty() ? absl::OkStatus() : NoEndpoint(endpoint));
    }
    absl::StatusOr<v1::ListDeliveriesResponse> listed = core.deps.list_deliveries(endpoint);
    if (!listed.ok()) return ToGrpc(listed.status());
    std::vector<v1::EndpointStatus> rows(listed->endpoints().begin(), listed->endpoints().end());
    std::sort(rows.begin(), rows.end(),
              [](const auto& a, const auto& b) { return a.endpoint() < b.endpoint(); });
    const auto page = PageOf(
        rows, [](const auto& row) -> const std::string& { return row.endpoint(); },
        core.deps.page_secret, "ListDeliveries\n" + endpoint, request.page_size(),
        request.page_token());
    if (!page.ok()) return ToGrpc(page.status());
    for (size_t i = page->from; i < page->to; ++i) *response->add_endpoints() = std::move(rows[i]);
    response->set_next_page_token(page->next_token);
    response->set_total_size(static_cast<int64_t>(rows.size()));
    return grpc::Status::OK;
  }

  /// Whether a watch can begin as asked, and where.
  grpc::Status Check(const v1::WatchAlertsRequest& request, WatchPosition* position) const {
    if (request.heartbeat_seconds() < 0)
      return InvalidArgument("heartbeat_seconds", "OUT_OF_RANGE", "is not negative");
    if (request.from_start() && !request.resume_token().empty())
      return InvalidArgument("from_start", "CONFLICT", "stands without a resume_token");
    absl::StatusOr<WatchPosition> start = Start(request);
    if (absl::IsOutOfRange(start.status())) {
      return OutOfRange(
          "RESUME_TOKEN_UNUSABLE", FromAbsl(start.status().message()),
          {{"earliest_resume_token", tokens_.Earliest(core_->projector().provider_partitions())}});
    }
    if (!start.ok()) return ToGrpc(start.status());
    *position = *std::move(start);
    return grpc::Status::OK;
  }

  absl::StatusOr<WatchPosition> Start(const v1::WatchAlertsRequest& request) const {
    const Projector& projector = core_->projector();
    const uint32_t partitions = projector.provider_partitions();
    if (!request.resume_token().empty()) {
      std::vector<int64_t> heads;
      for (uint32_t p = 0; p < partitions; ++p) {
        TP_ASSIGN_OR_RETURN(const int64_t head, projector.log().HeadOffset(p));
        heads.push_back(head);
      }
      return tokens_.Read(request.resume_token(), heads);
    }
    WatchPosition position{.next = std::vector<int64_t>(partitions, 0),
                           .open_until = projector.Committed()};
    position.open_until.resize(partitions);
    if (request.from_start()) position.open_until.assign(partitions, 0);
    return position;
  }

  std::shared_ptr<QueryCore> core_;
  ResumeTokens tokens_;
  AlertHub hub_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeAlertService(std::shared_ptr<QueryCore> core) {
  return std::make_unique<AlertService>(std::move(core));
}

}  // namespace trigpoint
