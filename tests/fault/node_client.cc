#include "node_client.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "trigpoint/events/digest.h"

namespace trigpoint {
namespace {

constexpr size_t kWindow = 32;  // Items on their way.

void SetDeadline(int seconds, grpc::ClientContext* context) {
  context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(seconds));
}

}  // namespace

void Oracle::Note(const RecordId& id, v1::SubmissionOutcome outcome, const std::string& stream_id) {
  const absl::MutexLock lock(&mu_);
  Entry& entry = entries_[id];
  entry.outcomes.push_back(outcome);
  entry.stream_id = stream_id;
  ++answers_;
}

std::map<RecordId, Oracle::Entry> Oracle::entries() const {
  const absl::MutexLock lock(&mu_);
  return entries_;
}

bool Oracle::AwaitAnswers(size_t more, absl::Time deadline) {
  const absl::MutexLock lock(&mu_);
  const size_t target = answers_ + more;
  const auto reached = [this, target]()
                           ABSL_SHARED_LOCKS_REQUIRED(mu_) { return answers_ >= target; };
  return mu_.AwaitWithDeadline(absl::Condition(&reached), deadline);
}

Partner::Partner(EventLoad load, Oracle* oracle, uint64_t seed)
    : load_(std::move(load)), oracle_(oracle), random_(seed) {}

void Partner::Queue(const std::vector<v1::Event>& events) {
  unacknowledged_.insert(unacknowledged_.end(), events.begin(), events.end());
}

grpc::Status Partner::SubmitUntilBroken(grpc::Channel& channel) { return Submit(channel, true); }
grpc::Status Partner::SubmitRest(grpc::Channel& channel) { return Submit(channel, false); }

grpc::Status Partner::Submit(grpc::Channel& channel, bool more) {
  // The channel outlives the call; the stub wants to share it.
  const auto stub = v1::IntelligenceService::NewStub(
      std::shared_ptr<grpc::Channel>(&channel, [](grpc::Channel*) {}));
  grpc::ClientContext context;
  SetDeadline(120, &context);
  const auto stream = stub->SubmitEvents(&context);
  size_t sent = 0;  // Of unacknowledged_, from its front.
  uint64_t sequence = 0;
  bool open = true;
  while (open) {
    while (sent < kWindow && (more || sent < unacknowledged_.size())) {
      if (sent == unacknowledged_.size()) {
        // One in eight comes again though it was answered; half of those in an old version.
        const uint64_t dice = Below(16, &random_);
        unacknowledged_.push_back(dice < 2 ? load_.Redelivery(dice == 0) : load_.Next());
      }
      v1::SubmitEventsRequest request;
      request.set_sequence(++sequence);
      *request.mutable_event() = unacknowledged_[sent];
      submitted_.insert(IdOf(request.event()));
      if (!stream->Write(request)) break;
      ++sent;
    }
    if (sent == 0) break;
    v1::SubmitEventsResponse response;
    open = stream->Read(&response);
    if (!open) break;
    oracle_->Note(IdOf(unacknowledged_.front()), response.outcome(), response.stream_id());
    unacknowledged_.pop_front();
    --sent;
  }
  stream->WritesDone();
  return stream->Finish();
}

std::shared_ptr<grpc::Channel> Connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(64 << 20);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

namespace {

std::shared_ptr<grpc::Channel> Borrow(grpc::Channel& channel) {
  return {&channel, [](grpc::Channel*) {}};
}

/// Every page of a list; throws when a call fails, for a test cannot go on then.
template <typename Request, typename Response, typename Call, typename Take>
void ReadPages(Request request, Call call, Take take) {
  do {
    grpc::ClientContext context;
    SetDeadline(60, &context);
    Response response;
    const grpc::Status status = call(&context, request, &response);
    if (!status.ok()) throw std::runtime_error("list: " + status.error_message());
    take(response);
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
}

}  // namespace

std::vector<v1::TimelineEntry> ReadTimeline(grpc::Channel& channel, const std::string& stream_id) {
  const auto stub = v1::ProviderService::NewStub(Borrow(channel));
  v1::ListTimelineRequest request;
  request.set_provider(stream_id);
  request.set_page_size(500);
  std::vector<v1::TimelineEntry> entries;
  ReadPages<v1::ListTimelineRequest, v1::ListTimelineResponse>(
      request,
      [&](auto* context, const auto& asked, auto* answer) {
        return stub->ListTimeline(context, asked, answer);
      },
      [&](const auto& page) {
        entries.insert(entries.end(), page.entries().begin(), page.entries().end());
      });
  std::reverse(entries.begin(), entries.end());
  return entries;
}

std::vector<v1::Alert> ReadAlerts(grpc::Channel& channel) {
  const auto stub = v1::AlertService::NewStub(Borrow(channel));
  v1::ListAlertsRequest request;
  request.set_page_size(500);
  request.set_include_acknowledged(true);
  std::vector<v1::Alert> alerts;
  ReadPages<v1::ListAlertsRequest, v1::ListAlertsResponse>(
      request,
      [&](auto* context, const auto& asked, auto* answer) {
        return stub->ListAlerts(context, asked, answer);
      },
      [&](const auto& page) {
        alerts.insert(alerts.end(), page.alerts().begin(), page.alerts().end());
      });
  return alerts;
}

std::vector<std::string> ReadVerify(grpc::Channel& channel) {
  const auto stub = v1::OperationService::NewStub(Borrow(channel));
  grpc::ClientContext context;
  SetDeadline(300, &context);
  const auto stream = stub->Verify(&context, {});
  std::vector<std::string> differences;
  v1::VerifyResponse response;
  bool done = false;
  while (stream->Read(&response)) {
    differences.insert(differences.end(), response.differences().begin(),
                       response.differences().end());
    done = done || response.done();
  }
  const grpc::Status status = stream->Finish();
  if (!status.ok()) differences.push_back("Verify failed: " + status.error_message());
  if (status.ok() && !done) differences.push_back("Verify ended before it was done");
  return differences;
}

Folded ReadAnswers(grpc::Channel& channel, const std::set<std::string>& stream_ids) {
  const auto stub = v1::ProviderService::NewStub(Borrow(channel));
  Folded answers;
  for (const std::string& stream_id : stream_ids) {
    grpc::ClientContext context;
    SetDeadline(60, &context);
    v1::GetProviderRequest request;
    request.set_provider(stream_id);
    v1::Provider provider;
    const grpc::Status status = stub->GetProvider(&context, request, &provider);
    answers["provider " + stream_id] =
        status.ok() ? CanonicalBytes(provider) : status.error_message();
    std::string& timeline = answers["timeline " + stream_id];
    for (const v1::TimelineEntry& entry : ReadTimeline(channel, stream_id))
      timeline += CanonicalBytes(entry);
  }
  for (const v1::Alert& alert : ReadAlerts(channel))
    answers["alert " + alert.alert_id()] = CanonicalBytes(alert);
  return answers;
}

}  // namespace trigpoint
