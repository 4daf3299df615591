#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "trigpoint/base/time.h"

namespace trigpoint {

/// What one POST sends.
struct HttpRequest {
  std::string url;
  std::string ca_file;  ///< Empty: the system's authorities.
  std::vector<std::string> headers;
  std::string body;
  int64_t timeout_ms = 10'000;  ///< Of the whole attempt.
};

/// What was answered; the content is not read.
struct HttpAnswer {
  long status = 0;
  Micros retry_after = 0;  ///< What Retry-After asked for; 0: nothing.
};

/// Sends POST requests one after the other over a connection that stays open.
/// TLS is verified, redirects are not followed, a proxy of the environment (https_proxy) is used
/// for other machines than this one.
/// Threading: Send from one thread; Abort from any.
class HttpPoster {
 public:
  HttpPoster();
  ~HttpPoster();
  HttpPoster(const HttpPoster&) = delete;
  HttpPoster& operator=(const HttpPoster&) = delete;

  /// Sends and waits for the status. Errors, in words that name no address: DeadlineExceeded;
  /// Unauthenticated when the certificate is not trusted; Cancelled after Abort; else Unavailable.
  absl::StatusOr<HttpAnswer> Send(const HttpRequest& request);
  /// Ends the attempt under way at once, and every later one.
  void Abort();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace trigpoint
