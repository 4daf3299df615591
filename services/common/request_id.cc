#include "services/common/request_id.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "services/common/field_error.h"
#include "trigpoint/base/crypto.h"
#include "trigpoint/base/digest.h"
#include "trigpoint/base/reason.h"
#include "trigpoint/base/status.h"
#include "trigpoint/events/digest.h"

namespace trigpoint {
namespace {

/// "5f0c9be2-46ab-4f6d-9d3e-0a52cfcf4b8a", any version and variant.
bool IsUuid(std::string_view text) {
  constexpr std::string_view kForm = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  if (text.size() != kForm.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool good = kForm[i] == '-' ? text[i] == '-'
                                      : absl::ascii_isxdigit(static_cast<unsigned char>(text[i]));
    if (!good) return false;
  }
  return true;
}

}  // namespace

absl::StatusOr<std::string> EventIdOf(const Principal& principal, std::string_view method,
                                      const std::string& request_id) {
  constexpr size_t kHexDigits = 32;
  if (!request_id.empty()) {
    if (!IsUuid(request_id)) {
      return FieldError("request_id", "UUID_INVALID",
                        "must be a UUID, e.g. 5f0c9be2-46ab-4f6d-9d3e-0a52cfcf4b8a");
    }
    return Sha256Hex(principal.id + '\n' + std::string(method) + '\n' +
                     absl::AsciiStrToLower(request_id))
        .substr(0, kHexDigits);
  }
  TP_ASSIGN_OR_RETURN(const std::string random, RandomBytes(kHexDigits / 2));
  return HexEncode(random);
}

absl::Status RequestIdReused() {
  return FieldError("request_id", "REQUEST_ID_REUSED",
                    "was used for another request: each has one of its own");
}

absl::StatusOr<std::optional<v1::Event>> EventOfRequest(const Projector& projector,
                                                        std::string_view source,
                                                        const std::string& event_id) {
  const std::string named(source);
  for (const auto& stream_id : projector.StreamsWith(named, event_id)) {
    TP_ASSIGN_OR_RETURN(const auto entry,
                        projector.store().ReadEventIndex(projector.PartitionFor(stream_id),
                                                         stream_id, named, event_id));
    if (!entry.has_value()) continue;
    TP_ASSIGN_OR_RETURN(auto events,
                        projector.ReadEvents(stream_id, entry->revision(), entry->revision() + 1));
    if (!events.empty()) return std::optional(std::move(*events.front().mutable_event()));
  }
  return std::nullopt;
}

std::pair<RecentRequests::Request*, bool> RecentRequests::Note(
    const std::string& id, const google::protobuf::Message& content) {
  std::string digest = Sha256Hex(CanonicalBytes(content));
  const auto [kept, added] = requests_.try_emplace(id);
  if (!added) return {kept->second.digest == digest ? &kept->second : nullptr, false};
  kept->second.digest = std::move(digest);
  order_.push_back(id);
  if (order_.size() > kKept) {
    requests_.erase(order_.front());
    order_.pop_front();
  }
  return {&kept->second, true};
}

bool RecentRequests::Take(const std::string& event_id, const google::protobuf::Message& content) {
  const absl::MutexLock lock(&mu_);
  return Note(event_id, content).first != nullptr;
}

absl::StatusOr<bool> RecentRequests::Begin(const std::string& id,
                                           const google::protobuf::Message& content,
                                           google::protobuf::Message* response) {
  if (id.empty()) return false;
  const absl::MutexLock lock(&mu_);
  const auto [request, added] = Note(id, content);
  if (request == nullptr) return RequestIdReused();
  if (added) return false;
  if (!request->answer.has_value()) {
    return WithReason(absl::UnavailableError("the same request is being carried out; ask again"),
                      "REQUEST_RUNNING");
  }
  if (!response->ParseFromString(*request->answer))
    return absl::InternalError("an answer that was kept cannot be read");
  return true;
}

void RecentRequests::End(const std::string& id, bool ok,
                         const google::protobuf::Message& response) {
  if (id.empty()) return;
  const absl::MutexLock lock(&mu_);
  const auto kept = requests_.find(id);
  if (kept == requests_.end()) return;
  if (ok) {
    kept->second.answer = response.SerializeAsString();
    return;
  }
  requests_.erase(kept);
  order_.erase(std::find(order_.begin(), order_.end(), id));
}

v1::Actor ActorOf(const Principal& principal) {
  v1::Actor actor;
  actor.set_principal(principal.id);
  actor.set_organisation(principal.organisation);
  for (const auto& role : principal.roles) actor.add_roles(role);
  return actor;
}

}  // namespace trigpoint
