#include "services/partners/topic_intake.h"

#include <random>
#include <utility>

#include "trigpoint/base/status.h"
#include "trigpoint/telemetry/logging.h"

namespace trigpoint {
namespace {

/// Records under way at once; their contents are bounded by the reader, at 8 MiB.
constexpr size_t kRecordsPerTurn = 500;
constexpr absl::Duration kPoll = absl::Milliseconds(500);
constexpr char kGroupPrefix[] = "trigpoint-intake.";

}  // namespace

TopicIntake::TopicIntake(const PartnerIntakeDeps& deps, TopicWriter* writer, PartnerTopic topic,
                         Principal partner)
    : deps_(deps),
      writer_(writer),
      topic_(std::move(topic)),
      partner_(std::move(partner)),
      stop_(std::make_shared<TurnStop>()) {}

TopicIntake::~TopicIntake() { Stop(); }

absl::Status TopicIntake::Start() {
  TopicReaderOptions options;
  options.connection = deps_.connection;
  options.group = kGroupPrefix + topic_.topic;
  options.topics = {topic_.topic};
  options.on_gap = [this](const TopicGap& gap) {
    deps_.metrics->PartnerLostRecords(gap.topic).Increment(
        gap.next > gap.expected ? static_cast<uint64_t>(gap.next - gap.expected) : 0);
    Log(LogLevel::kError, "partner_records_lost",
        {{"topic", LogId{gap.topic}},
         {"partition", gap.partition},
         {"expected", gap.expected},
         {"next", gap.next}});
  };
  TP_ASSIGN_OR_RETURN(reader_, TopicReader::Open(options));
  Log(LogLevel::kInfo, "partner_topic_started",
      {{"topic", LogId{topic_.topic}}, {"partner", LogId{topic_.partner}}});
  thread_ = std::thread([this] { Run(); });
  return absl::OkStatus();
}

void TopicIntake::BeginStop() { stop_->Request(); }

void TopicIntake::Stop() {
  BeginStop();
  if (thread_.joinable()) thread_.join();
}

void TopicIntake::Run() {
  uint32_t failed = 0;
  while (!stopping()) {
    auto records = reader_->Poll(kRecordsPerTurn, kPoll);
    deps_.metrics->PartnerLag(topic_.topic).Set(static_cast<double>(reader_->Behind()));
    if (!records.ok()) {
      static_cast<void>(RestAfter(records.status(), ++failed));
      continue;
    }
    if (failed > 0 && !records->empty()) failed = 0;
    if (!records->empty()) TakeAll(*std::move(records));
  }
  reader_.reset();  // Leaves the group: others need not wait until it is missed.
}

void TopicIntake::TakeAll(std::vector<TopicRecord> records) {
  TopicTurn turn({.intake = deps_.intake, .auth = deps_.auth, .partner = &partner_},
                 std::move(records), stop_);
  uint32_t failed = 0;
  for (size_t done = 0; done < turn.size();) {
    const absl::Status taken = turn.Take();
    if (stopping()) return;
    const std::vector<AnsweredRecord> answered = turn.Answered(done);
    if (!answered.empty()) {
      if (!Tell(answered)) return;
      done += answered.size();
      failed = 0;
    }
    if (!taken.ok() && !RestAfter(taken, ++failed)) return;
  }
  Note(absl::OkStatus());
}

bool TopicIntake::Tell(const std::vector<AnsweredRecord>& answered) {
  std::vector<TopicMessage> messages;
  for (const AnsweredRecord& one : answered) {
    if (IsDeadLetter(one.answer))
      messages.push_back(DeadLetterMessage(topic_, one, deps_.now_us()));
    messages.push_back(OutcomeMessage(topic_, one));
  }
  uint32_t failed = 0;
  for (size_t written = 0; written < messages.size();) {
    const auto [more, trouble] = WriteAll(messages, written);
    written += more;
    if (stopping()) return false;
    if (trouble.ok()) continue;
    if (absl::IsInvalidArgument(trouble)) {
      // The brokers take no message of this size: waiting would not make it smaller.
      Log(LogLevel::kError, "partner_outcome_refused",
          {{"topic", LogId{messages[written].topic}},
           {"code", LogId{absl::StatusCodeToString(trouble.code())}}});
      ++written;
    } else if (!RestAfter(trouble, ++failed)) {
      return false;
    }
  }
  std::vector<TopicRecord> done;  // Only where they lie: what they hold is done with.
  for (const AnsweredRecord& one : answered) {
    deps_.metrics->PartnerRecords(topic_.topic, OutcomeName(one.answer.outcome)).Increment();
    if (IsDeadLetter(one.answer)) deps_.metrics->PartnerDeadLetters(topic_.topic).Increment();
    TopicRecord& place = done.emplace_back();
    place.message.topic = one.record->message.topic;
    place.partition = one.record->partition;
    place.offset = one.record->offset;
  }
  const absl::Status committed = reader_->Commit(done);
  // What is not committed is read again, at the latest after the next start: a duplicate.
  if (!committed.ok()) Note(committed);
  return true;
}

std::pair<size_t, absl::Status> TopicIntake::WriteAll(const std::vector<TopicMessage>& messages,
                                                      size_t from) {
  struct Answers {
    std::vector<absl::Status> all;  // Under the lock of the stop, as `left` is.
    size_t left = 0;
  };
  auto answers = std::make_shared<Answers>();
  answers->all.resize(messages.size() - from, absl::CancelledError("not written"));
  answers->left = answers->all.size();
  for (size_t i = 0; i < answers->all.size(); ++i) {
    writer_->Write(messages[from + i], [answers, i, stop = stop_](absl::Status status) {
      const absl::MutexLock lock(&stop->mu);
      answers->all[i] = std::move(status);
      --answers->left;
    });
  }
  stop_->AwaitNone(answers->left);
  const absl::MutexLock lock(&stop_->mu);
  for (size_t i = 0; i < answers->all.size(); ++i) {
    if (!answers->all[i].ok()) return {i, answers->all[i]};
  }
  return {answers->all.size(), absl::OkStatus()};
}

void TopicIntake::Note(const absl::Status& status) {
  if (std::exchange(noted_, status.code()) == status.code()) return;
  Log(status.ok() ? LogLevel::kInfo : LogLevel::kWarning, "partner_topic_state",
      {{"topic", LogId{topic_.topic}}, {"code", LogId{absl::StatusCodeToString(status.code())}}});
}

bool TopicIntake::RestAfter(const absl::Status& trouble, uint32_t failed) {
  Note(trouble);
  static thread_local std::mt19937_64 random{std::random_device{}()};
  const Micros wait =
      BackOff(deps_.back_off, failed, std::uniform_real_distribution<double>(0, 1)(random), 0);
  return !stop_->AwaitFor(absl::Microseconds(wait)) && !reader_->Lost();
}

}  // namespace trigpoint
