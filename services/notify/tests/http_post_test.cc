#include "services/notify/http_post.h"

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
    while (request_.find("\r\n\r\n{}") == std::string::npos) {
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
  request.url = url;
  request.headers = {"webhook-id: 7", "Expect:"};
  request.body = "{}";
  return request;
}

TEST(HttpPoster, SendsTheBodyAndGivesTheStatus) {
  OneAnswer server("HTTP/1.1 204 No Content\r\n\r\n");
  HttpPoster poster;
  const auto answer = poster.Send(RequestTo(server.url()));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status, 204);
  EXPECT_EQ(answer->retry_after, 0);
  EXPECT_THAT(server.request(), AllOf(StartsWith("POST /hook?key=k HTTP/1.1\r\n"),
                                      HasSubstr("webhook-id: 7\r\n"), EndsWith("\r\n\r\n{}")));
}

TEST(HttpPoster, GivesWhatTheReceiverAsksToWait) {
  OneAnswer server("HTTP/1.1 503 Busy\r\nRetry-After: 17\r\nContent-Length: 0\r\n\r\n");
  HttpPoster poster;
  const auto answer = poster.Send(RequestTo(server.url()));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status, 503);
  EXPECT_EQ(answer->retry_after, 17 * kMicrosPerSecond);
}

TEST(HttpPoster, FollowsNoRedirect) {
  OneAnswer server(
      "HTTP/1.1 307 There\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
  HttpPoster poster;
  const auto answer = poster.Send(RequestTo(server.url()));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status, 307);
}

TEST(HttpPoster, TakesTheStatusOfAReceiverThatTalksOn) {
  OneAnswer server("HTTP/1.1 200 OK\r\n\r\n" + std::string(600'000, 'x'));
  HttpPoster poster;
  const auto answer = poster.Send(RequestTo(server.url()));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status, 200);
}

TEST(HttpPoster, SaysWhatFailedWithoutTheAddress) {
  HttpPoster poster;
  const absl::Status refused = poster.Send(RequestTo("http://127.0.0.1:1/hook?key=k")).status();
  EXPECT_TRUE(absl::IsUnavailable(refused)) << refused;
  EXPECT_THAT(std::string(refused.message()),
              AllOf(Not(HasSubstr("127.0.0.1")), Not(HasSubstr("key"))));
}

TEST(HttpPoster, GivesUpAtTheDeadline) {
  OneAnswer server("");
  HttpPoster poster;
  HttpRequest request = RequestTo(server.url());
  request.timeout_ms = 50;
  EXPECT_TRUE(absl::IsDeadlineExceeded(poster.Send(request).status()));
}

TEST(HttpPoster, EndsAtOnceWhenItIsAborted) {
  OneAnswer server("");
  HttpPoster poster;
  std::thread stopper([&] {
    server.WaitUntilAsked();
    poster.Abort();
  });
  EXPECT_TRUE(absl::IsCancelled(poster.Send(RequestTo(server.url())).status()));
  stopper.join();
  EXPECT_TRUE(absl::IsCancelled(poster.Send(RequestTo(server.url())).status()));
}

}  // namespace
}  // namespace trigpoint
