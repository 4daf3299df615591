#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

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

/// The event of a source that an earlier request made under this id, in whichever stream; what was
/// folded a moment ago may not be found yet. Errors: those of the store.
absl::StatusOr<std::optional<v1::Event>> EventOfRequest(const Projector& projector,
                                                        std::string_view source,
                                                        const std::string& event_id);

/// What recent requests were about, by their ids (EventIdOf). Threading: thread-safe.
class RecentRequests {
 public:
  /// Of a request whose event has this id: the indexes learn of it a moment after it was answered,
  /// and of two at once of neither.
  /// Notes a request. False: this id stands for another content. `content` is kept as a digest.
  bool Take(const std::string& event_id, const google::protobuf::Message& content);

  /// Of a request whose id stands in no event. True: it was carried out before, and `response` is
  /// what was answered then. False: it is to be carried out, and End follows. Without an id always
  /// false. Errors: RequestIdReused; Unavailable (REQUEST_RUNNING) while the first one is under
  /// way.
  absl::StatusOr<bool> Begin(const std::string& id, const google::protobuf::Message& content,
                             google::protobuf::Message* response);
  /// Keeps what is answered; nothing where the request failed: the same again is another try.
  void End(const std::string& id, bool ok, const google::protobuf::Message& response);

 private:
  static constexpr size_t kKept = 4096;

  struct Request {
    std::string digest{};
    std::optional<std::string> answer{};  ///< Of Begin, after End.
  };
  /// The request under this id, and whether it is new.
  std::pair<Request*, bool> Note(const std::string& id, const google::protobuf::Message& content)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  absl::Mutex mu_;
  std::map<std::string, Request> requests_ ABSL_GUARDED_BY(mu_);
  std::deque<std::string> order_ ABSL_GUARDED_BY(mu_);
};

/// Who acts, from the authenticated principal.
v1::Actor ActorOf(const Principal& principal);

}  // namespace trigpoint
