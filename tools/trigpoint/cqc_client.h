#pragma once

#include <functional>
#include <memory>
#include <random>
#include <string>

#include "absl/status/statusor.h"
#include "services/common/http_client.h"
#include "trigpoint/base/time.h"

namespace trigpoint {

/// Spaces requests evenly. What a request itself takes counts, so nobody waits longer than needed.
/// Thread-compatible.
class Pace {
 public:
  /// `per_minute` is at least 1.
  explicit Pace(int per_minute) : interval_(kMicrosPerMinute / per_minute) {}

  /// Takes the next place and gives how long to wait for it from `now`: at most one interval, also
  /// when the clock was set back.
  Micros Reserve(Micros now);

 private:
  const Micros interval_;
  Micros next_ = 0;
};

/// How CQC's public API is called. The three functions are for tests.
struct CqcClientOptions {
  std::string base_url = "https://api.service.cqc.org.uk/public/v1";  ///< Without a slash behind.
  std::string key = {};      ///< Goes into one header, and into no error.
  std::string ca_file = {};  ///< PEM file of the authorities to trust; empty: the system's.
  int per_minute = 1000;
  std::function<bool(Micros)> wait = {};  ///< Waits so long; false: it is to end.
  std::function<Micros()> now_us = {};
  std::function<absl::StatusOr<HttpAnswer>(const HttpRequest&)> send = {};  ///< Empty: over HTTP.
};

/// Asks CQC's public API, at its pace and again where that helps: after 408, 429 and 5xx, after no
/// answer, and when the content is cut. Waits for Retry-After up to kPatience.
/// Thread-compatible.
class CqcClient {
 public:
  /// The longest that one request waits for the API to take it again.
  static constexpr Micros kPatience = 2 * kMicrosPerMinute;

  explicit CqcClient(CqcClientOptions options);

  /// Reads content; not OK: it cannot be used.
  using Reader = std::function<absl::Status(const std::string& content)>;

  /// Gets what is at a path below the base and lets `read` read it. Errors, by path, without the
  /// key: NotFound (404); PermissionDenied, the key is not taken (401, 403); InvalidArgument, the
  /// request is not (other 4xx); ResourceExhausted, the API wants to be left alone for longer than
  /// kPatience; Unauthenticated, its certificate is not trusted; DataLoss, it answers with what
  /// cannot be used; Unavailable, it does not answer; Cancelled, `wait` said so.
  absl::Status Get(const std::string& path, const Reader& read);

  /// What the API said the time is, in its latest answer; 0: nothing.
  Micros last_date() const { return last_date_; }

  /// Requests sent, those that were sent again among them.
  uint64_t requests() const { return requests_; }

 private:
  struct Outcome {
    absl::Status status = absl::OkStatus();
    bool again = false;
    Micros retry_after = 0;
  };
  Outcome Attempt(const std::string& path, const Reader& read);
  absl::StatusOr<HttpAnswer> Send(const std::string& path);
  static Outcome JudgeStatus(const HttpAnswer& answer);

  const CqcClientOptions options_;
  HttpClient http_;
  Pace pace_;
  std::mt19937_64 random_;  // Of waits only.
  Micros last_date_ = 0;
  uint64_t requests_ = 0;
};

}  // namespace trigpoint
