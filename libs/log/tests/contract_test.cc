// What every event log must do, whatever it is made of. A backend joins in log_backend.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <map>
#include <mutex>
#include <ostream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "log_backend.h"
#include "trigpoint/log/event_log.h"

namespace trigpoint {

std::ostream& operator<<(std::ostream& out, const LogBackendTraits& traits) {
  return out << traits.name;
}

namespace {

constexpr uint32_t kPartitions = 3;
constexpr absl::Duration kPatience = absl::Seconds(60);

class LogContract : public testing::TestWithParam<LogBackendTraits> {
 protected:
  void SetUp() override {
    if (!GetParam().missing.empty()) GTEST_SKIP() << GetParam().name << " " << GetParam().missing;
    backend_ = GetParam().make(kPartitions);
  }
  EventLog& log() { return backend_->log(); }

  int64_t Append(uint32_t partition, std::vector<std::string> values) {
    const absl::StatusOr<Position> first = AppendAndWait(log(), partition, std::move(values));
    EXPECT_TRUE(first.ok()) << first.status();
    if (!first.ok()) return -1;
    EXPECT_EQ(first->partition, partition);
    return first->offset;
  }

  std::unique_ptr<LogReader> ReaderAt(std::vector<Position> next) {
    std::unique_ptr<LogReader> reader = log().NewReader();
    const absl::Status assigned = reader->Assign(std::move(next));
    EXPECT_TRUE(assigned.ok()) << assigned;
    return reader;
  }

  static std::vector<Record> PollSome(LogReader& reader, size_t count, size_t max_records = 100) {
    std::vector<Record> all;
    while (all.size() < count) {
      absl::StatusOr<std::vector<Record>> some = reader.Poll(max_records, kPatience);
      if (!some.ok() || some->empty()) {
        ADD_FAILURE() << "only " << all.size() << " records came: " << some.status();
        break;
      }
      EXPECT_LE(some->size(), max_records);
      for (Record& record : *some) all.push_back(std::move(record));
    }
    return all;
  }

  std::unique_ptr<LogBackend> backend_;
};

TEST_P(LogContract, CountsOffsetsFromZeroInEachPartition) {
  EXPECT_EQ(log().partitions(), kPartitions);
  EXPECT_EQ(Append(0, {"a", "b"}), 0);
  EXPECT_EQ(Append(1, {"c"}), 0);
  EXPECT_EQ(Append(0, {"d"}), 2);
  EXPECT_EQ(*log().HeadOffset(0), 3);
  EXPECT_EQ(*log().HeadOffset(1), 1);
  EXPECT_EQ(*log().HeadOffset(2), 0);
  EXPECT_EQ(*log().FirstOffset(0), 0);
}

TEST_P(LogContract, ReadsInOrderWithoutGaps) {
  for (int i = 0; i < 500; ++i)
    Append(static_cast<uint32_t>(i) % kPartitions, {absl::StrCat("event ", i)});
  std::unique_ptr<LogReader> reader = ReaderAt({{0, 0}, {1, 0}, {2, 0}});
  std::map<uint32_t, int64_t> next;
  for (const Record& record : PollSome(*reader, 500, 7)) {
    const int64_t offset = next[record.position.partition]++;
    EXPECT_EQ(record.position.offset, offset);
    EXPECT_EQ(record.value,
              absl::StrCat("event ", offset * kPartitions + record.position.partition));
  }
}

TEST_P(LogContract, KeepsTheBatchesOfConcurrentAppendersWhole) {
  constexpr int kAppenders = 4;
  constexpr int kBatches = 40;
  constexpr int kBatchRecords = 5;
  std::vector<std::thread> appenders;
  for (int appender = 0; appender < kAppenders; ++appender) {
    appenders.emplace_back([this, appender] {
      for (int batch = 0; batch < kBatches; ++batch) {
        std::vector<std::string> values;
        for (int i = 0; i < kBatchRecords; ++i)
          values.push_back(absl::StrCat(appender, "/", batch, "/", i));
        const int64_t first = Append(1, values);
        EXPECT_EQ(first % kBatchRecords, 0);
      }
    });
  }
  for (std::thread& appender : appenders) appender.join();

  constexpr size_t kTotal = kAppenders * kBatches * kBatchRecords;
  std::unique_ptr<LogReader> reader = ReaderAt({{1, 0}});
  const std::vector<Record> records = PollSome(*reader, kTotal);
  ASSERT_EQ(records.size(), kTotal);
  std::map<std::string, int> next_batch;
  for (size_t i = 0; i < kTotal; i += kBatchRecords) {
    const std::string appender = records[i].value.substr(0, 1);
    const int batch = next_batch[appender]++;
    for (size_t k = 0; k < kBatchRecords; ++k) {
      EXPECT_EQ(records[i + k].value, absl::StrCat(appender, "/", batch, "/", k));
      EXPECT_EQ(records[i + k].position.offset, static_cast<int64_t>(i + k));
    }
  }
}

TEST_P(LogContract, ShowsARecordBeforeItIsAcknowledged) {
  std::atomic<int> seen = 0;
  std::promise<void> last;
  for (int i = 0; i < 50; ++i) {
    log().Append(0, {absl::StrCat(i)}, [&, i](absl::StatusOr<Position> first) {
      ASSERT_TRUE(first.ok());
      EXPECT_GT(log().HeadOffset(0).value_or(-1), first->offset);
      std::unique_ptr<LogReader> reader = log().NewReader();
      ASSERT_TRUE(reader->Assign({*first}).ok());
      const absl::StatusOr<std::vector<Record>> records = reader->Poll(1, absl::ZeroDuration());
      ASSERT_TRUE(records.ok());
      ASSERT_EQ(records->size(), 1U);
      EXPECT_EQ(records->front().value, absl::StrCat(i));
      if (++seen == 50) last.set_value();
    });
  }
  last.get_future().wait();
}

TEST_P(LogContract, AnswersTheAppendsOfOneCallerInTheirOrder) {
  std::mutex mutex;
  std::vector<int64_t> firsts;
  std::promise<void> last;
  for (int i = 0; i < 100; ++i) {
    log().Append(2, {"x"}, [&](absl::StatusOr<Position> first) {
      const std::lock_guard lock(mutex);
      firsts.push_back(first.value_or(Position{2, -1}).offset);
      if (firsts.size() == 100) last.set_value();
    });
  }
  last.get_future().wait();
  const std::lock_guard lock(mutex);
  for (size_t i = 0; i < firsts.size(); ++i) EXPECT_EQ(firsts[i], static_cast<int64_t>(i));
}

TEST_P(LogContract, LetsACallbackAppend) {
  std::promise<absl::StatusOr<Position>> second;
  log().Append(0, {"one"}, [&](const absl::StatusOr<Position>&) {
    log().Append(0, {"two"},
                 [&](absl::StatusOr<Position> first) { second.set_value(std::move(first)); });
  });
  EXPECT_EQ(second.get_future().get().value_or(Position{}).offset, 1);
}

TEST_P(LogContract, ReadsFromAnyOffset) {
  std::vector<std::string> values;
  for (int i = 0; i < 300; ++i) values.push_back(absl::StrCat(i, std::string(100, '.')));
  Append(0, values);
  for (const int64_t from : {0, 1, 17, 150, 298, 299}) {
    std::unique_ptr<LogReader> reader = ReaderAt({{0, from}});
    const std::vector<Record> records = PollSome(*reader, static_cast<size_t>(300 - from));
    ASSERT_EQ(records.size(), static_cast<size_t>(300 - from));
    EXPECT_EQ(records.front().position, (Position{0, from}));
    EXPECT_EQ(records.front().value, values[static_cast<size_t>(from)]);
    EXPECT_EQ(records.back().value, values.back());
  }
}

TEST_P(LogContract, KeepsTwoReadersApart) {
  Append(0, {"a", "b", "c"});
  std::unique_ptr<LogReader> one = ReaderAt({{0, 0}});
  std::unique_ptr<LogReader> two = ReaderAt({{0, 1}});
  EXPECT_EQ(PollSome(*one, 1, 1).front().value, "a");
  EXPECT_EQ(PollSome(*two, 1, 1).front().value, "b");
  EXPECT_EQ(PollSome(*one, 1, 1).front().value, "b");
  EXPECT_EQ(PollSome(*two, 1, 1).front().value, "c");
}

TEST_P(LogContract, ReplacesAnAssignment) {
  Append(0, {"a", "b"});
  Append(1, {"c"});
  std::unique_ptr<LogReader> reader = ReaderAt({{0, 0}, {1, 0}});
  PollSome(*reader, 3);
  ASSERT_TRUE(reader->Assign({{0, 1}}).ok());
  EXPECT_EQ(PollSome(*reader, 1).front().value, "b");
  EXPECT_TRUE(reader->Poll(10, absl::ZeroDuration())->empty());
}

TEST_P(LogContract, RefusesToAssignWhatDoesNotExist) {
  Append(0, {"a"});
  std::unique_ptr<LogReader> reader = ReaderAt({{0, 0}});
  EXPECT_EQ(reader->Assign({{0, 2}}).code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(reader->Assign({{0, -1}}).code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(reader->Assign({{kPartitions, 0}}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(reader->Assign({{0, 0}, {0, 1}}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(PollSome(*reader, 1).front().value, "a");
  EXPECT_TRUE(reader->Assign({{0, 1}}).ok()) << "the head itself is where new records will come";
}

TEST_P(LogContract, ServesEveryPartitionInTurn) {
  Append(0, std::vector<std::string>(50, "busy"));
  Append(1, {"quiet"});
  std::unique_ptr<LogReader> reader = ReaderAt({{0, 0}, {1, 0}});
  bool quiet_seen = false;
  for (int poll = 0; poll < 3; ++poll) {
    for (const Record& record : PollSome(*reader, 1, 5)) quiet_seen |= record.value == "quiet";
  }
  EXPECT_TRUE(quiet_seen);
}

TEST_P(LogContract, AnswersAnEmptyPollWhenCaughtUp) {
  Append(0, {"a"});
  std::unique_ptr<LogReader> reader = ReaderAt({{0, 1}, {1, 0}});
  const absl::StatusOr<std::vector<Record>> records = reader->Poll(10, absl::Milliseconds(1));
  ASSERT_TRUE(records.ok());
  EXPECT_TRUE(records->empty());
  EXPECT_TRUE(log().NewReader()->Poll(10, absl::ZeroDuration())->empty()) << "nothing assigned";
}

TEST_P(LogContract, WakesAWaitingPoll) {
  std::unique_ptr<LogReader> reader = ReaderAt({{2, 0}});
  std::future<std::vector<Record>> polled =
      std::async(std::launch::async, [&] { return PollSome(*reader, 1); });
  Append(2, {"news"});
  EXPECT_EQ(polled.get().front().value, "news");
}

TEST_P(LogContract, GivesTheDigestOfARecord) {
  Append(0, {"", "first", std::string(10000, 'x')});
  EXPECT_EQ(*log().DigestAt({0, 0}), DigestOf(""));
  EXPECT_EQ(*log().DigestAt({0, 1}), DigestOf("first"));
  EXPECT_EQ(*log().DigestAt({0, 2}), DigestOf(std::string(10000, 'x')));
  EXPECT_EQ(log().DigestAt({0, 3}).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(log().DigestAt({0, -1}).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(log().DigestAt({9, 0}).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_P(LogContract, TellsATruncatedOrReplacedLogFromACheckpoint) {
  Append(0, {"a", "b"});
  EXPECT_TRUE(VerifyCheckpoint(log(), {0, 2}, DigestOf("b")).ok());
  EXPECT_TRUE(VerifyCheckpoint(log(), {0, 1}, DigestOf("a")).ok());
  EXPECT_TRUE(VerifyCheckpoint(log(), {1, 0}, Digest{}).ok());
  EXPECT_EQ(VerifyCheckpoint(log(), {0, 3}, DigestOf("c")).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(VerifyCheckpoint(log(), {0, 2}, DigestOf("x")).code(), absl::StatusCode::kDataLoss);
}

TEST_P(LogContract, RefusesAppendsThatCannotBe) {
  EXPECT_EQ(AppendAndWait(log(), kPartitions, {"a"}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(AppendAndWait(log(), 0, {}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(log().HeadOffset(kPartitions).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(log().FirstOffset(kPartitions).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_P(LogContract, StoresAnyBytes) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
  Append(0, {bytes, "", bytes + bytes});
  std::unique_ptr<LogReader> reader = ReaderAt({{0, 0}});
  const std::vector<Record> records = PollSome(*reader, 3);
  EXPECT_EQ(records[0].value, bytes);
  EXPECT_EQ(records[1].value, "");
  EXPECT_EQ(records[2].value, bytes + bytes);
}

TEST_P(LogContract, FindsEverythingAfterReopening) {
  if (!GetParam().durable)
    GTEST_SKIP() << GetParam().name << " keeps nothing after it is closed (needs: durable)";
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 20; ++i)
      EXPECT_EQ(Append(1, {absl::StrCat(round * 20 + i)}), round * 20 + i);
    backend_->Reopen();
    EXPECT_EQ(*log().HeadOffset(1), (round + 1) * 20);
    std::unique_ptr<LogReader> reader = ReaderAt({{1, 0}});
    const std::vector<Record> records = PollSome(*reader, static_cast<size_t>(round + 1) * 20);
    for (size_t i = 0; i < records.size(); ++i) EXPECT_EQ(records[i].value, absl::StrCat(i));
  }
}

TEST_P(LogContract, PushesBackWhenItsQueueIsFull) {
  if (!GetParam().bounded_queue)
    GTEST_SKIP() << GetParam().name << " has no queue (needs: bounded queue)";
  std::promise<void> go;
  const std::shared_future<void> gate = go.get_future().share();
  std::promise<void> blocked;
  log().Append(0, {"first"}, [&blocked, gate](const absl::StatusOr<Position>&) {
    blocked.set_value();
    gate.wait();
  });
  blocked.get_future().wait();

  std::atomic<int> acknowledged = 0;
  std::atomic<int> refused = 0;
  const std::string large(kQueueBytes / 4, 'x');
  for (int i = 0; i < 10; ++i) {
    log().Append(0, {large}, [&](const absl::StatusOr<Position>& first) {
      if (first.ok()) ++acknowledged;
      if (first.status().code() == absl::StatusCode::kResourceExhausted) ++refused;
    });
  }
  EXPECT_EQ(refused, 7) << "refusals come at once, while the queue is still blocked";
  EXPECT_EQ(acknowledged, 0);
  go.set_value();
  EXPECT_EQ(Append(0, {"room again"}), 4);
  EXPECT_EQ(acknowledged, 3);
  EXPECT_EQ(AppendAndWait(log(), 0, {std::string(kQueueBytes, 'x')}).status().code(),
            absl::StatusCode::kInvalidArgument)
      << "a batch that can never fit is not worth a retry";
}

TEST_P(LogContract, AnswersEveryAppendWhenClosedUnderWay) {
  constexpr int kAppends = 400;
  std::atomic<int> answers = 0;
  std::atomic<int> acknowledged = 0;
  std::promise<void> under_way;
  std::thread appender([&] {
    for (int i = 0; i < kAppends; ++i) {
      log().Append(0, {absl::StrCat(i)}, [&](const absl::StatusOr<Position>& first) {
        ++answers;
        if (first.ok()) ++acknowledged;
      });
      if (i == 20) under_way.set_value();
    }
  });
  under_way.get_future().wait();
  EXPECT_TRUE(log().Close().ok());
  appender.join();
  EXPECT_EQ(answers, kAppends);
  EXPECT_EQ(*log().HeadOffset(0), acknowledged);
  EXPECT_EQ(AppendAndWait(log(), 0, {"late"}).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(log().Close().ok()) << "closing twice is harmless";
  if (!GetParam().durable) return;
  backend_->Reopen();
  EXPECT_EQ(*log().HeadOffset(0), acknowledged);
}

TEST_P(LogContract, WakesReadersWhenClosed) {
  std::unique_ptr<LogReader> reader = ReaderAt({{0, 0}});
  auto polled =
      std::async(std::launch::async, [&] { return reader->Poll(1, kPatience).status().code(); });
  EXPECT_TRUE(log().Close().ok());
  EXPECT_EQ(polled.get(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(log().Health().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_P(LogContract, SaysWhereABatchBeginsAndEnds) {
  Append(1, {"before"});
  std::promise<absl::StatusOr<Appended>> answer;
  log().Append(1, {"a", "b", "c"},
               [&](absl::StatusOr<Appended> at) { answer.set_value(std::move(at)); });
  const absl::StatusOr<Appended> at = answer.get_future().get();
  ASSERT_TRUE(at.ok()) << at.status();
  EXPECT_EQ(at->first, (Position{1, 1}));
  EXPECT_EQ(at->last, (Position{1, 3}));
}

INSTANTIATE_TEST_SUITE_P(Backends, LogContract, testing::ValuesIn(AllLogBackends()),
                         [](const auto& backend) { return backend.param.name; });

}  // namespace
}  // namespace trigpoint
