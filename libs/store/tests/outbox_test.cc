#include "trigpoint/store/outbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include "full_at.h"
#include "temp_dir.h"

namespace trigpoint {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kDesk[] = "duty-desk";

OutboxMessage Message(const std::string& id) {
  return {.sequence = 0,
          .id = id,
          .alert_id = "alert-" + id,
          .provider = "providers/p",
          .queued_us = 7,
          .body = "{\"n\":\"" + id + std::string(1, '\0') + "\"}"};
}

OutboxProgress At(int64_t next) {
  return {.log_id = "log",
          .next = {next, -1},
          .open_until = {3, 4},
          .last_digest_us = 99,
          .away = false};
}

class OutboxTest : public ::testing::Test {
 protected:
  void SetUp() override { Open(); }

  void Open() {
    outbox_.reset();
    auto opened = Outbox::Open({.directory = dir_ / "outbox", .env = &env_});
    ASSERT_TRUE(opened.ok()) << opened.status();
    outbox_ = *std::move(opened);
  }

  absl::Status Queue(const std::vector<std::string>& ids, const std::string& endpoint = kDesk) {
    OutboxChange change;
    change.progress = At(static_cast<int64_t>(++queued_));
    for (const auto& id : ids) change.messages.push_back(Message(id));
    return outbox_->Apply(endpoint, change);
  }

  OutboxMessage Front(const std::string& endpoint = kDesk) {
    const auto front = outbox_->Front(endpoint);
    EXPECT_TRUE(front.ok()) << front.status();
    return front.ok() && front->has_value() ? **front : OutboxMessage{};
  }

  OutboxCounts Counts(const std::string& endpoint = kDesk) {
    const auto counts = outbox_->Counts(endpoint);
    EXPECT_TRUE(counts.ok()) << counts.status();
    return counts.value_or(OutboxCounts{});
  }

  std::vector<std::string> DeadIds() {
    std::vector<std::string> ids;
    const auto letters = outbox_->DeadLetters(kDesk, SIZE_MAX);
    EXPECT_TRUE(letters.ok()) << letters.status();
    for (const auto& letter : letters.value_or(std::vector<OutboxDeadLetter>{}))
      ids.push_back(letter.message.id);
    return ids;
  }

  const TempDir dir_;
  FaultEnv env_;
  std::unique_ptr<Outbox> outbox_;
  size_t queued_ = 0;
};

TEST_F(OutboxTest, IsEmptyForAnEndpointThatWasNeverChanged) {
  EXPECT_FALSE(outbox_->Progress(kDesk)->has_value());
  EXPECT_FALSE(outbox_->Front(kDesk)->has_value());
  EXPECT_EQ(Counts().waiting, 0U);
  EXPECT_THAT(*outbox_->Endpoints(), IsEmpty());
}

TEST_F(OutboxTest, GivesMessagesInTheirOrderWithTheirBytesAndTheCheckpointThatCoversThem) {
  ASSERT_TRUE(Queue({"a", "b"}).ok());
  ASSERT_TRUE(Queue({"c"}).ok());
  ASSERT_TRUE(Queue({"x"}, "other").ok());
  for (int opened = 0; opened < 2; ++opened) {
    EXPECT_EQ(**outbox_->Progress(kDesk), At(2));
    EXPECT_EQ(Counts().waiting, 3U);
    EXPECT_EQ(Front().id, "a");
    EXPECT_EQ(Front().body, Message("a").body);
    EXPECT_EQ(Front().queued_us, 7);
    EXPECT_THAT(*outbox_->Endpoints(), ElementsAre(kDesk, "other"));
    Open();
  }
  for (const char* id : {"a", "b", "c"}) {
    EXPECT_EQ(Front().id, id);
    ASSERT_TRUE(outbox_->Delivered(kDesk, Front().sequence).ok());
  }
  EXPECT_FALSE(outbox_->Front(kDesk)->has_value());
  Open();
  EXPECT_EQ(Counts().delivered, 3U);
  EXPECT_EQ(Front("other").id, "x");
}

TEST_F(OutboxTest, CountsAMessageOnceHoweverOftenItIsSaidToBeDelivered) {
  ASSERT_TRUE(Queue({"a"}).ok());
  const uint64_t sequence = Front().sequence;
  EXPECT_TRUE(outbox_->Delivered(kDesk, sequence).ok());
  EXPECT_TRUE(outbox_->Delivered(kDesk, sequence).ok());
  EXPECT_TRUE(outbox_->Bury(kDesk, sequence, {.reason = "late"}).ok());
  EXPECT_EQ(Counts().delivered, 1U);
  EXPECT_EQ(Counts().dead, 0U);
  // Nor is its place ever given to another.
  ASSERT_TRUE(Queue({"b"}).ok());
  EXPECT_GT(Front().sequence, sequence);
}

TEST_F(OutboxTest, KeepsDeadLettersWithTheirReasonAndQueuesThemAgainInTheirOrder) {
  ASSERT_TRUE(Queue({"a", "b", "c"}).ok());
  for (int i = 0; i < 2; ++i) {
    const OutboxFailure failure{.reason = "HTTP 410", .attempts = 3, .failed_us = 55};
    ASSERT_TRUE(outbox_->Bury(kDesk, Front().sequence, failure).ok());
  }
  Open();
  EXPECT_THAT(DeadIds(), ElementsAre("a", "b"));
  EXPECT_EQ(outbox_->DeadLetters(kDesk, 1)->front().failure.reason, "HTTP 410");
  EXPECT_EQ(outbox_->DeadLetters(kDesk, 1)->front().failure.attempts, 3U);
  EXPECT_EQ(Counts().waiting, 1U);
  EXPECT_EQ(Counts().dead, 2U);

  EXPECT_EQ(*outbox_->Revive(kDesk, "b", 70), 1);
  EXPECT_EQ(*outbox_->Revive(kDesk, "unknown", 71), 0);
  EXPECT_EQ(*outbox_->Revive(kDesk, "", 72), 1);
  EXPECT_THAT(DeadIds(), IsEmpty());
  for (const char* id : {"c", "b", "a"}) {
    EXPECT_EQ(Front().id, id);
    EXPECT_EQ(Front().body, Message(id).body);
    ASSERT_TRUE(outbox_->Delivered(kDesk, Front().sequence).ok());
  }
}

TEST_F(OutboxTest, KeepsNotesAndWhatWasToldUntilTheyAreTakenBack) {
  OutboxChange change;
  change.notes = {{.sequence = 0, .stream_id = "s1", .alert_id = "a1"},
                  {.sequence = 0, .stream_id = "s2", .alert_id = "a2"}};
  change.told = {"r2", "r1"};
  ASSERT_TRUE(outbox_->Apply(kDesk, change).ok());
  Open();
  const auto notes = *outbox_->Notes(kDesk, SIZE_MAX);
  ASSERT_THAT(notes, SizeIs(2));
  EXPECT_EQ(notes[0].stream_id, "s1");
  EXPECT_EQ(notes[1].alert_id, "a2");
  EXPECT_THAT(*outbox_->Notes(kDesk, 1), SizeIs(1));
  EXPECT_THAT(*outbox_->Told(kDesk), ElementsAre("r1", "r2"));
  EXPECT_THAT(*outbox_->Told("other"), IsEmpty());

  OutboxChange digest;
  digest.notes_told = {notes[0].sequence};
  digest.told = {"r3"};
  digest.told_no_more = {"r1"};
  ASSERT_TRUE(outbox_->Apply(kDesk, digest).ok());
  EXPECT_THAT(*outbox_->Notes(kDesk, SIZE_MAX), SizeIs(1));
  EXPECT_THAT(*outbox_->Told(kDesk), ElementsAre("r2", "r3"));
}

TEST_F(OutboxTest, RefusesANameThatCannotBeAKey) {
  EXPECT_TRUE(absl::IsInvalidArgument(outbox_->Apply("", {})));
  EXPECT_TRUE(absl::IsInvalidArgument(outbox_->Front(std::string("a\0b", 3)).status()));
}

TEST_F(OutboxTest, RefusesADirectoryOfAnotherProgramAndASecondOwner) {
  const auto second = Outbox::Open({.directory = dir_ / "outbox"});
  EXPECT_TRUE(absl::IsFailedPrecondition(second.status())) << second.status();

  rocksdb::Options options;
  options.create_if_missing = true;
  rocksdb::DB* raw = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open(options, dir_ / "foreign", &raw).ok());
  ASSERT_TRUE(raw->Put({}, "k", "v").ok());
  delete raw;
  const auto foreign = Outbox::Open({.directory = dir_ / "foreign"});
  EXPECT_TRUE(absl::IsFailedPrecondition(foreign.status())) << foreign.status();
}

TEST_F(OutboxTest, SaysWhichEndpointHasARowThatCannotBeRead) {
  ASSERT_TRUE(Queue({"a"}).ok());
  ASSERT_TRUE(outbox_->Close().ok());
  outbox_.reset();
  rocksdb::DB* raw = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open({}, dir_ / "outbox", &raw).ok());
  std::unique_ptr<rocksdb::Iterator> rows(raw->NewIterator({}));
  for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
    if (!rows->key().starts_with("m")) continue;
    ASSERT_TRUE(raw->Put({}, rows->key(), rows->value().ToString() + "x").ok());
  }
  rows.reset();
  delete raw;
  Open();
  const absl::Status read = outbox_->Front(kDesk).status();
  EXPECT_TRUE(absl::IsDataLoss(read));
  EXPECT_THAT(std::string(read.message()), HasSubstr(kDesk));
}

class OutboxFullAt : public OutboxTest, public ::testing::WithParamInterface<FullAt> {
 protected:
  void Free() {
    for (const FullAt& at : kFullAt) env_.SetFault(at.files, FaultEnv::Fault::kNone);
    env_.SetFreeSpace(std::nullopt);
  }
};

TEST_P(OutboxFullAt, LosesNothingAndGoesOnWhenThereIsRoom) {
  std::vector<std::string> expected;
  for (int round = 0; round < 3; ++round) {
    const std::string id = "id-" + std::to_string(round);
    ASSERT_TRUE(Queue({id}).ok());
    expected.push_back(id);
    env_.SetFault(GetParam().files, GetParam().fault);
    env_.SetFreeSpace(0);
    // Tables and manifests are written only by a flush: there, the write itself goes through.
    const std::string more = "more-" + std::to_string(round);
    if (Queue({more}).ok()) expected.push_back(more);
    EXPECT_EQ(Front().id, "id-0") << "reading goes on";
    Free();
    const auto progress = outbox_->Progress(kDesk);
    ASSERT_TRUE(progress.ok()) << progress.status();
    // What was refused may have come back; the progress, read again, says so.
    if (expected.back() != more && (*progress)->next[0] == static_cast<int64_t>(queued_)) {
      expected.push_back(more);
    }
  }
  Open();
  EXPECT_EQ(Counts().waiting, expected.size());
  for (const auto& id : expected) {
    EXPECT_EQ(Front().id, id);
    ASSERT_TRUE(outbox_->Delivered(kDesk, Front().sequence).ok());
  }
}

INSTANTIATE_TEST_SUITE_P(, OutboxFullAt, ::testing::ValuesIn(kFullAt), NameOf);

}  // namespace
}  // namespace trigpoint
