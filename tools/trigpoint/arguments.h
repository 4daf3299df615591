#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "google/protobuf/timestamp.pb.h"
#include "trigpoint/base/time.h"

/// Reads what people type: providers, points in time, host names.
namespace trigpoint {

/// Gives the API's name of a provider: a stream id, "scheme/value", or, for a bare CQC location id
/// ("1-545611283", or an NHS trust's site such as "RX601"), "cqc-location/" and the id.
std::string ProviderName(std::string_view argument);

/// Reads a point in time: RFC 3339, or a date, which means the end of that day in Europe/London.
/// Errors: InvalidArgument that says which forms are read.
absl::StatusOr<Micros> ParseAsOf(std::string_view text);

/// Converts for a request.
google::protobuf::Timestamp ToTimestamp(Micros instant);

/// Converts from an answer; decimals below a microsecond are cut.
Micros FromTimestamp(const google::protobuf::Timestamp& timestamp);

/// Tells whether "host:port" (or "unix:path") names this machine, so that nothing leaves it.
bool IsLoopback(std::string_view server);

/// Makes a random UUID (version 4), the identity of one request.
std::string NewRequestId();

}  // namespace trigpoint
