#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "google/protobuf/message.h"
#include "trigpoint/access/principal.h"
#include "trigpoint/engine/projector.h"
#include "trigpoint/v1/events.pb.h"

namespace trigpoint {

/// The id of the event that a request makes: 32 hexadecimal digits, the same for the same caller,
/// method and request id (AIP-155), fresh and random without a request id. Large and small letters
/// of a UUID are the same. Errors: a FieldError when the request id is no UUID.
absl::StatusOr<std::string> EventIdOf(const Principal& principal, std::string_view method,
                                      const std::string& request_id);

/// What is answered when a request id comes again with another content: a FieldError.
absl::Status RequestIdReused();

/// The event that an earlier request made under this id, in whichever stream; what was folded a
/// moment ago may not be found yet. Errors: those of the store.
absl::StatusOr<std::optional<v1::Event>> EventOfRequest(const Projector& projector,
                                                        const std::string& event_id);

/// What recent requests were about, by the id of their event: the indexes learn of a request a
/// moment after it was answered, and of two at once of neither. Threading: thread-safe.
class RecentRequests {
 public:
  /// Notes a request. False: this id stands for another content. `content` is kept as a digest.
  bool Take(const std::string& event_id, const google::protobuf::Message& content);

 private:
  static constexpr size_t kKept = 4096;

  absl::Mutex mu_;
  std::map<std::string, std::string> digests_ ABSL_GUARDED_BY(mu_);
  std::deque<std::string> order_ ABSL_GUARDED_BY(mu_);
};

/// Who acts, from the authenticated principal.
v1::Actor ActorOf(const Principal& principal);

}  // namespace trigpoint
