// What crosses streams: a service that follows another has its history as an event of its own
// stream.
#include <algorithm>
#include <utility>

#include "projector_impl.h"
#include "trigpoint/base/status.h"
#include "trigpoint/domain/inheritance.h"
#include "trigpoint/events/catalogue.h"

namespace trigpoint {
namespace {

/// Pairs that are looked at together after a start: what they carry is held in memory until then.
constexpr size_t kPairsAtOnce = 64;

/// Whether an event may change what a predecessor holds: not what the engine said of it.
bool ChangesMemory(const v1::Event& event) {
  const KindInfo* kind = KindOf(event);
  return kind->role != v1::EVENT_ROLE_DERIVED || event.has_memory_carried();
}

/// Whether an event may change when a link takes effect.
bool ChangesDay(const v1::Event& event) {
  return event.has_service_registered() || event.has_event_retracted() ||
         event.has_backfill_ended() || event.has_backfill_started();
}

std::vector<v1::Event> LinksIn(const v1::ProviderState& state) {
  std::vector<v1::Event> links;
  for (const auto& fact : state.facts()) {
    if (fact.has_service_linked()) links.push_back(fact);
  }
  return links;
}

std::string OwedKey(const Heritage& pair) { return JoinKey({pair.first, pair.second}); }

}  // namespace

Successions::StreamOf Projector::Resolver() const {
  return [this](const v1::SubjectRef& id) -> std::optional<std::string> {
    mu_.AssertHeld();
    const auto it = bound_.find({id.scheme(), id.value()});
    return it == bound_.end() ? std::nullopt : std::optional(it->second);
  };
}

absl::Status Projector::LoadLinks() {
  bool readable = true;
  for (uint32_t p = 0; p < provider_partitions(); ++p) {
    TP_RETURN_IF_ERROR(
        store_->ScanIndex(kLinkIndex, p, "", [&](std::string_view key, std::string_view value) {
          mu_.AssertHeld();
          v1::StreamChunk chunk;
          readable = chunk.ParseFromArray(value.data(), static_cast<int>(value.size()));
          std::vector<v1::Event> links;
          for (auto& stored : *chunk.mutable_events())
            links.push_back(std::move(*stored.mutable_event()));
          successions_.Set(std::string(key), std::move(links), Resolver());
          return readable;
        }));
    if (!readable) {
      return absl::DataLossError("the links of partition " + std::to_string(p) + " are damaged");
    }
    TP_RETURN_IF_ERROR(
        store_->ScanIndex(kOwedIndex, p, "", [this](std::string_view key, std::string_view) {
          mu_.AssertHeld();
          const size_t split = key.find('\0');
          owed_by_others_.emplace(std::string(key.substr(0, split)),
                                  std::string(key.substr(split + 1)));
          return true;
        }));
  }
  return absl::OkStatus();
}

bool Projector::IsKnown(const std::string& stream_id) const {
  const auto hot = hot_.find(stream_id);
  if (hot != hot_.end()) return hot->second->hot.state.revision() > 0;
  return summaries_.count(stream_id) > 0;
}

void Projector::Owe(const std::vector<Heritage>& pairs, bool linked, Batch* batch) {
  for (const auto& pair : pairs) {
    if (linked) {
      const auto link = successions_.Find(pair);
      if (link.has_value() && link->ignored)
        counters_.ignored_links.fetch_add(1, std::memory_order_relaxed);
    }
    const uint32_t speaker = PartitionFor(pair.first);
    // Carried before the commit where it speaks; otherwise the store remembers it until it is.
    const bool speaks = partitions_[speaker]->speaks;
    (speaks ? owed_ : owed_by_others_).insert(pair);
    if (!speaks) batch->store.PutIndex(kOwedIndex, speaker, OwedKey(pair), "");
  }
}

void Projector::NoteLinks(const v1::Event& event, const Entry& entry, Batch* batch) {
  const v1::ProviderState& state = entry.hot.state;
  const std::string& stream_id = state.stream_id();
  const bool corrects = VersionOf(event) > 1 || event.has_event_retracted();
  if (event.has_service_linked() || (corrects && successions_.StatedBy(stream_id) != nullptr)) {
    std::vector<v1::Event> links = LinksIn(state);
    v1::StreamChunk chunk;
    for (const auto& link : links) *chunk.add_events()->mutable_event() = link;
    if (links.empty()) {
      batch->store.DeleteIndex(kLinkIndex, entry.partition, stream_id);
    } else {
      batch->store.PutIndex(kLinkIndex, entry.partition, stream_id, chunk.SerializeAsString());
    }
    Owe(successions_.Set(stream_id, std::move(links), Resolver()), event.has_service_linked(),
        batch);
  }
  if (!successions_.Touches(stream_id)) return;
  if (event.has_memory_carried()) {
    const auto carrying = carrying_.find({event.memory_carried().from_stream(), stream_id});
    if (carrying != carrying_.end() && carrying->second.in_flight.erase(event.id()) > 0 &&
        carrying->second.in_flight.empty()) {
      carrying_.erase(carrying);
    }
  }
  const bool first = state.revision() == 1;
  for (const auto& pair : successions_.PairsOf(stream_id)) {
    const bool gives = pair.first == stream_id && ChangesMemory(event);
    if (gives || first || ChangesDay(event) || waiting_.count(pair) > 0) Owe({pair}, false, batch);
  }
}

absl::Status Projector::CarryOne(const Heritage& pair, Batch* batch) {
  const auto& [from, to] = pair;
  // Where one of them is not known yet, its first event comes back to this.
  if (!IsKnown(from) || !IsKnown(to)) return absl::OkStatus();
  TP_ASSIGN_OR_RETURN(Entry * predecessor, LoadEntry(PartitionFor(from), from));
  TP_ASSIGN_OR_RETURN(Entry * successor, LoadEntry(PartitionFor(to), to));
  const auto link = successions_.Find(pair);
  auto carrying = carrying_.find(pair);
  if (carrying == carrying_.end()) {
    Carrying now;
    if (FindInheritance(successor->hot.record, from) != nullptr) {
      TP_ASSIGN_OR_RETURN(const auto events, EventsOf(*successor, successor->partition, to, 0,
                                                      successor->hot.state.revision()));
      now.so_far = ReadCarried(from, events);
    } else if (!link.has_value()) {
      return absl::OkStatus();  // Nobody states it and nothing was carried.
    }
    carrying = carrying_.emplace(pair, std::move(now)).first;
  }
  TP_ASSIGN_OR_RETURN(const auto events, EventsOf(*predecessor, predecessor->partition, from, 0,
                                                  predecessor->hot.state.revision()));
  const LinkedStream side{
      .state = predecessor->hot.state, .record = predecessor->hot.record, .events = events};
  Carriage carriage = Carry(link.has_value() ? &*link : nullptr, side, successor->hot.state,
                            &carrying->second.so_far);
  for (const auto& event : carriage.events) {
    carrying->second.in_flight.insert(event.id());
    batch->derived[successor->partition].push_back(
        {.speaker = predecessor->partition, .event = event.SerializeAsString()});
  }
  if (carrying->second.in_flight.empty()) carrying_.erase(carrying);
  if (carriage.waits) {
    if (waiting_.insert(pair).second)
      batch->store.PutIndex(kOwedIndex, predecessor->partition, OwedKey(pair), "");
  } else {
    waiting_.erase(pair);
  }
  return absl::OkStatus();
}

absl::Status Projector::CarryOwed(size_t pairs_max, Batch* batch) {
  for (size_t i = 0; i < pairs_max && !owed_.empty(); ++i) {
    const Heritage pair = *owed_.begin();
    owed_.erase(owed_.begin());
    const bool waited = waiting_.count(pair) > 0;
    TP_RETURN_IF_ERROR(CarryOne(pair, batch));
    if (waited && waiting_.count(pair) == 0)
      batch->store.DeleteIndex(kOwedIndex, PartitionFor(pair.first), OwedKey(pair));
  }
  return absl::OkStatus();
}

void Projector::TakeBack(Batch* batch) {
  if (withdrawn_.empty()) return;
  std::set<Heritage> pairs;
  const auto add = [&](const Heritage& pair) {
    if (withdrawn_.count(PartitionFor(pair.first)) > 0) pairs.insert(pair);
  };
  for (const auto& pair : owed_) add(pair);
  for (const auto& pair : waiting_) add(pair);
  for (const auto& [pair, carrying] : carrying_) add(pair);  // Perhaps nobody ever appended it.
  for (const auto& pair : pairs) {
    owed_.erase(pair);
    waiting_.erase(pair);
    carrying_.erase(pair);
    owed_by_others_.insert(pair);
    batch->store.PutIndex(kOwedIndex, PartitionFor(pair.first), OwedKey(pair), "");
  }
  withdrawn_.clear();
}

absl::Status Projector::CarryAllOwed() {
  for (;;) {
    Batch batch;
    std::set<Heritage> looked_at;
    {
      const absl::MutexLock lock(&mu_);
      if (owed_.empty()) return absl::OkStatus();
      auto end = owed_.begin();
      std::advance(end, std::min(owed_.size(), kPairsAtOnce));
      looked_at.insert(owed_.begin(), end);
      TP_RETURN_IF_ERROR(CarryOwed(looked_at.size(), &batch));
      Evict();
    }
    TP_RETURN_IF_ERROR(AppendDerived(false, &batch));
    // Written with the next commit: until then it is looked at once more after a crash.
    const absl::MutexLock lock(&mu_);
    TakeBack(open_.get());
    for (const auto& pair : looked_at) {
      if (waiting_.count(pair) == 0 && owed_by_others_.count(pair) == 0)
        open_->store.DeleteIndex(kOwedIndex, PartitionFor(pair.first), OwedKey(pair));
    }
  }
}

bool Projector::IsLinked(const std::string& stream_id) const {
  const absl::MutexLock lock(&mu_);
  return successions_.Touches(stream_id);
}

std::vector<Succession> Projector::LinksOf(const std::string& stream_id) const {
  const absl::MutexLock lock(&mu_);
  std::vector<Succession> links;
  for (const auto& pair : successions_.PairsOf(stream_id)) {
    auto link = successions_.Find(pair);
    if (link.has_value()) links.push_back(*std::move(link));
  }
  return links;
}

bool Projector::WouldCircle(const std::string& predecessor, const std::string& successor) const {
  const absl::MutexLock lock(&mu_);
  return successions_.WouldCircle(predecessor, successor);
}

}  // namespace trigpoint
