#include "record_versions.h"

#include <algorithm>

#include "trigpoint/events/digest.h"
#include "trigpoint/events/times.h"
#include "trigpoint/events/validate.h"

namespace trigpoint {
namespace {

// What an event says, whenever and in whichever version it says so.
std::string ContentOf(v1::Event event) {
  ApplyDefaults(&event);
  event.set_source_version(1);
  event.clear_reported_at();
  return SubmissionDigest(event);
}

int64_t ReportedMicros(const v1::Event& event) {
  return event.has_reported_at() ? ToMicros(event.reported_at()) : 0;
}

}  // namespace

void RecordVersions::Take(const v1::Event& event) {
  Latest& latest = latest_[{event.source(), event.id()}];
  const uint32_t version = std::max(1U, event.source_version());
  if (version >= latest.version) {
    latest = {
        .version = version, .content = ContentOf(event), .reported_us = ReportedMicros(event)};
  }
}

void RecordVersions::Learn(const v1::SubjectRef& subject) {
  const auto known = ask_(subject);
  if (known.ok()) {
    for (const v1::Event& event : *known) Take(event);
  } else if (!absl::IsNotFound(known.status())) {
    status_ = known.status();
  }
}

void RecordVersions::Settle(v1::Event* event) {
  const std::string subject = event->subject().scheme() + '/' + event->subject().value();
  if (status_.ok() && asked_.insert(subject).second) {
    Learn(event->subject());
  }
  if (!status_.ok()) {
    return;
  }
  const auto found = latest_.find({event->source(), event->id()});
  const bool known = found != latest_.end();
  if (event->has_reported_at()) {
    stale_ = known && ReportedMicros(*event) < found->second.reported_us;
  } else if (subject != subject_) {
    stale_ = false;
  }
  subject_ = subject;
  if (!known) {
    Take(*event);
    return;
  }
  const Latest& latest = found->second;
  if (ContentOf(*event) == latest.content) {
    event->set_source_version(latest.version);
    event->clear_reported_at();
    if (latest.reported_us != 0) SetMicros(latest.reported_us, event->mutable_reported_at());
    return;
  }
  if (stale_) {
    event->set_source_version(std::max(1U, std::min(event->source_version(), latest.version - 1)));
    return;
  }
  event->set_source_version(std::max(event->source_version(), latest.version + 1));
  Take(*event);
}

}  // namespace trigpoint
