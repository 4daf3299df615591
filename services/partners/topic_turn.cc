#include "services/partners/topic_turn.h"

#include <algorithm>
#include <span>
#include <utility>

#include "trigpoint/events/violation.h"
#include "trigpoint/intake/cloud_event.h"

namespace trigpoint {
namespace {

/// As whom the partner submits: the same row of the access table as over gRPC.
constexpr char kSubmitEventsMethod[] = "trigpoint.v1.IntelligenceService/SubmitEvents";
/// Of a record that could not be read; what is longer stays where it lies.
constexpr size_t kOriginalBytesMax = size_t{512} << 10;

/// Whether the record itself is why it was not stored: it never will be.
bool IsOfTheRecord(const absl::Status& status) {
  return absl::IsInvalidArgument(status) || absl::IsOutOfRange(status);
}

IntakeAnswer Refused(std::string_view field, std::string_view rule, std::string_view description) {
  IntakeAnswer answer;
  answer.outcome = v1::SUBMISSION_OUTCOME_REFUSED;
  answer.violations = {Violation(field, rule, description)};
  return answer;
}

/// The source in whose name an unreadable record is kept: what it says, where that is the
/// partner's; else the first of the partner's own.
std::string SourceOfUnreadable(const std::string& said, const Principal& partner,
                               const std::string& topic) {
  if (!Showable(said).empty() && OwnsSource(partner, said)) return said;
  for (const std::string& own : partner.sources) {
    if (own != "*") return own;
  }
  return partner.organisation + "/" + topic;
}

}  // namespace

struct TopicTurn::Item {
  TopicRecord record;
  bool readable = false;
  v1::Event event;
  v1::UnreadableRow row;
  std::optional<IntakeAnswer> answer;
};

struct TopicTurn::Items {
  std::vector<Item> all;
  std::shared_ptr<TurnStop> stop;
  size_t left = 0;        // Handed in and not answered; under the lock of `stop`, as `answer` is.
  absl::Status failed{};  // Likewise.
};

TopicTurn::TopicTurn(const TopicTurnDeps& deps, std::vector<TopicRecord> records,
                     std::shared_ptr<TurnStop> stop)
    : deps_(deps), items_(std::make_shared<Items>()) {
  items_->stop = std::move(stop);
  items_->all.resize(records.size());
  for (size_t i = 0; i < records.size(); ++i) {
    items_->all[i].record = std::move(records[i]);
    Read(&items_->all[i]);
  }
}

TopicTurn::~TopicTurn() = default;

size_t TopicTurn::size() const { return items_->all.size(); }

void TopicTurn::Read(Item* item) const {
  const TopicMessage& message = item->record.message;
  auto violations = ReadCloudEvent(message.headers, message.value, &item->event);
  item->readable = violations.empty();
  if (item->readable) return;
  item->row.set_source(SourceOfUnreadable(item->event.source(), *deps_.partner, message.topic));
  if (message.value.size() <= kOriginalBytesMax) {
    item->row.set_original(message.value);
  } else {
    violations.push_back(
        Violation("", "NOT_KEPT", "nothing is kept of the record: it is too long"));
  }
  for (auto& violation : violations) *item->row.add_violations() = std::move(violation);
}

absl::Status TopicTurn::Admit(const Item& item) const {
  Target target;
  target.source = item.readable ? item.event.source() : item.row.source();
  return deps_.auth->Check(*deps_.partner, kSubmitEventsMethod, target);
}

absl::Status TopicTurn::Take() {
  std::vector<Item>& all = items_->all;
  const auto failed = [this] {
    const absl::MutexLock lock(&items_->stop->mu);
    return !items_->failed.ok();
  };
  size_t next = 0;
  std::vector<const v1::Event*> events;  // One for each record; null: it is not handed in as one.
  {
    const absl::MutexLock lock(&items_->stop->mu);
    items_->failed = absl::OkStatus();
    for (const Item& item : all) {
      // A bracket of a backfill is refused by intake: it must bind nothing before.
      const bool taken = item.readable && !item.answer.has_value() && Admit(item).ok() &&
                         !item.event.has_backfill_started();
      events.push_back(taken ? &item.event : nullptr);
    }
  }
  deps_.intake->PrepareKeys(events);
  while (next < all.size() && !failed() && !items_->stop->requested()) {
    const size_t end = next + deps_.intake->PrepareBindings(std::span(events).subspan(next));
    for (; next < end && !failed() && !items_->stop->requested(); ++next) TakeOne(next);
  }
  if (!items_->stop->AwaitNone(items_->left) || items_->stop->requested())
    return absl::CancelledError("it is to stop");
  const absl::MutexLock lock(&items_->stop->mu);
  return items_->failed;
}

void TopicTurn::TakeOne(size_t index) {
  Item& item = items_->all[index];
  {
    const absl::MutexLock lock(&items_->stop->mu);
    if (item.answer.has_value()) return;
    ++items_->left;
  }
  IntakeDone done = [items = items_, index](absl::StatusOr<IntakeAnswer> answer) {
    const absl::MutexLock lock(&items->stop->mu);
    if (answer.ok()) {
      items->all[index].answer = *std::move(answer);
    } else if (IsOfTheRecord(answer.status())) {
      items->all[index].answer =
          Refused("", "NOT_STORABLE", "the record cannot be stored; it may be too large");
    } else {
      items->failed.Update(answer.status());
    }
    --items->left;
  };
  if (!Admit(item).ok()) {
    // Nothing is kept in the name of a source that is not the partner's.
    done(Refused("source", "SOURCE_NOT_OWNED", "the partner may not submit for this source"));
    return;
  }
  Origin origin;
  origin.file = item.record.message.topic + "/" + std::to_string(item.record.partition);
  origin.line = static_cast<uint64_t>(item.record.offset);
  if (item.readable) {
    deps_.intake->Submit(item.event, origin, false, std::move(done));
  } else {
    deps_.intake->SubmitUnreadable(item.row, origin, std::move(done));
  }
}

std::vector<AnsweredRecord> TopicTurn::Answered(size_t from) const {
  std::vector<AnsweredRecord> answered;
  const absl::MutexLock lock(&items_->stop->mu);
  for (size_t i = from; i < items_->all.size() && items_->all[i].answer.has_value(); ++i) {
    const Item& item = items_->all[i];
    AnsweredRecord one;
    one.record = &item.record;
    one.source = item.event.source();
    one.id = item.event.id();
    if (item.readable) one.version = std::max(1U, item.event.source_version());
    one.answer = *item.answer;
    answered.push_back(std::move(one));
  }
  return answered;
}

}  // namespace trigpoint
