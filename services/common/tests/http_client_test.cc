#include "services/common/http_client.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "absl/synchronization/notification.h"

namespace trigpoint {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

/// Answers one request with given bytes, or, with none, keeps its client waiting.
class OneAnswer {
 public:
  explicit OneAnswer(std::string answer) : answer_(std::move(answer)) {
    listening_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(::bind(listening_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listening_, 1), 0);
    EXPECT_EQ(::getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }
  ~OneAnswer() {
    ::shutdown(listening_, SHUT_RDWR);
    thread_.join();
    ::close(listening_);
  }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/hook?key=k"; }
  const std::string& request() {
    served_.WaitForNotification();
    return request_;
  }
  void WaitUntilAsked() { asked_.WaitForNotification(); }

 private:
  void Serve() {
    const int client = ::accept(listening_, nullptr, nullptr);
    if (client < 0) return;
    char bytes[4096];
    const auto is_whole = [this] {
      return request_.find(request_.starts_with("GET") ? "\r\n\r\n" : "\r\n\r\n{}") !=
             std::string::npos;
    };
    while (!is_whole()) {
      const ssize_t size = ::read(client, bytes, sizeof(bytes));
      if (size <= 0) break;
      request_.append(bytes, static_cast<size_t>(size));
    }
    asked_.Notify();
    if (answer_.empty()) {
      // Until the client goes.
      while (::read(client, bytes, sizeof(bytes)) > 0) {
      }
    } else {
      EXPECT_EQ(::write(client, answer_.data(), answer_.size()),
                static_cast<ssize_t>(answer_.size()));
    }
    ::close(client);
    served_.Notify();
  }

  const std::string answer_;
  int listening_ = -1;
  int port_ = 0;
  std::string request_;
  absl::Notification asked_;
  absl::Notification served_;
  std::thread thread_;
};

HttpRequest RequestTo(const std::string& url) {
  HttpRequest request;
  request.method = HttpMethod::kPost;
  request.url = url;
  request.headers = {"webhook-id: 7", "Expect:"};
  request.body = "{}";
  return request;
}

TEST(HttpClient, SendsTheBodyAndGivesTheStatus) {
  OneAnswer server("HTTP/1.1 204 No Content\r\n\r\n");
  HttpClient client;
  const auto answer = client.Send(RequestTo(server.url()));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status, 204);
  EXPECT_EQ(answer->retry_after, 0);
  EXPECT_THAT(server.request(), AllOf(StartsWith("POST /hook?key=k HTTP/1.1\r\n"),
                                      HasSubstr("webhook-id: 7\r\n"), EndsWith("\r\n\r\n{}")));
}

TEST(HttpClient, GivesWhatTheReceiverAsksToWait) {
  OneAnswer server("HTTP/1.1 503 Busy\r\nRetry-After: 17\r\nContent-Length: 0\r\n\r\n");
  HttpClient client;
  const auto answer = client.Send(RequestTo(server.url()));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status, 503);
  EXPECT_EQ(answer->retry_after, 17 * kMicrosPerSecond);
}

TEST(HttpClient, FollowsNoRedirect) {
  OneAnswer server(
      "HTTP/1.1 307 There\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
  HttpClient client;
  const auto answer = client.Send(RequestTo(server.url()));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status, 307);
}

TEST(HttpClient, TakesTheStatusOfAReceiverThatTalksOn) {
  OneAnswer server("HTTP/1.1 200 OK\r\n\r\n" + std::string(600'000, 'x'));
  HttpClient client;
  const auto answer = client.Send(RequestTo(server.url()));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status, 200);
}

HttpRequest Asking(const std::string& url, size_t content_bytes_max) {
  HttpRequest request;
  request.url = url;
  request.headers = {"Accept: application/json"};
  request.content_bytes_max = content_bytes_max;
  return request;
}

TEST(HttpClient, GivesTheContentAndTheOtherSidesTime) {
  OneAnswer server(
      "HTTP/1.1 200 OK\r\nDate: Sun, 22 Nov 2026 21:00:03 GMT\r\nContent-Length: 7\r\n\r\n"
      "{\"a\":1}");
  HttpClient client;
  const auto answer = client.Send(Asking(server.url(), 7));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->content, "{\"a\":1}");
  EXPECT_EQ(FormatInstant(answer->date), "2026-11-22T21:00:03Z");
  EXPECT_THAT(server.request(), AllOf(StartsWith("GET /hook?key=k HTTP/1.1\r\n"),
                                      HasSubstr("Accept: application/json\r\n")));
}

TEST(HttpClient, KeepsNoMoreThanItWasAskedTo) {
  OneAnswer server("HTTP/1.1 200 OK\r\n\r\n" + std::string(600, 'x'));
  HttpClient client;
  EXPECT_TRUE(absl::IsOutOfRange(client.Send(Asking(server.url(), 599)).status()));
}

TEST(HttpClient, TellsContentThatEndsEarly) {
  OneAnswer server("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\"");
  HttpClient client;
  EXPECT_TRUE(absl::IsDataLoss(client.Send(Asking(server.url(), 1000)).status()));
}

TEST(HttpClient, SaysWhatFailedWithoutTheAddress) {
  HttpClient client;
  const absl::Status refused = client.Send(RequestTo("http://127.0.0.1:1/hook?key=k")).status();
  EXPECT_TRUE(absl::IsUnavailable(refused)) << refused;
  EXPECT_THAT(std::string(refused.message()),
              AllOf(Not(HasSubstr("127.0.0.1")), Not(HasSubstr("key"))));
}

TEST(HttpClient, GivesUpAtTheDeadline) {
  OneAnswer server("");
  HttpClient client;
  HttpRequest request = RequestTo(server.url());
  request.timeout_ms = 50;
  EXPECT_TRUE(absl::IsDeadlineExceeded(client.Send(request).status()));
}

TEST(HttpClient, EndsAtOnceWhenItIsAborted) {
  OneAnswer server("");
  HttpClient client;
  std::thread stopper([&] {
    server.WaitUntilAsked();
    client.Abort();
  });
  EXPECT_TRUE(absl::IsCancelled(client.Send(RequestTo(server.url())).status()));
  stopper.join();
  EXPECT_TRUE(absl::IsCancelled(client.Send(RequestTo(server.url())).status()));
}

}  // namespace
}  // namespace trigpoint
