#include "cqc_client.h"

#include <algorithm>
#include <utility>

#include "services/common/back_off.h"
#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

constexpr uint32_t kAttempts = 5;
constexpr BackOffRange kBackOff = {.min = kMicrosPerSecond / 2, .max = 30 * kMicrosPerSecond};
constexpr int64_t kTimeoutMs = 30'000;
// The largest documents are of trusts with many services, below 1 MiB.
constexpr size_t kContentBytesMax = size_t{16} << 20;

std::string Http(long status) { return "CQC's API answered HTTP " + std::to_string(status); }

}  // namespace

Micros Pace::Reserve(Micros now) {
  const Micros wait = std::clamp<Micros>(next_ - now, 0, interval_);
  next_ = now + wait + interval_;
  return wait;
}

CqcClient::CqcClient(CqcClientOptions options)
    : options_(std::move(options)), pace_(options_.per_minute), random_(std::random_device{}()) {}

absl::StatusOr<HttpAnswer> CqcClient::Send(const std::string& path) {
  HttpRequest request;
  request.url = options_.base_url + path;
  request.ca_file = options_.ca_file;
  request.timeout_ms = kTimeoutMs;
  request.content_bytes_max = kContentBytesMax;
  request.headers = {"Accept: application/json",
                     std::string("User-Agent: trigpoint/") + TRIGPOINT_VERSION,
                     "Ocp-Apim-Subscription-Key: " + options_.key};
  return options_.send ? options_.send(request) : http_.Send(request);
}

CqcClient::Outcome CqcClient::JudgeStatus(const HttpAnswer& answer) {
  const auto say = [&answer](absl::StatusCode code, std::string_view more) {
    return MakeStatus(code, Http(answer.status) + std::string(more));
  };
  // A quota that is used up is a 403, too, and says when it is over.
  const bool quota = answer.status == 403 && answer.retry_after > 0;
  if (answer.status == 408 || answer.status == 429 || answer.status >= 500 || quota) {
    return {.status = say(absl::StatusCode::kUnavailable, ""),
            .again = true,
            .retry_after = answer.retry_after};
  }
  switch (answer.status) {
    case 200:
      return {};
    case 401:
    case 403:
      return {.status = say(absl::StatusCode::kPermissionDenied,
                            ": it does not take the subscription key")};
    case 404:
      return {.status = say(absl::StatusCode::kNotFound, "")};
    default:
      break;
  }
  if (answer.status >= 300 && answer.status < 400) {
    return {.status = say(absl::StatusCode::kInvalidArgument,
                          ": redirects are not followed, the key goes to one host alone")};
  }
  return {.status = say(absl::StatusCode::kInvalidArgument, "")};
}

CqcClient::Outcome CqcClient::Attempt(const std::string& path, const Reader& read) {
  ++requests_;
  const absl::StatusOr<HttpAnswer> answer = Send(path);
  if (!answer.ok()) {
    const bool untrusted = absl::IsUnauthenticated(answer.status());
    const bool hopeless = untrusted || absl::IsOutOfRange(answer.status());
    // Cut content is told from no answer: the former is of one document, the latter of the API.
    const absl::StatusCode code = untrusted ? absl::StatusCode::kUnauthenticated
                                  : absl::IsDataLoss(answer.status()) || hopeless
                                      ? absl::StatusCode::kDataLoss
                                      : absl::StatusCode::kUnavailable;
    return {.status = MakeStatus(code, "CQC's API: " + std::string(answer.status().message())),
            .again = !hopeless};
  }
  if (answer->date != 0) last_date_ = answer->date;
  Outcome outcome = JudgeStatus(*answer);
  if (!outcome.status.ok()) return outcome;
  if (const absl::Status usable = read(answer->content); !usable.ok()) {
    return {.status = MakeStatus(absl::StatusCode::kDataLoss, FromAbsl(usable.message())),
            .again = true};
  }
  return {};
}

absl::Status CqcClient::Get(const std::string& path, const Reader& read) {
  std::uniform_real_distribution<double> any(0, 1);
  for (uint32_t failed = 0;;) {
    if (!options_.wait(pace_.Reserve(options_.now_us()))) {
      return absl::CancelledError("stopped");
    }
    const Outcome outcome = Attempt(path, read);
    if (outcome.status.ok()) return absl::OkStatus();
    const absl::Status status = Annotate(outcome.status, path);
    if (outcome.retry_after > kPatience) {
      return MakeStatus(absl::StatusCode::kResourceExhausted,
                        std::string(status.message()) + " and asks to be left alone for " +
                            std::to_string(outcome.retry_after / kMicrosPerSecond) + " s");
    }
    if (!outcome.again || ++failed >= kAttempts) return status;
    if (!options_.wait(BackOff(kBackOff, failed, any(random_), outcome.retry_after))) {
      return absl::CancelledError("stopped");
    }
  }
}

}  // namespace trigpoint
