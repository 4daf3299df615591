// A log as a cluster has it, copied to other numbers of partitions and back.
#include "trigpoint/engine/log_copy.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "owner.h"
#include "temp_dir.h"
#include "trigpoint/base/status.h"
#include "trigpoint/engine/projector.h"
#include "trigpoint/log/embedded_log.h"
#include "trigpoint/log/fault_log.h"
#include "trigpoint/log/open_log.h"
#include "trigpoint/log/partition.h"

namespace trigpoint {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr uint32_t kManyPartitions = 17;  // 16 of providers, and the control partition.
constexpr uint32_t kFewPartitions = 6;
constexpr int kServices = 24;

v1::Event About(const std::string& stream_id, const std::string& id, int day) {
  v1::Event event;
  event.set_source("home");
  event.set_id(id);
  event.set_source_version(1);
  event.set_stream_id(stream_id);
  event.mutable_subject()->set_scheme("cqc-location");
  event.mutable_subject()->set_value(stream_id);
  SetMicros(kStart + day * kDay, event.mutable_occurred_at());
  SetMicros(kStart + day * kDay, event.mutable_received_at());
  return event;
}

std::string StreamOf(int service) { return "prv-" + std::to_string(service); }

v1::Event NoHolidays(const std::string& id, int year, int effective_day) {
  v1::Event event;
  event.set_source("trigpoint/control");
  event.set_id(id);
  auto* holidays = event.mutable_holidays_published();
  holidays->set_calendar("england-and-wales");
  holidays->set_first_year(year);
  holidays->set_last_year(year);
  SetMicros(kStart + effective_day * kDay, holidays->mutable_effective_from());
  return event;
}

/// A log, and the store that its projector folds it into.
class Source {
 public:
  Source(const TempDir& directory, const std::string& name, uint32_t partitions)
      : log_(*OpenLog({.directory = directory / name, .partitions = partitions})),
        store_(*Store::Open({.directory = directory / (name + ".store")})) {}

  EventLog& log() { return *log_; }
  uint32_t control_partition() const { return log_->partitions() - 1; }

  void AppendTo(uint32_t partition, const v1::Event& event) {
    ASSERT_TRUE(AppendAndWait(*log_, partition, {event.SerializeAsString()}).ok());
  }
  void Tell(v1::Event event) {
    event.set_submission_digest(SubmissionDigest(event));
    AppendTo(PartitionOf(event.stream_id(), control_partition()), event);
  }
  /// To the control partition, then to the others.
  void Publish(const v1::Event& control) {
    for (uint32_t n = 0; n <= control_partition(); ++n)
      AppendTo((n + control_partition()) % log_->partitions(), control);
  }
  /// Runs the owner of the partitions until nothing follows any more from what there is and from
  /// what `meanwhile` appends.
  void Assess(const std::function<void()>& meanwhile = [] {}) {
    auto projector = Projector::Open(log_.get(), store_.get(), {});
    ASSERT_TRUE(projector.ok()) << projector.status();
    ASSERT_EQ((*projector)->CatchUp(), absl::OkStatus());
    ASSERT_EQ((*projector)->Start(), absl::OkStatus());
    meanwhile();
    int64_t before = -1;
    while (Records() != before) {
      before = Records();
      ASSERT_TRUE((*projector)->WaitUntilCaughtUp(60'000));
    }
  }
  int64_t Records() const {
    int64_t records = 0;
    for (uint32_t p = 0; p < log_->partitions(); ++p) records += *log_->HeadOffset(p);
    return records;
  }

  /// Policies, then services of which one follows another, one is loaded as history, one is moved
  /// by a decision.
  void Begin() {
    const Controls controls = BothPacks();
    for (const auto& control : controls.state().controls()) Publish(control);
    for (int service = 0; service < kServices; ++service) {
      const std::string stream = StreamOf(service);
      v1::Event binding;
      binding.set_source("trigpoint/control");
      binding.set_id("binding/" + stream);
      binding.mutable_binding_proposed()->set_proposed_stream_id(stream);
      auto* id = binding.mutable_binding_proposed()->add_ids();
      id->set_scheme("cqc-location");
      id->set_value(stream);
      AppendTo(control_partition(), binding);
      v1::Event registered = About(stream, "registration-" + stream, 0);
      registered.mutable_service_registered()->set_service_type(
          v1::SERVICE_TYPE_CARE_HOME_RESIDENTIAL);
      registered.mutable_service_registered()->add_commissioners("herefordshire-council");
      Tell(registered);
    }
    v1::Event waiting = About("", "waits", 1);
    waiting.set_stream_id("src:home");
    waiting.mutable_incident_reported()->set_physical_harm(v1::HARM_LOW);
    Tell(waiting);
    Assess();
  }
  void Reports(int day) {
    for (int service = 0; service < kServices; ++service) {
      for (int n = 0; n < 3; ++n) {
        v1::Event event = About(StreamOf(service),
                                "incident-" + std::to_string(day) + "-" + std::to_string(n), day);
        event.mutable_incident_reported()->set_physical_harm(n == 2 ? v1::HARM_SEVERE
                                                                    : v1::HARM_LOW);
        Tell(event);
      }
    }
    Assess();
  }
  void LinkAndDecide(int day) {
    v1::Event link = About(StreamOf(1), "link", day);
    link.mutable_service_linked()->set_link(v1::ServiceLinked::LINK_PREDECESSOR);
    link.mutable_service_linked()->set_reason(v1::ServiceLinked::REASON_LOCATION_MOVE);
    link.mutable_service_linked()->mutable_other()->set_scheme("cqc-location");
    link.mutable_service_linked()->mutable_other()->set_value(StreamOf(0));
    Tell(link);
    v1::Event move = About(StreamOf(2), "decision", day);
    move.set_source(std::string(kDecisionSource));
    auto* decision = move.mutable_decision_proposed();
    decision->set_kind(v1::DecisionProposed::KIND_MOVE);
    decision->set_policy_id("herefordshire");
    decision->set_from_state("LEVEL_1");
    decision->set_to_state("LEVEL_2");
    decision->set_override(true);
    decision->set_rationale_code("SEEN");
    decision->set_meeting_id("m-1");
    decision->mutable_actor()->add_roles("TEAM_MANAGER");
    Tell(move);
    v1::Event start = About(StreamOf(3), "backfill", day);
    start.mutable_backfill_started()->set_batch("b");
    Tell(start);
    v1::Event old = About(StreamOf(3), "of-the-past", 3);
    old.mutable_incident_reported()->set_physical_harm(v1::HARM_SEVERE);
    Tell(old);
    v1::Event end = About(StreamOf(3), "backfill-end", day + 1);
    end.mutable_backfill_ended()->set_batch("b");
    Tell(end);
    Assess();
  }

 private:
  std::unique_ptr<EventLog> log_;
  std::unique_ptr<Store> store_;
};

/// How many events of each kind a log holds.
std::map<v1::Event::PayloadCase, int> KindsIn(EventLog* log) {
  std::map<v1::Event::PayloadCase, int> kinds;
  for (uint32_t p = 0; p < log->partitions(); ++p) {
    const auto reader = log->NewReader();
    EXPECT_TRUE(reader->Assign({{p, 0}}).ok());
    for (int64_t next = 0; next < *log->HeadOffset(p);) {
      const auto records = reader->Poll(1000, absl::Seconds(1));
      EXPECT_TRUE(records.ok()) << records.status();
      for (const auto& record : *records) {
        v1::Event event;
        EXPECT_TRUE(event.ParseFromString(record.value));
        ++kinds[event.payload_case()];
        next = record.position.offset + 1;
      }
    }
  }
  return kinds;
}

class LogCopyTest : public testing::Test {
 protected:
  std::unique_ptr<LogCopy> Begin(EventLog* from, EventLog* to, const std::string& name,
                                 size_t batch_records = 50) {
    auto copy = LogCopy::Open({.from = from,
                               .to = to,
                               .checkpoint_file = directory_ / (name + ".copy"),
                               .batch_records = batch_records});
    EXPECT_TRUE(copy.ok()) << copy.status();
    return copy.ok() ? *std::move(copy) : nullptr;
  }
  LogCopyProof CopyAll(EventLog* from, EventLog* to, const std::string& name) {
    const auto copy = Begin(from, to, name);
    const auto copied = copy->Pass(LogCopy::Source::kEnded);
    EXPECT_TRUE(copied.ok()) << copied.status();
    return ProofOf(copy.get(), from, to);
  }
  LogCopyProof ProofOf(LogCopy* copy, EventLog* from, EventLog* to) {
    const auto proof = copy->Prove();
    EXPECT_TRUE(proof.ok()) << proof.status();
    EXPECT_THAT(proof->differences, IsEmpty());
    const auto folds = CompareFolds(from, to, directory_ / "folds", copy->Streams());
    EXPECT_TRUE(folds.ok()) << folds.status();
    EXPECT_THAT(*folds, IsEmpty());
    return *proof;
  }
  /// Whether an owner that folds a log from its beginning finds everything said in it.
  void ExpectNothingToSay(EventLog* log, const std::string& name) {
    int64_t before = 0;
    int64_t after = 0;
    for (uint32_t p = 0; p < log->partitions(); ++p) before += *log->HeadOffset(p);
    const auto store = Store::Open({.directory = directory_ / (name + ".owner")});
    const auto projector = Projector::Open(log, store->get(), {});
    ASSERT_TRUE(projector.ok()) << projector.status();
    ASSERT_EQ((*projector)->CatchUp(), absl::OkStatus());
    for (uint32_t p = 0; p < log->partitions(); ++p) after += *log->HeadOffset(p);
    EXPECT_EQ(after, before) << "the owner said something anew";
  }
  std::unique_ptr<EventLog> Empty(const std::string& name, uint32_t partitions) {
    return *OpenLog({.directory = directory_ / name, .partitions = partitions});
  }

  TempDir directory_;
};

TEST_F(LogCopyTest, ToFewerPartitionsAndBackIsTheSame) {
  Source source(directory_, "from", kManyPartitions);
  source.Begin();
  source.Reports(20);
  source.Publish(NoHolidays("holidays-ahead", 2024, 25));
  source.Reports(30);
  source.LinkAndDecide(40);
  // Every stream is past that day.
  source.Assess([&] { source.Publish(NoHolidays("holidays-late", 2025, 10)); });
  source.Reports(50);
  const auto kinds = KindsIn(&source.log());
  for (const auto kind :
       {v1::Event::kControlTookEffect, v1::Event::kMemoryCarried, v1::Event::kDecisionProposed,
        v1::Event::kRecommendation, v1::Event::kBackfillEnded, v1::Event::kBindingProposed}) {
    EXPECT_TRUE(kinds.contains(kind)) << kind << " is to be copied, too";
  }
  const auto few = Empty("few", kFewPartitions);
  const LogCopyProof there = CopyAll(&source.log(), few.get(), "few");
  ExpectNothingToSay(few.get(), "few");
  const auto many = Empty("many", kManyPartitions);
  const LogCopyProof back = CopyAll(few.get(), many.get(), "many");
  EXPECT_EQ(back.digest, there.digest);
  EXPECT_EQ(back.records, there.records);
  EXPECT_EQ(static_cast<int>(there.controls), 2 + BothPacks().state().controls_size());
  EXPECT_EQ(static_cast<int>(there.streams), kServices + 1);
  for (uint32_t p = 0; p < kManyPartitions; ++p)
    EXPECT_EQ(*many->HeadOffset(p), *source.log().HeadOffset(p)) << p;
  ExpectNothingToSay(many.get(), "many");
}

TEST_F(LogCopyTest, FollowsALogThatGrows) {
  Source source(directory_, "from", kManyPartitions);
  const auto to = Empty("to", kFewPartitions);
  const auto copy = Begin(&source.log(), to.get(), "to");
  const auto pass = [&](LogCopy::Source grows) {
    const auto copied = copy->Pass(grows);
    EXPECT_TRUE(copied.ok()) << copied.status();
    return copied.value_or(0);
  };
  source.Begin();
  EXPECT_GT(pass(LogCopy::Source::kGrows), 0U);
  EXPECT_TRUE(copy->ReadBack().ok());
  EXPECT_EQ(pass(LogCopy::Source::kGrows), 0U);
  // A control event on its way: what stands behind it waits until every partition has it.
  const v1::Event control = NoHolidays("holidays", 2024, 25);
  source.AppendTo(source.control_partition(), control);
  source.AppendTo(0, control);
  source.Reports(30);
  pass(LogCopy::Source::kGrows);
  const auto holidays = [&] { return KindsIn(to.get())[v1::Event::kHolidaysPublished]; };
  EXPECT_EQ(holidays(), 1) << "in the control partition only";
  for (uint32_t p = 1; p < source.control_partition(); ++p) source.AppendTo(p, control);
  source.Assess();
  pass(LogCopy::Source::kGrows);
  EXPECT_EQ(holidays(), static_cast<int>(kFewPartitions));
  source.Reports(40);
  pass(LogCopy::Source::kEnded);
  ProofOf(copy.get(), &source.log(), to.get());
}

TEST_F(LogCopyTest, GoesOnAfterACrashAtAnyAppend) {
  Source source(directory_, "from", kManyPartitions);
  source.Begin();
  source.Reports(20);
  source.Publish(NoHolidays("holidays", 2024, 25));
  source.Reports(30);
  const auto to = Empty("to", kFewPartitions);
  int crashes = 0;
  for (int at = 0;; ++at) {
    FaultPlan plan;
    // Some appends get through, the next is there or not, and nobody is told.
    std::vector<AppendFault> script(static_cast<size_t>(at % 7), AppendFault::kNone);
    script.push_back(at % 2 == 0 ? AppendFault::kLoseAck : AppendFault::kFail);
    plan.Script(script);
    const auto faulty = NewFaultLog(to.get(), &plan);
    const auto copy = Begin(&source.log(), faulty.get(), "to", 5);
    ASSERT_NE(copy, nullptr);
    if (copy->Pass(LogCopy::Source::kEnded).ok()) break;
    ++crashes;
    ASSERT_LT(crashes, 10'000);
  }
  EXPECT_GT(crashes, 10);
  EXPECT_EQ(static_cast<int>(CopyAll(&source.log(), to.get(), "to").controls),
            1 + BothPacks().state().controls_size());
}

TEST_F(LogCopyTest, WritesNothingTwiceWhereTheCheckpointIsFarBehind) {
  Source source(directory_, "from", kManyPartitions);
  source.Begin();
  const auto to = Empty("to", kFewPartitions);
  const std::string checkpoint = directory_ / "to.copy";
  ASSERT_NE(Begin(&source.log(), to.get(), "to"), nullptr);
  std::filesystem::copy_file(checkpoint, directory_ / "first");
  source.Publish(NoHolidays("holidays", 2024, 25));
  source.Reports(30);
  CopyAll(&source.log(), to.get(), "to");
  const auto kinds = KindsIn(to.get());
  std::filesystem::rename(directory_ / "first", checkpoint);
  source.Reports(40);
  CopyAll(&source.log(), to.get(), "to");
  EXPECT_NE(KindsIn(to.get()), kinds);
}

TEST_F(LogCopyTest, FindsADifference) {
  Source source(directory_, "from", kManyPartitions);
  source.Begin();
  const auto to = Empty("to", kFewPartitions);
  const auto copy = Begin(&source.log(), to.get(), "to");
  ASSERT_TRUE(copy->Pass(LogCopy::Source::kEnded).ok());
  const auto proof = copy->Prove();
  ASSERT_TRUE(proof.ok());
  EXPECT_THAT(proof->differences, IsEmpty());
  v1::Event more = About(StreamOf(5), "only-here", 9);
  more.mutable_incident_reported()->set_physical_harm(v1::HARM_LOW);
  const uint32_t q = PartitionOf(more.stream_id(), kFewPartitions - 1);
  ASSERT_TRUE(AppendAndWait(*to, q, {more.SerializeAsString()}).ok());
  const auto found = copy->Prove();
  ASSERT_TRUE(found.ok());
  ASSERT_EQ(found->differences.size(), 1U);
  EXPECT_THAT(found->differences[0], HasSubstr(StreamOf(5)));
  const auto folds = CompareFolds(&source.log(), to.get(), directory_ / "folds", copy->Streams());
  ASSERT_TRUE(folds.ok()) << folds.status();
  ASSERT_EQ(folds->size(), 1U);
  EXPECT_THAT(folds->front(), HasSubstr(StreamOf(5)));
  const Controls controls = BothPacks();
  const v1::Event& control = controls.state().controls(0);
  ASSERT_TRUE(AppendAndWait(*to, 0, {control.SerializeAsString()}).ok());
  EXPECT_THAT(copy->Prove()->differences, testing::Contains(HasSubstr("not exactly once")));
  const auto again = Begin(&source.log(), to.get(), "to");
  EXPECT_EQ(again->Pass(LogCopy::Source::kEnded).status().code(), absl::StatusCode::kDataLoss)
      << "it holds more than the source";
}

TEST_F(LogCopyTest, GoesOnFromTheLogOfWhichItCopiedABackup) {
  Source source(directory_, "from", kManyPartitions);
  source.Begin();
  // The backup is made while a control event is on its way.
  const v1::Event control = NoHolidays("holidays", 2024, 25);
  source.AppendTo(source.control_partition(), control);
  source.AppendTo(0, control);
  ASSERT_TRUE(source.log().CopyTo(directory_ / "backup").ok());
  for (uint32_t p = 1; p < source.control_partition(); ++p) source.AppendTo(p, control);
  source.Reports(30);
  const auto backup = OpenLog({.directory = directory_ / "backup"});
  ASSERT_TRUE(backup.ok()) << backup.status();
  const auto to = Empty("to", kFewPartitions);
  const auto copy = Begin(backup->get(), to.get(), "to");
  ASSERT_TRUE(copy->Pass(LogCopy::Source::kGrows).ok());
  ASSERT_TRUE(copy->ReadBack().ok());
  const auto other = Empty("other", kManyPartitions);
  EXPECT_EQ(copy->GoOnFrom(other.get()).code(), absl::StatusCode::kDataLoss);
  ASSERT_EQ(copy->GoOnFrom(&source.log()), absl::OkStatus());
  ASSERT_TRUE(copy->Pass(LogCopy::Source::kEnded).ok());
  ProofOf(copy.get(), &source.log(), to.get());
}

TEST_F(LogCopyTest, StopsWhereSomebodyElseWrites) {
  Source source(directory_, "from", kManyPartitions);
  source.Begin();
  const auto to = Empty("to", kFewPartitions);
  const auto copy = Begin(&source.log(), to.get(), "to");
  ASSERT_TRUE(AppendAndWait(*to, 0, {About(StreamOf(5), "foreign", 9).SerializeAsString()}).ok());
  const auto copied = copy->Pass(LogCopy::Source::kEnded);
  EXPECT_EQ(copied.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(StatusText(copied.status()), HasSubstr("partition 0"));
}

TEST_F(LogCopyTest, TakesNoOtherLogForItsOwn) {
  Source source(directory_, "from", kManyPartitions);
  source.Begin();
  const auto to = Empty("to", kFewPartitions);
  ASSERT_TRUE(AppendAndWait(*to, 0, {About(StreamOf(5), "foreign", 9).SerializeAsString()}).ok());
  const auto code = [&](EventLog* from, EventLog* into, const std::string& name) {
    return LogCopy::Open(
               {.from = from, .to = into, .checkpoint_file = directory_ / (name + ".copy")})
        .status()
        .code();
  };
  EXPECT_EQ(code(&source.log(), to.get(), "to"), absl::StatusCode::kFailedPrecondition);
  const auto mine = Empty("mine", kFewPartitions);
  CopyAll(&source.log(), mine.get(), "mine");
  const auto other = Empty("other", 4);
  EXPECT_EQ(code(&source.log(), other.get(), "mine"), absl::StatusCode::kFailedPrecondition);
  Source another(directory_, "another", kManyPartitions);
  EXPECT_EQ(code(&another.log(), mine.get(), "mine"), absl::StatusCode::kDataLoss);
}

TEST_F(LogCopyTest, TakesControlEventsInTheOrderOfTheControlPartitionWhereOthersDiffer) {
  Source source(directory_, "from", kManyPartitions);
  source.Begin();
  const v1::Event one = NoHolidays("one", 2024, 60);
  const v1::Event other = NoHolidays("other", 2025, 60);
  source.AppendTo(source.control_partition(), one);
  source.AppendTo(source.control_partition(), other);
  for (uint32_t p = 0; p < source.control_partition(); ++p) {
    source.AppendTo(p, p % 2 == 0 ? one : other);
  }
  source.Reports(30);
  for (uint32_t p = 0; p < source.control_partition(); ++p) {
    source.AppendTo(p, p % 2 == 0 ? other : one);
  }
  source.Reports(70);
  const auto to = Empty("to", kFewPartitions);
  CopyAll(&source.log(), to.get(), "to");
  ExpectNothingToSay(to.get(), "to");
}

TEST(OpenLog, FindsOutHowManyPartitionsThereAre) {
  const TempDir directory;
  EXPECT_EQ(OpenLog({.directory = directory / "log"}).status().code(), absl::StatusCode::kNotFound);
  { ASSERT_TRUE(OpenLog({.directory = directory / "log", .partitions = 6}).ok()); }
  EXPECT_EQ((*OpenLog({.directory = directory / "log"}))->partitions(), 6U);
  EXPECT_EQ(*EmbeddedLogPartitions(directory / "log"), 6U);
}

}  // namespace
}  // namespace trigpoint
