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

absl::StatusOr<int64_t> ResolveAsOf(bool given, const google::protobuf::Timestamp& as_of,
                                    int64_t now_us) {
  if (!given) return now_us;
  const int64_t asked = ToMicros(as_of);
  if (asked > now_us + kClockSkewUs) return absl::InvalidArgumentError("as_of: lies in the future");
  return asked;
}

absl::StatusOr<StreamAsOf> ReadStreamAt(const Projector& projector, const std::string& stream_id,
                                        bool past, int64_t as_of_us) {
  return past ? projector.ReadAsOf(stream_id, as_of_us) : projector.Read(stream_id);
}

}  // namespace trigpoint
