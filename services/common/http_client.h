#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "trigpoint/base/time.h"

namespace trigpoint {

enum class HttpMethod : uint8_t { kGet, kPost };

/// What one request sends.
struct HttpRequest {
  HttpMethod method = HttpMethod::kGet;
  std::string url;
  std::string ca_file;  ///< Empty: the system's authorities.
  std::vector<std::string> headers;
  std::string body;              ///< Of a POST.
  int64_t timeout_ms = 10'000;   ///< Of the whole attempt.
  size_t content_bytes_max = 0;  ///< Of the answer's content; 0: nothing of it is kept.
};

/// What was answered.
struct HttpAnswer {
  long status = 0;
  Micros retry_after = 0;    ///< What Retry-After asked for; 0: nothing.
  Micros date = 0;           ///< What the other side says the time is, to the second; 0: nothing.
  std::string content = {};  ///< Where the request asks for it.
};

/// Sends requests one after the other over a connection that stays open.
/// TLS is verified, redirects are not followed, a proxy of the environment (https_proxy) is used
/// for other machines than this one.
/// Threading: Send from one thread; Abort from any.
class HttpClient {
 public:
  HttpClient();
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Sends and waits for the status, and for the content where it is kept. Errors, in words that
  /// name no address: DeadlineExceeded; Unauthenticated when the certificate is not trusted;
  /// DataLoss when kept content ends early; OutOfRange when it is larger than asked for; Cancelled
  /// after Abort; else Unavailable.
  absl::StatusOr<HttpAnswer> Send(const HttpRequest& request);
  /// Ends the attempt under way at once, and every later one.
  void Abort();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace trigpoint
