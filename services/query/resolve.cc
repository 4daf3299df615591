#include "services/query/resolve.h"

#include <algorithm>
#include <string_view>

#include "services/common/field_error.h"
#include "services/common/rpc_status.h"
#include "trigpoint/base/status.h"
#include "trigpoint/base/time.h"
#include "trigpoint/domain/service.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

constexpr std::string_view kNamePrefix = "providers/";
/// How far the clocks of client and server may differ.
constexpr int64_t kClockSkewUs = kMicrosPerMinute;

/// `name` as the caller wrote it: anything, also the number of a person.
absl::Status NotKnown(const std::string& name) {
  const ErrorMetadata named = Naming("provider", name);
  const std::string as = named.empty() ? " by this name" : " as " + named.begin()->second;
  return WithReason(absl::NotFoundError("no provider is known" + as), "PROVIDER_NOT_FOUND", named);
}

/// Errors: a FieldError for a timestamp that is none.
absl::StatusOr<int64_t> MicrosOf(const google::protobuf::Timestamp& timestamp,
                                 std::string_view field) {
  constexpr int64_t kFirstSecond = -62'135'596'800;  // 0001-01-01T00:00:00Z
  constexpr int64_t kLastSecond = 253'402'300'799;   // 9999-12-31T23:59:59Z
  const bool good = timestamp.seconds() >= kFirstSecond && timestamp.seconds() <= kLastSecond &&
                    timestamp.nanos() >= 0 && timestamp.nanos() <= 999'999'999;
  if (!good) return FieldError(field, "TIMESTAMP_INVALID", "must lie in the years 1 to 9999");
  return ToMicros(timestamp);
}

}  // namespace

absl::StatusOr<std::string> ResolveProvider(const Projector& projector,
                                            const std::string& provider) {
  std::string name = provider;
  if (name.starts_with(kNamePrefix)) name.erase(0, kNamePrefix.size());
  if (name.empty()) return FieldError("provider", "REQUIRED", "name a provider");
  if (projector.HasStream(name)) return name;
  const size_t slash = name.find('/');
  const auto stream = slash == std::string::npos
                          ? projector.StreamOf("cqc-location", name)
                          : projector.StreamOf(name.substr(0, slash), name.substr(slash + 1));
  // A binding without an event yet is not a provider that anything is known of.
  if (stream.has_value() && projector.HasStream(*stream)) return *stream;
  return NotKnown(name);
}

absl::StatusOr<Instants> InstantsOf(const google::protobuf::Timestamp* as_of,
                                    const google::protobuf::Timestamp* valid_at, int64_t now_us) {
  Instants instants;
  instants.assess_us = now_us;
  if (as_of != nullptr) {
    instants.past = true;
    TP_ASSIGN_OR_RETURN(instants.assess_us, MicrosOf(*as_of, "as_of"));
    instants.as_of.known_us = instants.assess_us;
    if (instants.assess_us > now_us + kClockSkewUs)
      return FieldError("as_of", "IN_FUTURE", "lies in the future");
  }
  if (valid_at != nullptr) {
    TP_ASSIGN_OR_RETURN(const int64_t valid_us, MicrosOf(*valid_at, "valid_at"));
    if (as_of != nullptr && valid_us > instants.assess_us)
      return FieldError("valid_at", "AFTER_AS_OF", "lies after as_of");
    if (valid_us > now_us + kClockSkewUs)
      return FieldError("valid_at", "IN_FUTURE", "lies in the future");
    instants.past = true;
    instants.assess_us = valid_us;
    instants.as_of.valid_us = valid_us;
  }
  return instants;
}

absl::StatusOr<StreamAsOf> ReadStreamAt(const Projector& projector, const std::string& stream_id,
                                        const Instants& instants) {
  absl::StatusOr<StreamAsOf> stream =
      instants.past ? projector.ReadAsOf(stream_id, instants.as_of) : projector.Read(stream_id);
  if (absl::IsNotFound(stream.status())) {
    return WithReason(stream.status(),
                      instants.past ? "PROVIDER_NOT_KNOWN_THEN" : "PROVIDER_NOT_FOUND",
                      {{"provider", stream_id}});
  }
  // The present is now: whom it belongs to today, though the timer of midnight may be on its way.
  if (stream.ok() && !instants.past)
    CarryService(std::max(instants.assess_us, stream->state.known_us()), &stream->state);
  return stream;
}

}  // namespace trigpoint
