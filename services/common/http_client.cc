#include "services/common/http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <atomic>

#include "services/common/url.h"
#include "trigpoint/base/check.h"
#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

constexpr long kConnectMsMax = 10'000;
constexpr int kPollMs = 1'000;
/// Of content that nobody asked for: read and dropped, to keep the connection.
constexpr size_t kDroppedMax = size_t{256} << 10;

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

/// What comes behind the status.
struct Content {
  const size_t kept_max;  // 0: dropped.
  size_t seen = 0;
  std::string* kept = nullptr;

  bool TooLarge() const { return seen > (kept_max == 0 ? kDroppedMax : kept_max); }
};

size_t TakeContent(const char* bytes, size_t size, size_t count, void* to) {
  Content& content = *static_cast<Content*>(to);
  content.seen += size * count;
  if (content.TooLarge()) return 0;  // Ends the transfer.
  if (content.kept_max != 0) content.kept->append(bytes, size * count);
  return size * count;
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
    case CURLE_PARTIAL_FILE:
    case CURLE_BAD_CONTENT_ENCODING:
      kind = absl::StatusCode::kDataLoss;
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

absl::Status StatusOf(CURLcode code, const Content& content) {
  if (code == CURLE_WRITE_ERROR && content.TooLarge()) {
    // Who goes on talking behind a status that suffices has answered all the same.
    if (content.kept_max == 0) return absl::OkStatus();
    return MakeStatus(absl::StatusCode::kOutOfRange,
                      "the answer is larger than " + std::to_string(content.kept_max) + " bytes");
  }
  return code == CURLE_OK ? absl::OkStatus() : StatusOf(code);
}

/// What the head of the answer says.
void ReadHead(CURL* easy, HttpAnswer* answer) {
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer->status);
  curl_off_t retry_after_s = 0;
  curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &retry_after_s);
  answer->retry_after = std::clamp<Micros>(retry_after_s, 0, 1'000'000) * kMicrosPerSecond;
  curl_header* date = nullptr;
  if (curl_easy_header(easy, "Date", 0, CURLH_HEADER, -1, &date) == CURLHE_OK) {
    answer->date = std::max<Micros>(curl_getdate(date->value, nullptr), 0) * kMicrosPerSecond;
  }
}

}  // namespace

struct HttpClient::Impl {
  std::unique_ptr<CURL, EasyDeleter> easy;
  std::unique_ptr<CURLM, MultiDeleter> multi;  // After `easy`: cleaned up first.
  std::atomic<bool> aborted{false};

  void Prepare(const HttpRequest& request, curl_slist* headers, Content* content) const;
  absl::Status Perform(CURLcode* code) const;
};

void HttpClient::Impl::Prepare(const HttpRequest& request, curl_slist* headers,
                               Content* content) const {
  CURL* handle = easy.get();
  curl_easy_reset(handle);  // Keeps the connection.
  const auto set = [handle](CURLoption option, auto value) {
    TP_CHECK(curl_easy_setopt(handle, option, value) == CURLE_OK, "libcurl knows the option");
  };
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, request.url.starts_with("https:") ? "https" : "http");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  if (request.method == HttpMethod::kPost) {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(CURLOPT_POSTFIELDS, request.body.data());
  }
  set(CURLOPT_HTTPHEADER, headers);
  set(CURLOPT_WRITEFUNCTION, &TakeContent);
  set(CURLOPT_WRITEDATA, static_cast<void*>(content));
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

absl::Status HttpClient::Impl::Perform(CURLcode* code) const {
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

HttpClient::HttpClient() : impl_(std::make_unique<Impl>()) {
  InitLibrary();
  impl_->easy.reset(curl_easy_init());
  impl_->multi.reset(curl_multi_init());
  TP_CHECK(impl_->easy != nullptr && impl_->multi != nullptr, "out of memory");
}

HttpClient::~HttpClient() = default;

absl::StatusOr<HttpAnswer> HttpClient::Send(const HttpRequest& request) {
  const Headers headers = ListOf(request.headers);
  HttpAnswer answer;
  Content content{.kept_max = request.content_bytes_max, .kept = &answer.content};
  impl_->Prepare(request, headers.get(), &content);
  CURL* easy = impl_->easy.get();
  if (curl_multi_add_handle(impl_->multi.get(), easy) != CURLM_OK)
    return MakeStatus(absl::StatusCode::kUnavailable, "libcurl takes no request");
  CURLcode code = CURLE_OK;
  const absl::Status performed = impl_->Perform(&code);
  ReadHead(easy, &answer);
  curl_multi_remove_handle(impl_->multi.get(), easy);
  TP_RETURN_IF_ERROR(performed);
  TP_RETURN_IF_ERROR(StatusOf(code, content));
  return answer;
}

void HttpClient::Abort() {
  impl_->aborted.store(true);
  curl_multi_wakeup(impl_->multi.get());
}

}  // namespace trigpoint
