#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/numbers.h"
#include "services/common/field_error.h"
#include "services/query/paging.h"
#include "services/query/present.h"
#include "services/query/query_core.h"
#include "services/query/resolve.h"
#include "services/query/timeline_summary.h"
#include "trigpoint/base/status.h"
#include "trigpoint/base/time.h"
#include "trigpoint/domain/evolve.h"
#include "trigpoint/events/catalogue.h"
#include "trigpoint/events/redact.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

constexpr char kMethod[] = "trigpoint.v1.ProviderService/ListTimeline";

using Versions = std::map<std::pair<std::string, std::string>, uint32_t>;

/// What one page is made from.
struct Slice {
  std::vector<v1::StoredEvent> events;  ///< Newest first.
  Versions latest;           ///< Of every identity in it, as known at the instant asked for.
  uint64_t next_before = 0;  ///< Revision that the next page ends before; 0: there is none.
};

void Raise(const v1::Event& event, Versions* latest) {
  uint32_t& version = (*latest)[{event.source(), event.id()}];
  version = std::max(version, VersionOf(event));
}

/// The present: only this page is read; what replaced it is in the index of identities.
absl::StatusOr<Slice> ReadPresent(const Projector& projector, const std::string& stream_id,
                                  uint64_t before, size_t size) {
  Slice slice;
  const uint64_t from = before > size ? before - size : 0;
  TP_ASSIGN_OR_RETURN(slice.events, projector.ReadEvents(stream_id, from, before));
  const uint32_t partition = projector.PartitionFor(stream_id);
  for (const auto& stored : slice.events) {
    const v1::Event& event = stored.event();
    Raise(event, &slice.latest);
    TP_ASSIGN_OR_RETURN(const auto entry, projector.store().ReadEventIndex(
                                              partition, stream_id, event.source(), event.id()));
    if (!entry.has_value()) continue;
    uint32_t& version = slice.latest[{event.source(), event.id()}];
    version = std::max(version, entry->version());
  }
  std::reverse(slice.events.begin(), slice.events.end());
  slice.next_before = from;
  return slice;
}

/// The past: what came or happened later must not show, neither as an entry nor as "superseded".
absl::StatusOr<Slice> ReadPast(const Projector& projector, const std::string& stream_id,
                               uint64_t before, size_t size, const AsOf& as_of) {
  TP_ASSIGN_OR_RETURN(std::vector<v1::StoredEvent> all,
                      projector.ReadEvents(stream_id, 0, UINT64_MAX));
  const HappenedBy happened(all, as_of);
  Slice slice;
  std::reverse(all.begin(), all.end());
  for (auto& stored : all) {
    if (stored.known_us() > as_of.known_us || !happened(stored)) continue;
    Raise(stored.event(), &slice.latest);
    if (stored.revision() >= before) continue;
    if (slice.events.size() < size) {
      slice.events.push_back(std::move(stored));
    } else if (slice.next_before == 0) {
      slice.next_before = stored.revision() + 1;
    }
  }
  return slice;
}

int64_t DayOf(int64_t us) { return us - ((us % kMicrosPerDay) + kMicrosPerDay) % kMicrosPerDay; }

/// The class of the records that were carried from a predecessor, as far as they are shown.
Sensitivity ClassOfCarried(const v1::Event& event) {
  Sensitivity shown = v1::SENSITIVITY_UNSPECIFIED;
  for (const auto& fact : event.memory_carried().facts())
    shown = std::max(shown, SensitivityOf(fact));
  return shown;
}

/// One entry as this reader may see it; gives the class of the content that it shows.
Sensitivity FillEntry(const v1::StoredEvent& stored, const Slice& slice,
                      const v1::ProviderState& state, Sensitivity clearance, KeySource* keys,
                      v1::TimelineEntry* entry) {
  v1::Event event = stored.event();
  const KindInfo* kind = KindOf(event);
  const Sensitivity held = SensitivityOf(event);
  const bool hidden = held > clearance || held >= v1::SENSITIVITY_C4_SPECIAL_CATEGORY;
  const bool protected_source = held == v1::SENSITIVITY_C5_PROTECTED_SOURCE;
  const auto latest = slice.latest.find({event.source(), event.id()});
  entry->set_superseded(latest != slice.latest.end() && latest->second > VersionOf(event));
  RedactFor(&event, clearance);
  HideProtected(state, &event);
  if (!hidden && keys != nullptr && clearance >= v1::SENSITIVITY_C3_PSEUDONYMISED) {
    // A text whose key was destroyed, or that does not open, stays sealed: the entry is shown
    // without it.
    const absl::Status opened = UnsealEvent(&event, *keys);
    if (!opened.ok()) StripNarratives(&event);
  }
  entry->set_revision(stored.revision());
  entry->set_kind(kind == nullptr ? "unknown" : std::string(kind->name));
  entry->set_summary(hidden ? "Hidden: above the reader's clearance." : SummaryOf(event));
  if (const int64_t occurred = OccurredMicros(event); occurred != 0) {
    SetMicros(occurred, entry->mutable_occurred_at());
  }
  SetMicros(protected_source ? DayOf(stored.known_us()) : stored.known_us(),
            entry->mutable_known_at());
  entry->set_source(event.source());
  entry->set_id(event.id());
  entry->set_source_version(VersionOf(event));
  entry->set_hidden(hidden);
  const Sensitivity shown = std::max(held, ClassOfCarried(event));
  *entry->mutable_event() = std::move(event);
  return hidden ? v1::SENSITIVITY_C0_PUBLIC : shown;
}

/// What had become of a proposal by then: refused attempts stay in the history (3.5 rule f).
std::string OutcomeOf(const v1::ProviderRecord& record, const v1::Event& event, int64_t known_us) {
  const v1::DecisionRecord* last = nullptr;
  for (const auto& policy : record.policies()) {
    for (const auto& decision : policy.decisions()) {
      if (decision.decision_id() == event.id() && decision.known_us() <= known_us) last = &decision;
    }
  }
  if (last == nullptr) return "";
  const std::string clause = last->clause().empty() ? "" : " [" + last->clause() + "]";
  switch (last->outcome()) {
    case v1::DecisionRecord::OUTCOME_RECORDED:
      return ": recorded" + clause;
    case v1::DecisionRecord::OUTCOME_PENDING_CONCURRENCE:
      return ": waits for the other commissioners" + clause;
    default:
      return ": REFUSED, " + last->reason() + clause;
  }
}

absl::StatusOr<uint64_t> BeforeOf(const std::string& key) {
  uint64_t before = UINT64_MAX;
  if (!key.empty() && !absl::SimpleAtoi(key, &before)) {
    return FieldError("page_token", "PAGE_TOKEN_INVALID", "does not belong to this list");
  }
  return before;
}

}  // namespace

grpc::Status ListTimeline(QueryCore& core, const Principal& principal,
                          const v1::ListTimelineRequest& request,
                          v1::ListTimelineResponse* response) {
  const Projector& projector = core.projector();
  const auto build = [&]() -> absl::Status {
    TP_ASSIGN_OR_RETURN(const std::string stream_id,
                        ResolveProvider(projector, request.provider()));
    TP_ASSIGN_OR_RETURN(const Instants instants, InstantsOf(request, core.Now()));
    TP_ASSIGN_OR_RETURN(const int size, PageSize(request.page_size(), kPageDefault, kPageMax));
    const AsOf& as_of = instants.as_of;
    const std::string scope = "ListTimeline\n" + stream_id + '\n' +
                              (request.has_as_of() ? std::to_string(as_of.known_us) : "") + '\n' +
                              (as_of.valid_us.has_value() ? std::to_string(*as_of.valid_us) : "");
    TP_ASSIGN_OR_RETURN(const std::string key,
                        ReadPageToken(core.deps.page_secret, scope, request.page_token()));
    TP_ASSIGN_OR_RETURN(const uint64_t asked, BeforeOf(key));
    TP_ASSIGN_OR_RETURN(const StreamAsOf present, projector.Read(stream_id));
    const uint64_t before = std::min(asked, present.state.revision());
    TP_ASSIGN_OR_RETURN(
        const Slice slice,
        instants.past ? ReadPast(projector, stream_id, before, static_cast<size_t>(size), as_of)
                      : ReadPresent(projector, stream_id, before, static_cast<size_t>(size)));
    Sensitivity shown = v1::SENSITIVITY_C0_PUBLIC;
    for (const auto& stored : slice.events) {
      auto* entry = response->add_entries();
      shown = std::max(shown, FillEntry(stored, slice, present.state, ReadClearance(principal),
                                        core.deps.keys, entry));
      if (stored.event().has_decision_proposed() && !entry->hidden()) {
        entry->mutable_summary()->append(
            OutcomeOf(present.record, stored.event(), instants.past ? as_of.known_us : INT64_MAX));
      }
    }
    if (slice.next_before > 0) {
      response->set_next_page_token(
          MakePageToken(core.deps.page_secret, scope, std::to_string(slice.next_before)));
    }
    return core.deps.auth->Disclose(principal, kMethod, stream_id, shown);
  };
  const absl::Status built = build();
  if (!built.ok()) response->Clear();
  return ToGrpc(built);
}

}  // namespace trigpoint
