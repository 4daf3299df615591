#include "trigpoint/engine/stored_state.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "trigpoint/base/status.h"
#include "trigpoint/domain/concern.h"
#include "wire.h"

namespace trigpoint {
namespace {

/// Fewer reports never stand apart.
constexpr int kApartMin = 16;
/// Reports beside those apart, at most a quarter of them: within these bounds.
constexpr int kSinceMin = 8;
constexpr int kSinceMax = 256;
constexpr int kReadsMax = 100;

using Concerns = google::protobuf::RepeatedPtrField<v1::Concern>;

absl::Status Damaged(const std::string& stream_id) {
  return absl::DataLossError("the state of stream " + stream_id + " is damaged");
}

/// Puts the reports that stand apart back among the others.
void Join(Concerns apart, int64_t from_us, v1::ProviderState* state) {
  Concerns* all = state->mutable_concerns();
  std::vector<v1::Concern> sorted(std::make_move_iterator(apart.begin()),
                                  std::make_move_iterator(apart.end()));
  std::erase_if(sorted, [from_us](const auto& concern) { return concern.occurred_us() < from_us; });
  sorted.insert(sorted.end(), std::make_move_iterator(all->begin()),
                std::make_move_iterator(all->end()));
  // Findings of one visit are equal in this order and keep theirs.
  std::stable_sort(sorted.begin(), sorted.end(), ConcernLess);
  all->Clear();
  all->Reserve(static_cast<int>(sorted.size()));
  for (auto& concern : sorted) *all->Add() = std::move(concern);
}

/// Writes reports behind an encoded v1::StoredState, as more of its state: a reader of Protobuf
/// joins the parts of a message. Each is encoded once and not with every state that holds it.
void AppendSince(const std::vector<ConcernsChange::Added>& since, std::string* encoded) {
  if (since.empty()) return;
  std::string more;
  for (const auto& added : since) {
    AppendHead(v1::ProviderState::kConcernsFieldNumber, added.encoded.size(), &more);
    more.append(added.encoded);
  }
  AppendHead(v1::StoredState::kStateFieldNumber, more.size(), encoded);
  encoded->append(more);
}

}  // namespace

absl::StatusOr<std::optional<v1::ProviderState>> StoredState::Read(const Store& store,
                                                                   uint32_t partition,
                                                                   const std::string& stream_id,
                                                                   StoredState* kept) {
  // Between two reads a commit may replace both rows, or another store take the place of this one:
  // then they are not of one another.
  for (int i = 0; i < kReadsMax; ++i) {
    TP_ASSIGN_OR_RETURN(const auto bytes, store.ReadState(partition, stream_id));
    if (!bytes.has_value()) return std::nullopt;
    v1::StoredState stored;
    if (!stored.ParseFromString(*bytes)) return Damaged(stream_id);
    v1::ProviderState state = std::move(*stored.mutable_state());
    if (stored.concerns_revision() == 0) return state;
    TP_ASSIGN_OR_RETURN(const auto row, store.ReadIndex(kConcernsIndex, partition, stream_id));
    if (!row.has_value()) continue;
    v1::ProviderState apart;
    if (!apart.ParseFromString(*row)) return Damaged(stream_id);
    if (apart.revision() != stored.concerns_revision()) continue;
    if (kept != nullptr) {
      kept->apart_ = stored.concerns_revision();
      for (const auto& concern : state.concerns()) {
        kept->since_.push_back(
            {.occurred_us = concern.occurred_us(), .encoded = concern.SerializeAsString()});
      }
    }
    Join(std::move(*apart.mutable_concerns()), stored.concerns_from_us(), &state);
    return state;
  }
  return Damaged(stream_id);
}

void StoredState::Put(uint32_t partition, v1::ProviderState* state, ConcernsChange* change,
                      StoreBatch* batch) {
  since_.insert(since_.end(), std::make_move_iterator(change->added.begin()),
                std::make_move_iterator(change->added.end()));
  if (change->replaced) apart_ = 0;
  *change = {};

  const int count = state->concerns_size();
  const auto limit = static_cast<size_t>(std::clamp(count / 4, kSinceMin, kSinceMax));
  std::string encoded;
  if (count < kApartMin) {
    apart_ = 0;
  } else if (apart_ == 0 || since_.size() > limit) {
    v1::ProviderState apart;
    apart.set_revision(state->revision());
    apart.mutable_concerns()->Swap(state->mutable_concerns());
    apart.SerializeToString(&encoded);
    apart.mutable_concerns()->Swap(state->mutable_concerns());
    batch->PutIndex(kConcernsIndex, partition, state->stream_id(), encoded);
    apart_ = state->revision();
    since_.clear();
  }

  v1::StoredState stored;
  Concerns all;  // Elsewhere while the rest is written: what points at them still does.
  if (apart_ != 0) {
    const int64_t from_us = state->concerns(0).occurred_us();
    std::erase_if(since_, [from_us](const auto& added) { return added.occurred_us < from_us; });
    stored.set_concerns_revision(apart_);
    stored.set_concerns_from_us(from_us);
    all.Swap(state->mutable_concerns());
  } else {
    since_.clear();
  }
  stored.set_allocated_state(state);
  stored.SerializeToString(&encoded);
  static_cast<void>(stored.release_state());
  if (apart_ != 0) all.Swap(state->mutable_concerns());
  AppendSince(since_, &encoded);
  batch->PutState(partition, state->stream_id(), encoded);
}

}  // namespace trigpoint
