#include "services/query/resolve.h"

#include <string_view>

#include "trigpoint/base/time.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

constexpr std::string_view kNamePrefix = "providers/";
constexpr size_t kShown = 100;
/// How far the clocks of client and server may differ.
constexpr int64_t kClockSkewUs = kMicrosPerMinute;

}  // namespace

absl::StatusOr<std::string> ResolveProvider(const Projector& projector,
                                            const std::string& provider) {
  std::string name = provider;
  if (name.starts_with(kNamePrefix)) name.erase(0, kNamePrefix.size());
  if (name.empty()) return absl::InvalidArgumentError("name a provider");
  if (projector.HasStream(name)) return name;
  const size_t slash = name.find('/');
  const auto stream = slash == std::string::npos
                          ? projector.StreamOf("cqc-location", name)
                          : projector.StreamOf(name.substr(0, slash), name.substr(slash + 1));
  // A binding without an event yet is not a provider that anything is known of.
  if (stream.has_value() && projector.HasStream(*stream)) return *stream;
  return absl::NotFoundError("no provider is known as " + name.substr(0, kShown));
}

absl::StatusOr<Instants> InstantsOf(const google::protobuf::Timestamp* as_of,
                                    const google::protobuf::Timestamp* valid_at, int64_t now_us) {
  Instants instants;
  instants.assess_us = now_us;
  if (as_of != nullptr) {
    instants.past = true;
    instants.assess_us = instants.as_of.known_us = ToMicros(*as_of);
    if (instants.assess_us > now_us + kClockSkewUs) {
      return absl::InvalidArgumentError("as_of: lies in the future");
    }
  }
  if (valid_at != nullptr) {
    const int64_t valid_us = ToMicros(*valid_at);
    if (valid_us > (as_of != nullptr ? instants.assess_us : now_us + kClockSkewUs)) {
      return absl::InvalidArgumentError(as_of != nullptr ? "valid_at: lies after as_of"
                                                         : "valid_at: lies in the future");
    }
    instants.past = true;
    instants.assess_us = valid_us;
    instants.as_of.valid_us = valid_us;
  }
  return instants;
}

absl::StatusOr<StreamAsOf> ReadStreamAt(const Projector& projector, const std::string& stream_id,
                                        const Instants& instants) {
  return instants.past ? projector.ReadAsOf(stream_id, instants.as_of) : projector.Read(stream_id);
}

}  // namespace trigpoint
