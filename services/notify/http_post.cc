#include "services/notify/http_post.h"

#include <curl/curl.h>

#include <atomic>

#include "services/notify/webhook_config.h"
#include "trigpoint/base/check.h"
#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

constexpr long kConnectMsMax = 10'000;
constexpr int kPollMs = 1'000;
/// Of an answer's content that is read and dropped, to keep the connection.
constexpr size_t kContentMax = size_t{256} << 10;

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct MultiDeleter {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Headers = std::unique_ptr<curl_slist, ListDeleter>;

/// Once for the process, before any thread of ours uses the library.
void InitLibrary() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  TP_CHECK(code == CURLE_OK, "libcurl cannot be initialised");
}

size_t Drop(const char* /*bytes*/, size_t size, size_t count, void* seen) {
  size_t& total = *static_cast<size_t*>(seen);
  total += size * count;
  return total <= kContentMax ? size * count : 0;
}

Headers ListOf(const std::vector<std::string>& headers) {
  Headers list;
  for (const std::string& header : headers) {
    curl_slist* longer = curl_slist_append(list.get(), header.c_str());
    TP_CHECK(longer != nullptr, "out of memory");
    static_cast<void>(list.release());
    list.reset(longer);
  }
  return list;
}

absl::Status StatusOf(CURLcode code) {
  absl::StatusCode kind = absl::StatusCode::kUnavailable;
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      kind = absl::StatusCode::kDeadlineExceeded;
      break;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CONNECT_ERROR:
      kind = absl::StatusCode::kUnauthenticated;
      break;
    default:
      break;
  }
  // The library's own words for the code; its longer texts name the host.
  return MakeStatus(kind, curl_easy_strerror(code));
}

}  // namespace

struct HttpPoster::Impl {
  std::unique_ptr<CURL, EasyDeleter> easy;
  std::unique_ptr<CURLM, MultiDeleter> multi;  // After `easy`: cleaned up first.
  std::atomic<bool> aborted{false};

  void Prepare(const HttpRequest& request, curl_slist* headers, size_t* seen) const;
  absl::Status Perform(CURLcode* code) const;
};

void HttpPoster::Impl::Prepare(const HttpRequest& request, curl_slist* headers,
                               size_t* seen) const {
  CURL* handle = easy.get();
  curl_easy_reset(handle);  // Keeps the connection.
  const auto set = [handle](CURLoption option, auto value) {
    TP_CHECK(curl_easy_setopt(handle, option, value) == CURLE_OK, "libcurl knows the option");
  };
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, request.url.starts_with("https:") ? "https" : "http");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_POST, 1L);
  set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  set(CURLOPT_POSTFIELDS, request.body.data());
  set(CURLOPT_HTTPHEADER, headers);
  set(CURLOPT_WRITEFUNCTION, &Drop);
  set(CURLOPT_WRITEDATA, static_cast<void*>(seen));
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!request.ca_file.empty()) {
    set(CURLOPT_CAINFO, request.ca_file.c_str());
    set(CURLOPT_CAPATH, static_cast<char*>(nullptr));
  }
  if (IsLoopbackUrl(request.url)) set(CURLOPT_PROXY, "");
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);  // Abort does not wait for a name server.
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout_ms));
  set(CURLOPT_CONNECTTIMEOUT_MS, std::min(kConnectMsMax, static_cast<long>(request.timeout_ms)));
}

absl::Status HttpPoster::Impl::Perform(CURLcode* code) const {
  const auto failed = [](CURLMcode multi_code) {
    return MakeStatus(absl::StatusCode::kUnavailable, curl_multi_strerror(multi_code));
  };
  int running = 1;
  while (true) {
    if (aborted.load()) return absl::CancelledError("stopped");
    const CURLMcode performed = curl_multi_perform(multi.get(), &running);
    if (performed != CURLM_OK) return failed(performed);
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      *code = message->data.result;
      return absl::OkStatus();
    }
    const CURLMcode polled = curl_multi_poll(multi.get(), nullptr, 0, kPollMs, nullptr);
    if (polled != CURLM_OK) return failed(polled);
  }
}

HttpPoster::HttpPoster() : impl_(std::make_unique<Impl>()) {
  InitLibrary();
  impl_->easy.reset(curl_easy_init());
  impl_->multi.reset(curl_multi_init());
  TP_CHECK(impl_->easy != nullptr && impl_->multi != nullptr, "out of memory");
}

HttpPoster::~HttpPoster() = default;

absl::StatusOr<HttpAnswer> HttpPoster::Send(const HttpRequest& request) {
  const Headers headers = ListOf(request.headers);
  size_t seen = 0;
  impl_->Prepare(request, headers.get(), &seen);
  CURL* easy = impl_->easy.get();
  if (curl_multi_add_handle(impl_->multi.get(), easy) != CURLM_OK)
    return MakeStatus(absl::StatusCode::kUnavailable, "libcurl takes no request");
  CURLcode code = CURLE_OK;
  const absl::Status performed = impl_->Perform(&code);
  HttpAnswer answer;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer.status);
  curl_off_t retry_after_s = 0;
  curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &retry_after_s);
  answer.retry_after = std::clamp<Micros>(retry_after_s, 0, 1'000'000) * kMicrosPerSecond;
  curl_multi_remove_handle(impl_->multi.get(), easy);
  TP_RETURN_IF_ERROR(performed);
  // A receiver that goes on talking after its status has answered all the same.
  const bool talked = code == CURLE_WRITE_ERROR && seen > kContentMax;
  if (code != CURLE_OK && !talked) return StatusOf(code);
  return answer;
}

void HttpPoster::Abort() {
  impl_->aborted.store(true);
  curl_multi_wakeup(impl_->multi.get());
}

}  // namespace trigpoint
