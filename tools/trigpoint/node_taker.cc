#include "node_taker.h"

#include <sstream>
#include <utility>

#include "feed_reader.h"
#include "known_events.h"
#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

// Events that may be on their way at a time.
constexpr size_t kWindow = 512;

}  // namespace

NodeTaker::Batch::Batch(const Client& client)
    : versions([&client](const v1::SubjectRef& subject) { return KnownEvents(client, subject); }),
      stream(client, kWindow) {}

absl::Status NodeTaker::Blame(const grpc::Status& status) {
  node_status_ = status;
  return MakeStatus(absl::StatusCode::kAborted, "the node did not take everything");
}

absl::Status NodeTaker::Take(const CqcRecordId& record, const std::string& document,
                             CivilDate fetched_on) {
  if (batch_ == nullptr) batch_ = std::make_unique<Batch>(client_);
  const bool location = record.kind == CqcDocumentKind::kLocation;
  const FeedFile file{.path = (location ? "location-" : "provider-") + record.id + ".json",
                      .format = location ? "cqc-location" : "cqc-provider",
                      .edition = FormatDate(fetched_on)};
  bool sent = true;
  absl::Status unknown;
  const FeedHandlers handlers{.take =
                                  [&](v1::SubmitEventsRequest item) {
                                    unknown = batch_->versions.status();
                                    if (!unknown.ok() && !absl::IsPermissionDenied(unknown))
                                      return false;
                                    sent = batch_->stream.Send(std::move(item));
                                    return sent;
                                  },
                              .settle = [&](v1::Event* event) { batch_->versions.Settle(event); }};
  std::istringstream input(document);
  const absl::Status read = ReadFeed(file, handlers, input);
  if (absl::IsPermissionDenied(unknown)) {
    versions_unsettled_ = true;
  } else if (!unknown.ok()) {
    // Sent without its right version, what is known already would be a conflict.
    return Blame(grpc::Status(static_cast<grpc::StatusCode>(unknown.code()),
                              std::string(unknown.message())));
  }
  // Settle says why the stream ended.
  return sent ? read : MakeStatus(absl::StatusCode::kAborted, "the stream to the node ended");
}

absl::Status NodeTaker::Settle() {
  if (batch_ == nullptr) return absl::OkStatus();
  const grpc::Status status = batch_->stream.Finish();
  const SubmissionCounts counts = batch_->stream.counts();
  for (const auto& [outcome, count] : counts.outcomes) {
    outcomes_[outcome] += count;
  }
  batch_.reset();
  if (!status.ok()) return Blame(status);
  // What is refused for this reason is kept nowhere: the window must not end with it.
  if (counts.not_owned > 0) {
    return Blame(grpc::Status(grpc::StatusCode::PERMISSION_DENIED,
                              "this account may not submit for the source cqc/api: its sources at "
                              "the node must name it"));
  }
  return absl::OkStatus();
}

uint64_t NodeTaker::Count(v1::SubmissionOutcome outcome) const {
  const auto found = outcomes_.find(outcome);
  return found == outcomes_.end() ? 0 : found->second;
}

}  // namespace trigpoint
