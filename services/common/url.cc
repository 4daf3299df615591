#include "services/common/url.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <string_view>

namespace trigpoint {
namespace {

std::string_view AuthorityOf(std::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  const std::string_view rest = url.substr(scheme + 3);
  return rest.substr(0, rest.find_first_of("/?#"));
}

std::string HostOf(std::string_view url) {
  const std::string_view authority = AuthorityOf(url);
  if (authority.starts_with('[')) {
    const size_t end = authority.find(']');
    return end == std::string_view::npos ? "" : std::string(authority.substr(1, end - 1));
  }
  return std::string(authority.substr(0, authority.find(':')));
}

}  // namespace

bool IsLoopbackUrl(const std::string& url) {
  const std::string host = HostOf(url);
  if (host == "localhost") return true;
  in6_addr six{};
  if (inet_pton(AF_INET6, host.c_str(), &six) == 1) return IN6_IS_ADDR_LOOPBACK(&six);
  // inet_pton takes four decimal numbers only: "127.1" and "127.0.0.1.example" are not loopback.
  constexpr uint32_t kLoopbackNet = 127;
  in_addr four{};
  return inet_pton(AF_INET, host.c_str(), &four) == 1 &&
         (ntohl(four.s_addr) >> 24U) == kLoopbackNet;
}

absl::Status CheckHttpUrl(const std::string& url) {
  const auto refuse = [](const char* why) { return absl::InvalidArgumentError(why); };
  const bool plain = std::all_of(url.begin(), url.end(),
                                 [](char c) { return c > ' ' && c < '\x7f' && c != '\\'; });
  if (!plain) return refuse("it holds a space, a backslash or a character beyond ASCII");
  const bool https = url.starts_with("https://");
  if (!https && !url.starts_with("http://"))
    return refuse("https://..., or http:// to this machine");
  if (HostOf(url).empty()) return refuse("it names no host");
  if (AuthorityOf(url).find('@') != std::string_view::npos)
    return refuse("no user or password stands in it");
  if (url.find('#') != std::string::npos) return refuse("no fragment (#...) stands in it");
  if (!https && !IsLoopbackUrl(url))
    return refuse("http is for 127.0.0.1, [::1] and localhost only; write https");
  return absl::OkStatus();
}

}  // namespace trigpoint
