#include <algorithm>
#include <set>

#include "services/query/alert_hub.h"
#include "services/query/paging.h"
#include "services/query/present.h"
#include "services/query/query_core.h"
#include "services/query/request_id.h"
#include "services/query/resume_token.h"
#include "trigpoint/base/digest.h"
#include "trigpoint/base/status.h"
#include "trigpoint/domain/record.h"
#include "trigpoint/events/digest.h"
#include "trigpoint/events/times.h"
#include "trigpoint/v1/api.grpc.pb.h"

namespace trigpoint {
namespace {

constexpr char kList[] = "trigpoint.v1.AlertService/ListAlerts";
constexpr char kAcknowledge[] = "trigpoint.v1.AlertService/AcknowledgeAlert";
constexpr char kListDeliveries[] = "trigpoint.v1.AlertService/ListDeliveries";
constexpr char kRetryDeliveries[] = "trigpoint.v1.AlertService/RetryDeliveries";
constexpr char kWatch[] = "trigpoint.v1.AlertService/WatchAlerts";
constexpr int kHeartbeatDefault = 15;
constexpr int kHeartbeatMax = 3600;

struct Row {
  std::string key;  ///< Newest first.
  v1::Alert alert;
};

absl::StatusOr<std::set<std::string>> StreamsWithAlerts(QueryCore& core,
                                                        bool include_acknowledged) {
  std::set<std::string> streams;
  if (include_acknowledged) {
    for (uint32_t p = 0; p < core.projector().provider_partitions(); ++p) {
      TP_ASSIGN_OR_RETURN(const auto alerts, core.projector().AlertsFrom({p, 0}, SIZE_MAX));
      for (const auto& at : alerts) streams.insert(at.stream_id);
    }
    return streams;
  }
  for (const auto& summary : *core.AllSummaries()) {
    if (summary.open_alerts() > 0) streams.insert(summary.stream_id());
  }
  return streams;
}

grpc::Status List(QueryCore& core, const v1::ListAlertsRequest& request,
                  v1::ListAlertsResponse* response) {
  const int64_t now_us = core.Now();
  const auto streams = StreamsWithAlerts(core, request.include_acknowledged());
  if (!streams.ok()) return ToGrpc(streams.status());
  std::vector<Row> rows;
  for (const auto& stream_id : *streams) {
    const absl::StatusOr<StreamAsOf> stream = core.projector().Read(stream_id);
    if (!stream.ok()) return ToGrpc(stream.status());
    for (const auto& alert : stream->record.alerts()) {
      if (alert.alert().historic()) continue;  // The timeline has it: nobody was ever to be told.
      if (alert.acknowledged_us() != 0 && !request.include_acknowledged()) continue;
      rows.push_back({SortableNumber(alert.raised_us(), true) + alert.alert().alert_id(),
                      PresentAlert(alert, stream->state, now_us)});
    }
  }
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.key < b.key; });
  const std::string scope =
      std::string("ListAlerts\n") + (request.include_acknowledged() ? "all" : "open");
  const auto page = PageOf(
      rows, [](const Row& row) -> const std::string& { return row.key; }, core.deps.page_secret,
      scope, request.page_size(), request.page_token());
  if (!page.ok()) return ToGrpc(page.status(), "PAGE_INVALID");
  for (size_t i = page->from; i < page->to; ++i) *response->add_alerts() = std::move(rows[i].alert);
  response->set_next_page_token(page->next_token);
  response->set_total_size(static_cast<int64_t>(rows.size()));
  return grpc::Status::OK;
}

/// The alert as it stands in its stream. Errors: NotFound.
absl::StatusOr<v1::Alert> ReadAlert(const QueryCore& core, const std::string& stream_id,
                                    const std::string& alert_id) {
  TP_ASSIGN_OR_RETURN(StreamAsOf stream, core.projector().Read(stream_id));
  const v1::AlertRecord* alert = FindAlert(&stream.record, alert_id);
  if (alert == nullptr) return absl::NotFoundError("there is no such alert");
  return PresentAlert(*alert, stream.state, core.Now());
}

/// One event for each alert, whoever acknowledges it first: a repetition changes nothing.
v1::Event Acknowledgement(const std::string& stream_id, const std::string& alert_id,
                          const Principal& principal, int64_t now_us) {
  v1::Event event;
  event.set_source(kDecisionSource);
  event.set_id(Sha256Hex("acknowledged\n" + alert_id).substr(0, 32));
  event.set_source_version(1);
  event.set_stream_id(stream_id);
  SetMicros(now_us, event.mutable_occurred_at());
  SetMicros(now_us, event.mutable_received_at());
  event.mutable_alert_acknowledged()->set_alert_id(alert_id);
  *event.mutable_alert_acknowledged()->mutable_actor() = ActorOf(principal);
  event.set_submission_digest(SubmissionDigest(event));
  return event;
}

/// Where the alert stands: by the index of identities, or, in the moment before it is written,
/// among what is open.
absl::StatusOr<std::string> StreamOfAlert(QueryCore& core, const std::string& alert_id) {
  if (alert_id.empty()) return absl::InvalidArgumentError("alert_id: name the alert");
  for (const auto& stream_id : core.projector().StreamsWith(kEngineSource, alert_id)) {
    if (ReadAlert(core, stream_id, alert_id).ok()) return stream_id;
  }
  TP_ASSIGN_OR_RETURN(const auto streams, StreamsWithAlerts(core, false));
  for (const auto& stream_id : streams) {
    if (ReadAlert(core, stream_id, alert_id).ok()) return stream_id;
  }
  return absl::NotFoundError("there is no such alert");
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
                 [core = core_.get(), request, response](const Principal&) {
                   return List(*core, *request, response);
                 });
  }

  grpc::ServerUnaryReactor* AcknowledgeAlert(grpc::CallbackServerContext* context,
                                             const v1::AcknowledgeAlertRequest* request,
                                             v1::Alert* response) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    absl::StatusOr<Principal> principal =
        core_->deps.auth->Admit(*context, kAcknowledge, {.sensitivity = kAnswerClass});
    if (!principal.ok()) {
      reactor->Finish(ToGrpc(principal.status()));
      return reactor;
    }
    const bool accepted = core_->pool.Run(
        [core = core_.get(), who = *std::move(principal), request, response, reactor] {
          Acknowledge(core, who, request->alert_id(), response, reactor);
        });
    if (!accepted)
      reactor->Finish(
          ToGrpc(absl::ResourceExhaustedError("too many calls at once; try again"), "BUSY"));
    return reactor;
  }

  grpc::ServerWriteReactor<v1::WatchAlertsResponse>* WatchAlerts(
      grpc::CallbackServerContext* context, const v1::WatchAlertsRequest* request) override {
    const absl::StatusOr<Principal> principal =
        core_->deps.auth->Admit(*context, kWatch, {.sensitivity = kAnswerClass});
    if (!principal.ok()) return Refused(ToGrpc(principal.status()));
    if (request->heartbeat_seconds() < 0) {
      return Refused(InvalidArgument("heartbeat_seconds", "OUT_OF_RANGE", "is not negative"));
    }
    if (request->from_start() && !request->resume_token().empty()) {
      return Refused(InvalidArgument("from_start", "CONFLICT", "stands without a resume_token"));
    }
    const absl::StatusOr<WatchPosition> position = Start(*request);
    if (absl::IsOutOfRange(position.status())) {
      return Refused(OutOfRange(
          "RESUME_TOKEN_UNUSABLE", FromAbsl(position.status().message()),
          {{"earliest_resume_token", tokens_.Earliest(core_->projector().provider_partitions())}}));
    }
    if (!position.ok()) return Refused(ToGrpc(position.status()));
    const int asked = request->heartbeat_seconds();
    const std::chrono::seconds heartbeat(asked == 0 ? kHeartbeatDefault
                                                    : std::min(asked, kHeartbeatMax));
    auto watch = std::make_shared<AlertWatch>(&hub_, core_.get(), &tokens_, *position, heartbeat);
    AlertWatch* reactor = watch.get();
    const grpc::Status added = hub_.Add(std::move(watch));
    return added.ok() ? reactor : Refused(added);
  }

  grpc::ServerUnaryReactor* ListDeliveries(grpc::CallbackServerContext* context,
                                           const v1::ListDeliveriesRequest* request,
                                           v1::ListDeliveriesResponse* response) override {
    return Serve(*core_, context, kListDeliveries, {.sensitivity = kAnswerClass}, Where::kPool,
                 [core = core_.get(), request, response](const Principal&) {
                   return ListDeliveries(*core, request->endpoint(), response);
                 });
  }

  grpc::ServerUnaryReactor* RetryDeliveries(grpc::CallbackServerContext* context,
                                            const v1::RetryDeliveriesRequest* request,
                                            v1::RetryDeliveriesResponse* response) override {
    return Serve(*core_, context, kRetryDeliveries, {}, Where::kPool,
                 [core = core_.get(), request, response](const Principal&) {
                   if (!core->deps.retry_deliveries) return NotFound("there is no such endpoint");
                   const absl::StatusOr<int> queued = core->deps.retry_deliveries(*request);
                   if (queued.ok()) response->set_queued(*queued);
                   return ToGrpc(queued.status());
                 });
  }

 private:
  static grpc::Status ListDeliveries(const QueryCore& core, const std::string& endpoint,
                                     v1::ListDeliveriesResponse* response) {
    if (!core.deps.list_deliveries) {
      return endpoint.empty() ? grpc::Status::OK : NotFound("there is no such endpoint");
    }
    absl::StatusOr<v1::ListDeliveriesResponse> listed = core.deps.list_deliveries(endpoint);
    if (listed.ok()) *response = *std::move(listed);
    return ToGrpc(listed.status());
  }

  static grpc::ServerWriteReactor<v1::WatchAlertsResponse>* Refused(const grpc::Status& status) {
    return new RefusedStream<v1::WatchAlertsResponse>(status);
  }

  static void Acknowledge(QueryCore* core, const Principal& principal, const std::string& alert_id,
                          v1::Alert* response, grpc::ServerUnaryReactor* reactor) {
    const auto answer = [core, alert_id, response, reactor](const std::string& stream_id) {
      absl::StatusOr<v1::Alert> alert = ReadAlert(*core, stream_id, alert_id);
      const grpc::Status status = ToGrpc(alert.status());
      if (alert.ok()) *response = *std::move(alert);
      reactor->Finish(status);
    };
    const absl::StatusOr<std::string> stream_id = StreamOfAlert(*core, alert_id);
    if (!stream_id.ok()) {
      reactor->Finish(ToGrpc(stream_id.status()));
      return;
    }
    const absl::StatusOr<v1::Alert> present = ReadAlert(*core, *stream_id, alert_id);
    if (present.ok() && present->has_acknowledged_at()) {
      answer(*stream_id);
      return;
    }
    core->deps.writer->AppendAndFold(
        core->projector().PartitionFor(*stream_id),
        Acknowledgement(*stream_id, alert_id, principal, core->Now()),
        [core, answer, reactor, stream = *stream_id](const absl::StatusOr<Written>& written) {
          if (!written.ok()) {
            reactor->Finish(ToGrpc(written.status()));
          } else if (!core->pool.Run([answer, stream] { answer(stream); })) {
            reactor->Finish(
                ToGrpc(absl::UnavailableError("busy; the alert is acknowledged"), "BUSY"));
          }
        });
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
