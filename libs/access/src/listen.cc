#include "trigpoint/access/listen.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <optional>
#include <string>

#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

struct Endpoint {
  std::string host;
  bool bracketed = false;
};

bool IsPort(std::string_view text) {
  constexpr size_t kMaxDigits = 5;
  return !text.empty() && text.size() <= kMaxDigits &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }) &&
         std::stoi(std::string(text)) <= 65535;
}

/// Splits "host", "host:port", "[host]" or "[host]:port"; none when it is not of this form.
std::optional<Endpoint> Split(std::string_view address) {
  if (address.starts_with('[')) {
    const size_t end = address.find(']');
    if (end == std::string_view::npos) {
      return std::nullopt;
    }
    const std::string_view rest = address.substr(end + 1);
    if (!rest.empty() && !(rest.front() == ':' && IsPort(rest.substr(1)))) {
      return std::nullopt;
    }
    return Endpoint{std::string(address.substr(1, end - 1)), true};
  }
  const size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) {
    return Endpoint{std::string(address), false};
  }
  if (!IsPort(address.substr(colon + 1))) {
    return std::nullopt;
  }
  return Endpoint{std::string(address.substr(0, colon)), false};
}

bool IsLoopback(const Endpoint& endpoint) {
  if (endpoint.bracketed) {
    in6_addr parsed{};
    return inet_pton(AF_INET6, endpoint.host.c_str(), &parsed) == 1 &&
           IN6_IS_ADDR_LOOPBACK(&parsed);
  }
  if (endpoint.host == "localhost") {
    return true;
  }
  // inet_pton takes four decimal numbers only: "127.1" and "127.0.0.1.example" are not loopback.
  constexpr uint32_t kLoopbackNet = 127;
  in_addr parsed{};
  return inet_pton(AF_INET, endpoint.host.c_str(), &parsed) == 1 &&
         (ntohl(parsed.s_addr) >> 24U) == kLoopbackNet;
}

bool IsPlainText(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

}  // namespace

absl::Status CheckListen(std::string_view address, bool has_tls, bool has_principals) {
  constexpr std::string_view kForms = "write host:port, [ipv6]:port or unix:path";
  if (!IsPlainText(address)) {
    return MakeStatus(absl::StatusCode::kInvalidArgument,
                      "the listen address is empty or holds a space: " + std::string(kForms));
  }
  constexpr std::string_view kUnix = "unix:";
  if (address.starts_with(kUnix)) {
    return address.size() > kUnix.size()
               ? absl::OkStatus()
               : MakeStatus(absl::StatusCode::kInvalidArgument, "unix: needs a path behind it");
  }
  const std::optional<Endpoint> endpoint = Split(address);
  if (!endpoint.has_value()) {
    return MakeStatus(absl::StatusCode::kInvalidArgument,
                      std::string(address) + " is not an address: " + std::string(kForms));
  }
  if (IsLoopback(*endpoint) || (has_tls && has_principals)) {
    return absl::OkStatus();
  }
  const std::string_view tls = "TLS (a server certificate and its key)";
  const std::string_view principals = "principals (a principals file with at least one entry)";
  std::string missing;
  if (!has_tls) {
    missing += tls;
  }
  if (!has_principals) {
    missing += (missing.empty() ? "" : " and ") + std::string(principals);
  }
  return MakeStatus(absl::StatusCode::kFailedPrecondition,
                    "listening on " + std::string(address) + " can be reached from outside: add " +
                        missing + ", or listen on 127.0.0.1, [::1], localhost or unix:path");
}

}  // namespace trigpoint
