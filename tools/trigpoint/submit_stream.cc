#include "submit_stream.h"

#include <algorithm>
#include <utility>

namespace trigpoint {

SubmitStream::SubmitStream(const Client& client, size_t window)
    : window_(std::max<size_t>(window, 1)),
      context_(client.NewStreamContext()),
      stream_(client.intelligence().SubmitEvents(context_.get())),
      reader_([this] { ReadAcknowledgements(); }) {}

SubmitStream::~SubmitStream() {
  if (!finished_) {
    context_->TryCancel();
    reader_.join();
    stream_->Finish();  // The outcome of a stream that was given up tells nothing.
  }
}

bool SubmitStream::Send(v1::SubmitEventsRequest request) {
  {
    const auto has_room = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return ended_ || counts_.sent - counts_.acknowledged < window_;
    };
    const absl::MutexLock lock(&mutex_, absl::Condition(&has_room));
    if (ended_) {
      return false;
    }
    request.set_sequence(++counts_.sent);
  }
  return stream_->Write(request);
}

grpc::Status SubmitStream::Finish() {
  stream_->WritesDone();
  reader_.join();
  finished_ = true;
  grpc::Status status = stream_->Finish();
  const absl::MutexLock lock(&mutex_);
  if (status.ok() && counts_.acknowledged != counts_.sent) {
    status = grpc::Status(grpc::StatusCode::DATA_LOSS,
                          "the server ended the stream with " +
                              std::to_string(counts_.sent - counts_.acknowledged) +
                              " items not acknowledged");
  }
  return status;
}

SubmissionCounts SubmitStream::counts() const {
  const absl::MutexLock lock(&mutex_);
  return counts_;
}

void SubmitStream::ReadAcknowledgements() {
  v1::SubmitEventsResponse response;
  while (stream_->Read(&response)) {
    const absl::MutexLock lock(&mutex_);
    ++counts_.acknowledged;
    ++counts_.outcomes[response.outcome()];
    const auto& violations = response.violations();
    counts_.not_owned +=
        std::any_of(violations.begin(), violations.end(),
                    [](const auto& one) { return one.rule() == "SOURCE_NOT_OWNED"; })
            ? 1U
            : 0U;
    if (!response.stream_id().empty()) {
      counts_.streams.insert(response.stream_id());
    }
  }
  const absl::MutexLock lock(&mutex_);
  ended_ = true;
}

}  // namespace trigpoint
