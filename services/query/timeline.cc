#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/numbers.h"
#include "services/common/field_error.h"
#include "services/query/linked.h"
#include "services/query/outside.h"
#include "services/query/paging.h"
#include "services/query/protected.h"
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

/// Who reads, and how.
struct Reading {
  QueryCore& core;
  const Principal& principal;
  const Protection& protection;
  Sensitivity clearance;
  KeySource* keys;
  const v1::ProviderState& state;
  bool outside;  ///< Of the organisations that commission or host the service.
};

/// The class of the records that were carried from a predecessor, as far as they are shown.
Sensitivity ClassOfCarried(const v1::Event& event) {
  Sensitivity shown = v1::SENSITIVITY_UNSPECIFIED;
  for (const auto& fact : event.memory_carried().facts())
    shown = std::max(shown, SensitivityOf(fact));
  return shown;
}

/// One entry as this reader may see it; gives the class of the content that it shows.
Sensitivity FillEntry(const v1::StoredEvent& stored, const Slice& slice, const Reading& reading,
                      v1::TimelineEntry* entry) {
  const auto& [core, principal, protection, clearance, keys, state, outside] = reading;
  v1::Event event = stored.event();
  const KindInfo* kind = KindOf(event);
  const Sensitivity held = SensitivityOf(event);
  const bool hidden = held > clearance || held >= v1::SENSITIVITY_C4_SPECIAL_CATEGORY;
  const bool rests = protection.trace.IsHidden(stored.revision());
  const auto latest = slice.latest.find({event.source(), event.id()});
  entry->set_superseded(latest != slice.latest.end() && latest->second > VersionOf(event));
  RedactFor(&event, clearance);
  HideProtected(protection, stored, &event);
  if (outside) HideSmallNumbers(state, &event);
  HideElsewhere(core, principal, &event);
  if (!hidden && keys != nullptr && clearance >= v1::SENSITIVITY_C3_PSEUDONYMISED) {
    // A text whose key was destroyed, or that does not open, stays sealed: the entry is shown
    // without it.
    const absl::Status opened = UnsealEvent(&event, *keys);
    if (!opened.ok()) StripNarratives(&event);
  }
  // What rests on a protected source has no place between the others.
  if (!rests && !outside) entry->set_revision(ShownRevision(protection.trace, stored.revision()));
  entry->set_kind(kind == nullptr ? "unknown" : std::string(kind->name));
  entry->set_summary(hidden ? "Hidden: above the reader's clearance." : SummaryOf(event));
  if (const int64_t occurred = OccurredMicros(event); occurred != 0) {
    SetMicros(occurred, entry->mutable_occurred_at());
  }
  SetMicros(rests ? DayStart(stored.known_us()) : stored.known_us(), entry->mutable_known_at());
  entry->set_source(event.source());
  entry->set_id(event.id());
  entry->set_source_version(VersionOf(event));
  entry->set_hidden(hidden);
  const Sensitivity shown = std::max(held, ClassOfCarried(event));
  *entry->mutable_event() = std::move(event);
  return hidden ? v1::SENSITIVITY_C0_PUBLIC : shown;
}

/// Whether a record is about what somebody said to a proposal, not about the proposal: one that was
/// refused leaves it as it was.
bool IsRefusedConcurrence(const v1::DecisionRecord& record, const v1::StoredEvent& proposal) {
  return record.known_us() != proposal.known_us() &&
         (record.refusal() == v1::DecisionRecord::REFUSAL_AUTHORITY ||
          record.refusal() == v1::DecisionRecord::REFUSAL_NOT_PENDING);
}

/// What had become by then of a proposal, or of what somebody said to one; null: that is not known.
const v1::DecisionRecord* RecordOf(const v1::ProviderRecord& record, const v1::StoredEvent& stored,
                                   int64_t known_us) {
  const v1::Event& event = stored.event();
  const bool proposal = event.has_decision_proposed();
  const std::string& id = proposal ? event.id() : event.decision_concurrence().proposal_id();
  const v1::DecisionRecord* last = nullptr;
  for (const auto& policy : record.policies()) {
    for (const auto& decision : policy.decisions()) {
      if (decision.decision_id() != id || decision.known_us() > known_us) continue;
      const bool about = proposal ? !IsRefusedConcurrence(decision, stored)
                                  : decision.known_us() == stored.known_us();
      if (about) last = &decision;
    }
  }
  return last;
}

/// The line of a decision with its outcome in front: refused attempts stay in the history (3.5 rule
/// f), and a list that is cut at its end still says so, with the clause.
std::string WithOutcome(const v1::DecisionRecord& record, const std::string& summary) {
  const std::string clause = record.clause().empty() ? "" : " [" + record.clause() + "]";
  switch (record.outcome()) {
    case v1::DecisionRecord::OUTCOME_RECORDED:
      return "Recorded" + clause + ": " + summary;
    case v1::DecisionRecord::OUTCOME_PENDING_CONCURRENCE:
      return "Waits for the other commissioners" + clause + ": " + summary;
    case v1::DecisionRecord::OUTCOME_BLOCKED:
      return "NOT AGREED" + clause + ": " + summary + ": " + record.reason();
    default:
      return "REFUSED" + clause + ": " + summary + ": " + record.reason();
  }
}

/// Of a service that no protected source spoke about.
absl::StatusOr<uint64_t> BeforeOf(const std::string& key) {
  uint64_t before = UINT64_MAX;
  if (!key.empty() && !absl::SimpleAtoi(key, &before)) {
    return FieldError("page_token", "PAGE_TOKEN_INVALID", "does not belong to this list");
  }
  return before;
}

/// Who asks about which service, as of when.
struct TimelineCall {
  QueryCore& core;
  const Principal& principal;
  const std::string& stream_id;
  const Instants& asked;
  KeySource* keys;  ///< Opens the texts that the reader may see; null: they stay sealed.
};

/// A call, and what it has read.
struct Timeline {
  const TimelineCall& call;
  const Instants& instants;
  const Protection& protection;
  const StreamAsOf& present;
  bool outside;
};

/// Which part of a timeline is asked for.
struct PartAsked {
  std::string key{};  ///< What the page before ended with; empty: the first.
  size_t size = SIZE_MAX;
};

/// The reports about people among the lines: what a reader from outside is not shown as long as
/// they are fewer than five.
bool IsReportAboutPeople(const Place& place) {
  return place.what == Place::What::kOpen && IsFact(place.event->event()) &&
         SensitivityOf(place.event->event()) >= v1::SENSITIVITY_C3_PSEUDONYMISED;
}

/// What tells of reports about people without being one: a finding about them, and that a feed of
/// them fell silent.
bool TellsOfReports(const Place& place) {
  if (place.event == nullptr) return false;
  const v1::Event& event = place.event->event();
  return event.has_cluster_confirmed() || event.has_cluster_split() || event.has_cluster_linked() ||
         (event.has_feed_silent() && TellsOfReportsAboutPeople(event.feed_silent()));
}

/// Gives whether there were some, and so few that they were left out.
bool LeaveOutFew(std::vector<Place>* places) {
  std::set<std::pair<std::string, std::string>> reports;
  for (const Place& place : *places) {
    if (IsReportAboutPeople(place))
      reports.insert({place.event->event().source(), place.event->event().id()});
  }
  if (reports.size() >= kSmallNumber) return false;
  std::erase_if(*places, [](const Place& place) {
    return IsReportAboutPeople(place) || TellsOfReports(place);
  });
  return !reports.empty();
}

v1::TimelineEntry FewReports() {
  v1::TimelineEntry entry;
  entry.set_kind("few_reports");
  entry.set_summary("Fewer than five reports about people: not told outside.");
  entry.set_hidden(true);
  return entry;
}

/// Gives the class of the content that the entry shows.
Sensitivity AddEntry(const Timeline& timeline, const v1::StoredEvent& stored, const Slice& slice,
                     v1::ListTimelineResponse* response) {
  auto* entry = response->add_entries();
  const Sensitivity shown =
      FillEntry(stored, slice,
                {.core = timeline.call.core,
                 .principal = timeline.call.principal,
                 .protection = timeline.protection,
                 .clearance = timeline.outside ? std::min(ReadClearance(timeline.call.principal),
                                                          v1::SENSITIVITY_C2_IN_CONFIDENCE)
                                               : ReadClearance(timeline.call.principal),
                 .keys = timeline.call.keys,
                 .state = timeline.present.state,
                 .outside = timeline.outside},
                entry);
  const bool decision =
      stored.event().has_decision_proposed() || stored.event().has_decision_concurrence();
  if (decision && !entry->hidden()) {
    const v1::DecisionRecord* record =
        RecordOf(timeline.present.record, stored,
                 timeline.instants.past ? timeline.instants.as_of.known_us : INT64_MAX);
    if (record != nullptr) entry->set_summary(WithOutcome(*record, entry->summary()));
  }
  return shown;
}

/// One page; gives the class of what it shows and sets the key that the next page begins after.
absl::StatusOr<Sensitivity> FillPage(const Timeline& timeline, const PartAsked& part,
                                     std::string* next, v1::ListTimelineResponse* response) {
  const Projector& projector = timeline.call.core.projector();
  TP_ASSIGN_OR_RETURN(const uint64_t asked, BeforeOf(part.key));
  const uint64_t before = std::min(asked, timeline.present.state.revision());
  TP_ASSIGN_OR_RETURN(
      const Slice slice,
      timeline.instants.past
          ? ReadPast(projector, timeline.call.stream_id, before, part.size, timeline.instants.as_of)
          : ReadPresent(projector, timeline.call.stream_id, before, part.size));
  Sensitivity shown = v1::SENSITIVITY_C0_PUBLIC;
  for (const auto& stored : slice.events)
    shown = std::max(shown, AddEntry(timeline, stored, slice, response));
  if (slice.next_before > 0) *next = std::to_string(slice.next_before);
  return shown;
}

/// The same for a service that a protected source spoke about, and for a reader from outside: the
/// timeline is arranged as a whole.
absl::StatusOr<Sensitivity> FillArranged(const Timeline& timeline, const PartAsked& part,
                                         std::string* next, v1::ListTimelineResponse* response) {
  const auto& [key, size] = part;
  if (!key.empty() && key.size() != Place{}.Key().size()) {
    return FieldError("page_token", "PAGE_TOKEN_INVALID",
                      "the list has changed: repeat the first call without it");
  }
  // By revision up to what was read first: what came since is on no page of this answer.
  TP_ASSIGN_OR_RETURN(
      const Slice slice,
      ReadPast(timeline.call.core.projector(), timeline.call.stream_id,
               timeline.present.state.revision(), SIZE_MAX, timeline.instants.as_of));
  const std::vector<v1::StoredEvent> oldest_first(slice.events.rbegin(), slice.events.rend());
  std::vector<Place> places = Arrange(timeline.protection.trace, oldest_first, timeline.present);
  const bool few = timeline.outside && LeaveOutFew(&places);
  Sensitivity shown = v1::SENSITIVITY_C0_PUBLIC;
  for (auto place = places.rbegin(); place != places.rend(); ++place) {
    if (!key.empty() && place->Key() >= key) continue;
    if (static_cast<size_t>(response->entries_size()) == size) {
      *next = std::prev(place)->Key();
      break;
    }
    if (place->event == nullptr) {
      *response->add_entries() = OtherSources(place->day_us);
    } else {
      shown = std::max(shown, AddEntry(timeline, *place->event, slice, response));
    }
  }
  if (few && next->empty()) {
    if (static_cast<size_t>(response->entries_size()) < size) {
      *response->add_entries() = FewReports();
    } else {
      *next = places.front().Key();
    }
  }
  return shown;
}

/// Gives the class of what it shows and sets what the next part begins after; empty: there is none.
absl::StatusOr<Sensitivity> FillTimeline(const TimelineCall& call, const PartAsked& part,
                                         std::string* next, v1::ListTimelineResponse* response) {
  QueryCore& core = call.core;
  TP_ASSIGN_OR_RETURN(const StreamAsOf present, core.projector().Read(call.stream_id));
  TP_ASSIGN_OR_RETURN(const auto trace, core.traces.Of(call.stream_id, present.state.revision()));
  const Instants instants = SnapToDays(*trace, call.asked, core.Now());
  const Protection protection{.trace = *trace, .veil = core.veil};
  const Timeline timeline{.call = call,
                          .instants = instants,
                          .protection = protection,
                          .present = present,
                          .outside = IsOutside(call.principal, present.state)};
  return trace->empty() && !timeline.outside ? FillPage(timeline, part, next, response)
                                             : FillArranged(timeline, part, next, response);
}

}  // namespace

absl::StatusOr<Sensitivity> WholeTimeline(QueryCore& core, const Principal& principal,
                                          const std::string& stream_id, const Instants& asked,
                                          v1::ListTimelineResponse* response) {
  std::string next;
  return FillTimeline({.core = core,
                       .principal = principal,
                       .stream_id = stream_id,
                       .asked = asked,
                       .keys = nullptr},
                      {}, &next, response);
}

grpc::Status ListTimeline(QueryCore& core, const Principal& principal,
                          const v1::ListTimelineRequest& request,
                          v1::ListTimelineResponse* response) {
  const auto build = [&]() -> absl::Status {
    TP_ASSIGN_OR_RETURN(const std::string stream_id,
                        ResolveProvider(core.projector(), request.provider()));
    TP_ASSIGN_OR_RETURN(const Instants asked, InstantsOf(request, core.Now()));
    TP_ASSIGN_OR_RETURN(const int size, PageSize(request.page_size(), kPageDefault, kPageMax));
    const std::string scope =
        "ListTimeline\n" + stream_id + '\n' +
        (request.has_as_of() ? std::to_string(asked.as_of.known_us) : "") + '\n' +
        (asked.as_of.valid_us.has_value() ? std::to_string(*asked.as_of.valid_us) : "");
    TP_ASSIGN_OR_RETURN(const std::string key,
                        ReadPageToken(core.deps.page_secret, scope, request.page_token()));
    std::string next;
    TP_ASSIGN_OR_RETURN(
        const Sensitivity shown,
        FillTimeline({.core = core,
                      .principal = principal,
                      .stream_id = stream_id,
                      .asked = asked,
                      .keys = core.deps.keys},
                     {.key = key, .size = static_cast<size_t>(size)}, &next, response));
    if (!next.empty())
      response->set_next_page_token(MakePageToken(core.deps.page_secret, scope, next));
    return core.deps.auth->Disclose(principal, kMethod, stream_id, shown);
  };
  const absl::Status built = build();
  if (!built.ok()) response->Clear();
  return ToGrpc(built);
}

}  // namespace trigpoint
