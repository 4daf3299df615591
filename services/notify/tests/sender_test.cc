#include "services/notify/sender.h"

#include <gmock/gmock.h>

#include <deque>

#include "temp_dir.h"

namespace trigpoint {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr char kDesk[] = "duty-desk";

std::string HeaderOf(const HttpRequest& request, const std::string& name) {
  for (const auto& header : request.headers) {
    if (header.starts_with(name + ": ")) return header.substr(name.size() + 2);
  }
  return "";
}

/// A receiver that answers as told, 200 when it was told nothing.
class Receiver {
 public:
  absl::StatusOr<HttpAnswer> Take(const HttpRequest& request) {
    const absl::MutexLock lock(&mu_);
    requests_.push_back(request);
    if (answers_.empty()) return HttpAnswer{.status = 200};
    const absl::StatusOr<HttpAnswer> answer = answers_.front();
    answers_.pop_front();
    return answer;
  }
  void Answer(const absl::StatusOr<HttpAnswer>& answer, int times = 1) {
    const absl::MutexLock lock(&mu_);
    for (int i = 0; i < times; ++i) answers_.push_back(answer);
  }
  /// Waits for so many attempts, and gives the ids of all.
  std::vector<std::string> IdsOf(size_t attempts) {
    const absl::MutexLock lock(&mu_);
    const auto there = [this, attempts] {
      mu_.AssertHeld();
      return requests_.size() >= attempts;
    };
    EXPECT_TRUE(mu_.AwaitWithTimeout(absl::Condition(&there), absl::Seconds(30)));
    std::vector<std::string> ids;
    for (const auto& request : requests_) ids.push_back(HeaderOf(request, "webhook-id"));
    return ids;
  }
  std::vector<HttpRequest> Requests() {
    const absl::MutexLock lock(&mu_);
    return requests_;
  }

 private:
  absl::Mutex mu_;
  std::vector<HttpRequest> requests_ ABSL_GUARDED_BY(mu_);
  std::deque<absl::StatusOr<HttpAnswer>> answers_ ABSL_GUARDED_BY(mu_);
};

class SenderTest : public testing::Test {
 protected:
  SenderTest() {
    auto opened = Outbox::Open({.directory = directory_ / "outbox"});
    EXPECT_TRUE(opened.ok()) << opened.status();
    outbox_ = *std::move(opened);
  }

  std::unique_ptr<Sender> NewSender() {
    SenderOptions options;
    options.name = kDesk;
    options.url = "https://desk.example/hook";
    options.keys = {std::string(32, 'k')};
    options.give_up_after = kMicrosPerHour;
    options.back_off = {.min = 1, .max = 2};
    options.now_us = [this] { return now_us_.load(); };
    options.post = [this](const HttpRequest& request) { return receiver_.Take(request); };
    auto sender = std::make_unique<Sender>(outbox_.get(), metrics_.get(), std::move(options));
    sender->Start();
    return sender;
  }

  void Queue(const std::vector<std::string>& ids) {
    OutboxChange change;
    for (const auto& id : ids) {
      change.messages.push_back({.sequence = 0,
                                 .id = id,
                                 .alert_id = id,
                                 .provider = "providers/p",
                                 .queued_us = now_us_.load(),
                                 .body = "{\"id\":\"" + id + "\"}"});
    }
    ASSERT_TRUE(outbox_->Apply(kDesk, change).ok());
  }

  /// Waits until the queue is empty, which is after the last attempt was answered.
  OutboxCounts AwaitEmpty() {
    OutboxCounts counts;
    const absl::Time until = absl::Now() + absl::Seconds(30);
    do {
      counts = *outbox_->Counts(kDesk);
    } while (counts.waiting > 0 && absl::Now() < until);
    EXPECT_EQ(counts.waiting, 0U);
    return counts;
  }

  const TempDir directory_;
  std::unique_ptr<Outbox> outbox_;
  std::unique_ptr<Metrics> metrics_ = *Metrics::Start("");
  std::atomic<Micros> now_us_{1'767'225'600'000'000};
  Receiver receiver_;
};

TEST_F(SenderTest, SignsWhatItSends) {
  Queue({"a"});
  const auto sender = NewSender();
  EXPECT_THAT(receiver_.IdsOf(1), ElementsAre("a"));
  const HttpRequest request = receiver_.Requests()[0];
  EXPECT_EQ(request.body, "{\"id\":\"a\"}");
  EXPECT_EQ(HeaderOf(request, "webhook-timestamp"), "1767225600");
  EXPECT_EQ(HeaderOf(request, "Content-Type"), "application/json");
  EXPECT_THAT(HeaderOf(request, "webhook-signature"), HasSubstr("v1,"));
}

TEST_F(SenderTest, SendsNothingBeforeTheOneInFrontWasTaken) {
  receiver_.Answer(HttpAnswer{.status = 500}, 2);
  receiver_.Answer(absl::UnavailableError("refused"));
  receiver_.Answer(HttpAnswer{.status = 429});
  Queue({"a", "b"});
  const auto sender = NewSender();
  EXPECT_THAT(receiver_.IdsOf(6), ElementsAre("a", "a", "a", "a", "a", "b"));
  AwaitEmpty();
  Queue({"c"});
  sender->Wake();
  EXPECT_THAT(receiver_.IdsOf(7), SizeIs(7));
  const OutboxCounts counts = AwaitEmpty();
  EXPECT_EQ(counts.delivered, 3U);
  EXPECT_EQ(counts.dead, 0U);
  EXPECT_EQ(metrics_->WebhookFailedAttempts(kDesk).Value(), 4U);
  for (const auto& request : receiver_.Requests()) {
    EXPECT_THAT(request.body, HasSubstr(HeaderOf(request, "webhook-id")));
  }
}

TEST_F(SenderTest, MakesADeadLetterOfWhatIsRefusedAndGoesOn) {
  receiver_.Answer(HttpAnswer{.status = 500});
  receiver_.Answer(HttpAnswer{.status = 410});
  Queue({"a", "b"});
  const auto sender = NewSender();
  EXPECT_THAT(receiver_.IdsOf(3), ElementsAre("a", "a", "b"));
  const OutboxCounts counts = AwaitEmpty();
  EXPECT_EQ(counts.delivered, 1U);
  const auto letters = *outbox_->DeadLetters(kDesk, 10);
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_EQ(letters[0].message.id, "a");
  EXPECT_EQ(letters[0].failure.reason, "HTTP 410");
  EXPECT_EQ(letters[0].failure.attempts, 2U);

  ASSERT_EQ(*outbox_->Revive(kDesk, "", now_us_.load()), 1);
  sender->TryNow();
  EXPECT_THAT(receiver_.IdsOf(4), ElementsAre("a", "a", "b", "a"));
  EXPECT_EQ(AwaitEmpty().dead, 0U);
  EXPECT_EQ(receiver_.Requests()[0].body, receiver_.Requests()[3].body);
}

TEST_F(SenderTest, GivesUpWhatWasTriedInVainForTooLong) {
  receiver_.Answer(HttpAnswer{.status = 503, .retry_after = kMicrosPerHour}, 3);
  Queue({"a"});
  const auto sender = NewSender();
  receiver_.IdsOf(1);
  while (sender->Status().failed == 0) {
  }
  now_us_ += kMicrosPerHour;
  Queue({"b"});
  sender->TryNow();
  EXPECT_THAT(receiver_.IdsOf(3), ElementsAre("a", "a", "b"));
  const auto letters = *outbox_->DeadLetters(kDesk, 10);
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_EQ(letters[0].message.id, "a");
  EXPECT_EQ(letters[0].failure.reason, "HTTP 503; given up");
  EXPECT_EQ((*outbox_->Front(kDesk))->id, "b") << "it was queued only now";
}

TEST_F(SenderTest, TriesWhatWaitedWhileNoNodeRan) {
  Queue({"a"});
  now_us_ += 100 * kMicrosPerHour;
  receiver_.Answer(HttpAnswer{.status = 503}, 2);
  const auto sender = NewSender();
  EXPECT_THAT(receiver_.IdsOf(3), ElementsAre("a", "a", "a"));
  EXPECT_EQ(AwaitEmpty().delivered, 1U);
}

TEST_F(SenderTest, SaysHowTheMessageInFrontIsDoing) {
  receiver_.Answer(HttpAnswer{.status = 503, .retry_after = kMicrosPerHour});
  Queue({"a"});
  const auto sender = NewSender();
  receiver_.IdsOf(1);
  SenderStatus status;
  while (status.failed == 0) status = sender->Status();
  EXPECT_EQ(status.last_error, "HTTP 503");
  EXPECT_EQ(status.next_attempt_us, now_us_.load() + kMicrosPerHour);
  sender->TryNow();
  AwaitEmpty();
  while (!sender->Status().last_error.empty()) {
  }
  EXPECT_EQ(sender->Status().failed, 0U);
}

TEST_F(SenderTest, LeavesWhatWasNotTakenToTheNextStart) {
  receiver_.Answer(HttpAnswer{.status = 503, .retry_after = kMicrosPerHour});
  Queue({"a", "b"});
  {
    const auto sender = NewSender();
    receiver_.IdsOf(1);
  }
  EXPECT_EQ(outbox_->Counts(kDesk)->waiting, 2U);
  const auto sender = NewSender();
  EXPECT_THAT(receiver_.IdsOf(3), ElementsAre("a", "a", "b"));
  EXPECT_EQ(AwaitEmpty().delivered, 2U);
}

}  // namespace
}  // namespace trigpoint
