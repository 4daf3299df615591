#include "trigpoint/engine/compare_stores.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "projector_impl.h"
#include "trigpoint/base/digest.h"
#include "trigpoint/base/status.h"
#include "trigpoint/events/digest.h"

namespace trigpoint {
namespace {

/// By stream id: the bytes of its line.
using Lines = std::map<std::string, std::string>;

absl::StatusOr<Lines> LinesOf(const Store& store, uint32_t partition) {
  Lines lines;
  TP_RETURN_IF_ERROR(store.ScanIndex(kSummaryIndex, partition, "",
                                     [&lines](std::string_view key, std::string_view value) {
                                       lines.emplace_hint(lines.end(), key, value);
                                       return true;
                                     }));
  return lines;
}

absl::StatusOr<v1::ProviderRecord> RecordOf(const Store& store, uint32_t partition,
                                            const std::string& stream_id) {
  v1::ProviderRecord record;
  TP_ASSIGN_OR_RETURN(const auto bytes, store.ReadRecord(partition, stream_id));
  if (!bytes.has_value() || record.ParseFromString(*bytes)) return record;
  return absl::DataLossError("the record of stream " + stream_id + " is damaged");
}

absl::StatusOr<std::string> FactsOf(const Store& store, uint32_t partition,
                                    const std::string& stream_id) {
  TP_ASSIGN_OR_RETURN(const auto state, StoredState::Read(store, partition, stream_id));
  return state.has_value() ? CanonicalBytes(*state) : std::string();
}

std::string LevelOf(const v1::PolicyRecord& policy) {
  return JoinKey({policy.decided_state(), policy.decision_id(), policy.inherited_state(),
                  policy.not_agreed_state()});
}

std::string AdviceOf(const v1::PolicyRecord& policy) {
  return JoinKey({policy.head(), policy.awaiting_decision() ? "open" : "",
                  CanonicalBytes(policy.recommendation())});
}

void ComparePolicy(const v1::PolicyRecord& before, const v1::PolicyRecord& after,
                   std::vector<std::string>* what) {
  const size_t known = what->size();
  const std::string& id = after.policy_id().empty() ? before.policy_id() : after.policy_id();
  if (LevelOf(before) != LevelOf(after)) what->push_back(id + ": level");
  if (AdviceOf(before) != AdviceOf(after)) what->push_back(id + ": recommendation");
  if (what->size() == known && CanonicalBytes(before) != CanonicalBytes(after))
    what->push_back(id + ": record");
}

void CompareRecords(v1::ProviderRecord before, v1::ProviderRecord after,
                    std::vector<std::string>* what) {
  std::map<std::string, std::pair<v1::PolicyRecord, v1::PolicyRecord>> policies;
  for (auto& policy : *before.mutable_policies())
    policies[policy.policy_id()].first = std::move(policy);
  for (auto& policy : *after.mutable_policies())
    policies[policy.policy_id()].second = std::move(policy);
  for (const auto& [id, both] : policies) ComparePolicy(both.first, both.second, what);
  v1::ProviderRecord alerts_before;
  v1::ProviderRecord alerts_after;
  alerts_before.mutable_alerts()->Swap(before.mutable_alerts());
  alerts_after.mutable_alerts()->Swap(after.mutable_alerts());
  if (CanonicalBytes(alerts_before) != CanonicalBytes(alerts_after)) what->push_back("alerts");
  before.clear_policies();
  after.clear_policies();
  if (CanonicalBytes(before) != CanonicalBytes(after)) what->push_back("record");
}

absl::StatusOr<Digest> DigestOfRows(const Store& store, const char* index, uint32_t partition) {
  Digest digest{};
  TP_RETURN_IF_ERROR(store.ScanIndex(
      index, partition, "", [&digest](std::string_view key, std::string_view value) {
        std::string rolled(digest.begin(), digest.end());
        rolled.append(std::to_string(key.size())).append(":").append(key).append(value);
        digest = DigestOf(rolled);
        return true;
      }));
  return digest;
}

/// Packs hold maps, whose entries lie in no order.
absl::StatusOr<std::string> ControlsOf(const Store& store, uint32_t partition) {
  TP_ASSIGN_OR_RETURN(const auto bytes, store.ReadControl(partition));
  v1::ControlState controls;
  if (!bytes.has_value() || controls.ParseFromString(*bytes)) return CanonicalBytes(controls);
  return absl::DataLossError("the controls of partition " + std::to_string(partition) +
                             " are damaged");
}

/// Indexes that belong to no one service, and what is said of them.
constexpr std::pair<const char*, const char*> kOthers[] = {
    {kBindingIndex, "bindings"}, {kLinkIndex, "links"},         {kAlertIndex, "alerts"},
    {kWaitingIndex, "waiting"},  {kQuarantineIndex, "refused"}, {kResolvedIndex, "resolved"},
};

}  // namespace

absl::StatusOr<std::vector<std::string>> StoreComparison::LookAt(uint32_t partition,
                                                                 const std::string& stream_id) {
  std::vector<std::string> what;
  if (facts_ == Facts::kCompared) {
    TP_ASSIGN_OR_RETURN(const std::string before, FactsOf(*before_, partition, stream_id));
    TP_ASSIGN_OR_RETURN(const std::string after, FactsOf(*after_, partition, stream_id));
    if (before != after) what.emplace_back("facts");
  }
  TP_ASSIGN_OR_RETURN(auto record, RecordOf(*before_, partition, stream_id));
  TP_ASSIGN_OR_RETURN(auto record_now, RecordOf(*after_, partition, stream_id));
  CompareRecords(std::move(record), std::move(record_now), &what);
  return what;
}

absl::Status StoreComparison::LookAhead(const std::function<bool()>& ended) {
  for (const uint32_t partition : partitions_) {
    TP_ASSIGN_OR_RETURN(const Lines before, LinesOf(*before_, partition));
    TP_ASSIGN_OR_RETURN(const Lines after, LinesOf(*after_, partition));
    for (const auto& [stream_id, line] : after) {
      if (ended()) return absl::CancelledError("the node stops");
      const auto old = before.find(stream_id);
      if (old == before.end() || old->second != line) continue;
      const auto what = LookAt(partition, stream_id);
      // Written since, what was read may be of two moments.
      TP_ASSIGN_OR_RETURN(const auto still,
                          before_->ReadIndex(kSummaryIndex, partition, stream_id));
      if (still != line) continue;
      TP_RETURN_IF_ERROR(what.status());
      if (what->empty()) same_[stream_id] = DigestOf(line);
    }
  }
  return absl::OkStatus();
}

absl::Status StoreComparison::Compare() {
  services_ = 0;
  differing_ = 0;
  differences_.clear();
  for (const uint32_t partition : partitions_) {
    TP_RETURN_IF_ERROR(CompareServices(partition));
    TP_RETURN_IF_ERROR(CompareOthers(partition));
  }
  return absl::OkStatus();
}

absl::Status StoreComparison::CompareServices(uint32_t partition) {
  TP_ASSIGN_OR_RETURN(Lines before, LinesOf(*before_, partition));
  TP_ASSIGN_OR_RETURN(const Lines after, LinesOf(*after_, partition));
  for (const auto& [stream_id, line] : after) {
    ++services_;
    const auto old = before.find(stream_id);
    if (old == before.end()) {
      Note(stream_id, {"only after"});
      continue;
    }
    // Every event of a service changes its line, which holds the revision.
    const auto same = same_.find(stream_id);
    const bool rests = same != same_.end() && old->second == line && same->second == DigestOf(line);
    if (!rests) {
      TP_ASSIGN_OR_RETURN(std::vector<std::string> what, LookAt(partition, stream_id));
      if (old->second != line) what.emplace_back("line");
      std::sort(what.begin(), what.end());
      Note(stream_id, std::move(what));
    }
    before.erase(old);
  }
  services_ += before.size();
  for (const auto& [stream_id, line] : before) Note(stream_id, {"only before"});
  return absl::OkStatus();
}

absl::Status StoreComparison::CompareOthers(uint32_t partition) {
  StoreDifference found;
  const std::string where = " of partition " + std::to_string(partition);
  for (const auto& [index, name] : kOthers) {
    TP_ASSIGN_OR_RETURN(const Digest before, DigestOfRows(*before_, index, partition));
    TP_ASSIGN_OR_RETURN(const Digest after, DigestOfRows(*after_, index, partition));
    if (before != after) found.what.push_back(name + where);
  }
  TP_ASSIGN_OR_RETURN(const std::string before, ControlsOf(*before_, partition));
  TP_ASSIGN_OR_RETURN(const std::string after, ControlsOf(*after_, partition));
  if (before != after) found.what.push_back("controls" + where);
  if (!found.what.empty() && differences_.size() < kKept) differences_.push_back(std::move(found));
  return absl::OkStatus();
}

void StoreComparison::Note(const std::string& stream_id, std::vector<std::string> what) {
  if (what.empty()) return;
  ++differing_;
  if (differences_.size() < kKept)
    differences_.push_back({.stream_id = stream_id, .what = std::move(what)});
}

}  // namespace trigpoint
