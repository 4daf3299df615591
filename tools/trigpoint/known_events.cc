#include "known_events.h"

#include <string>
#include <utility>

namespace trigpoint {

absl::StatusOr<std::vector<v1::Event>> KnownEvents(const Client& client,
                                                   const v1::SubjectRef& subject) {
  v1::ListTimelineRequest request;
  v1::ListTimelineResponse response;
  request.set_provider(subject.scheme() + '/' + subject.value());
  request.set_page_size(1000);
  std::vector<v1::Event> events;
  do {
    const auto context = client.NewContext();
    const grpc::Status status = client.providers().ListTimeline(context.get(), request, &response);
    if (!status.ok()) {
      return absl::Status(static_cast<absl::StatusCode>(status.error_code()),
                          status.error_message());
    }
    for (auto& entry : *response.mutable_entries()) {
      events.push_back(std::move(*entry.mutable_event()));
    }
    request.set_page_token(response.next_page_token());
  } while (!response.next_page_token().empty());
  return events;
}

}  // namespace trigpoint
