#include "services/ingest/placements.h"

#include <algorithm>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "trigpoint/events/catalogue.h"

namespace trigpoint {

RecordId AnchorOf(const v1::Event& event) {
  RecordId own{event.source(), event.id()};
  const KindInfo* kind = KindOf(event);
  if (event.source_version() > 1 || event.has_event_retracted() || kind == nullptr) return own;
  const auto* field = v1::Event::descriptor()->FindFieldByNumber(kind->number);
  const auto& payload = v1::Event::GetReflection()->GetMessage(event, field);
  const auto* descriptor = payload.GetDescriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const auto* member = descriptor->field(i);
    if (member->message_type() != v1::EventRef::descriptor()) continue;
    const auto* reflection = payload.GetReflection();
    const bool repeated = member->is_repeated();
    if (repeated ? reflection->FieldSize(payload, member) == 0
                 : !reflection->HasField(payload, member))
      continue;
    v1::EventRef ref;
    ref.CopyFrom(repeated ? reflection->GetRepeatedMessage(payload, member, 0)
                          : reflection->GetMessage(payload, member));
    return {ref.source().empty() ? event.source() : ref.source(), ref.id()};
  }
  return own;
}

std::vector<std::string> Placements::StreamsLocked(const RecordId& record) const {
  std::vector<std::string> streams = projector_->StreamsWith(record.first, record.second);
  const auto it = recent_.find(record);
  if (it != recent_.end()) streams.insert(streams.end(), it->second.begin(), it->second.end());
  std::sort(streams.begin(), streams.end());
  streams.erase(std::unique(streams.begin(), streams.end()), streams.end());
  return streams;
}

std::vector<std::string> Placements::StreamsOf(const RecordId& record) const {
  const absl::MutexLock lock(&mu_);
  return StreamsLocked(record);
}

std::vector<v1::Event> Placements::Place(const RecordId& record, const std::string& stream_id) {
  const absl::MutexLock lock(&mu_);
  auto [it, fresh] = recent_.try_emplace(record);
  auto& streams = it->second;
  if (std::find(streams.begin(), streams.end(), stream_id) == streams.end())
    streams.push_back(stream_id);
  if (fresh) {
    order_.push_back(record);
    if (order_.size() > kRecentMax) {
      recent_.erase(order_.front());
      order_.pop_front();
    }
  }
  std::vector<v1::Event> waited;
  const auto held = held_.find(record);
  if (held != held_.end()) {
    waited = std::move(held->second);
    held_.erase(held);
  }
  return waited;
}

std::optional<std::string> Placements::AnchorOrHold(const v1::Event& event, bool hold) {
  const RecordId anchor = AnchorOf(event);
  const absl::MutexLock lock(&mu_);
  const auto streams = StreamsLocked(anchor);
  if (!streams.empty()) return streams.front();
  if (hold) held_[anchor].push_back(event);
  return std::nullopt;
}

}  // namespace trigpoint
