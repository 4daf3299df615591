#include "arguments.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <random>

#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }

// "1-545611283".
bool IsCqcNumber(std::string_view text) {
  return text.size() > 2 && text.substr(0, 2) == "1-" &&
         std::all_of(text.begin() + 2, text.end(), IsDigit);
}

// "RX601": sites of NHS trusts carry their ODS code as the CQC location id.
bool IsOdsSite(std::string_view text) {
  return text.size() >= 3 && text.size() <= 8 && IsUpper(text.front()) &&
         std::all_of(text.begin(), text.end(), [](char c) { return IsUpper(c) || IsDigit(c); });
}

}  // namespace

std::string ProviderName(std::string_view argument) {
  constexpr std::string_view kResource = "providers/";
  if (argument.substr(0, kResource.size()) == kResource) {
    argument.remove_prefix(kResource.size());
  }
  if (argument.find('/') == std::string_view::npos &&
      (IsCqcNumber(argument) || IsOdsSite(argument))) {
    return "cqc-location/" + std::string(argument);
  }
  return std::string(argument);
}

absl::StatusOr<Micros> ParseAsOf(std::string_view text) {
  if (const auto date = ParseDate(text); date.ok()) {
    // The end of that day; of today, now.
    const Micros now = std::chrono::duration_cast<std::chrono::microseconds>(
                           std::chrono::system_clock::now().time_since_epoch())
                           .count();
    const bool today = LondonDate(now) == *date;
    return today ? now : LondonMidnight(AddDays(*date, 1)) - 1;
  }
  const auto instant = ParseInstant(text);
  if (!instant.ok()) {
    return MakeStatus(absl::StatusCode::kInvalidArgument,
                      "'" + std::string(text) +
                          "' is not a point in time; write 2026-03-01 (the end of that day in "
                          "Europe/London) or 2026-03-01T10:00:00Z");
  }
  return *instant;
}

google::protobuf::Timestamp ToTimestamp(Micros instant) {
  Micros seconds = instant / kMicrosPerSecond;
  Micros rest = instant % kMicrosPerSecond;
  if (rest < 0) {
    rest += kMicrosPerSecond;
    --seconds;
  }
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(seconds);
  timestamp.set_nanos(static_cast<int32_t>(rest * 1000));
  return timestamp;
}

Micros FromTimestamp(const google::protobuf::Timestamp& timestamp) {
  return timestamp.seconds() * kMicrosPerSecond + timestamp.nanos() / 1000;
}

bool IsLoopback(std::string_view server) {
  if (server.substr(0, 5) == "unix:") {
    return true;
  }
  if (server.substr(0, 4) == "dns:") {
    server.remove_prefix(
        server.find_last_of('/') == std::string_view::npos ? 4 : server.find_last_of('/') + 1);
  }
  const std::string_view host = server.substr(0, server.rfind(':'));
  const bool dotted =
      std::all_of(host.begin(), host.end(), [](char c) { return IsDigit(c) || c == '.'; });
  return host == "localhost" || host == "[::1]" || (dotted && host.substr(0, 4) == "127.");
}

std::string NewRequestId() {
  std::random_device device;
  unsigned words[4];
  for (unsigned& word : words) {
    word = device();
  }
  words[1] = (words[1] & 0xffff0fffU) | 0x00004000U;  // Version 4.
  words[2] = (words[2] & 0x3fffffffU) | 0x80000000U;  // Variant of RFC 4122.
  char text[37];
  std::snprintf(text, sizeof text, "%08x-%04x-%04x-%04x-%04x%08x", words[0], words[1] >> 16U,
                words[1] & 0xffffU, words[2] >> 16U, words[2] & 0xffffU, words[3]);
  return text;
}

}  // namespace trigpoint
