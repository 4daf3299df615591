#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "services/common/protected_trace.h"
#include "services/query/resolve.h"
#include "trigpoint/v1/api.pb.h"
#include "trigpoint/v1/state.pb.h"

/// What a reader sees of a service that a protected source spoke about: the only place that decides
/// it, for every read, alert, message and export (domain.md 2.2, 3.10 (8); docs/adr/0021).
///
/// - That one spoke is shown, on the day (London) on which it became known; never who, how many,
///   at what time, about what.
/// - What rests on it carries the day, too; its proof leaf says "protected source" and nothing
/// else.
/// - Values (levels, urgency, TRUE) are shown as they are: what they warn of must be seen. Numbers
///   and evidence are those that open reports alone give, or none.
/// - The log stays exact: `verify` recomputes from it.
/// The same for every reader: who may know the identity has a call of its own.
namespace trigpoint {

/// What the rules need: what happened to the service, and the other names of ids.
struct Protection {
  const ProtectedTrace& trace;
  const Veil& veil;
};

/// The instants at which a read is answered. One that lies on a day on which a protected source
/// spoke is answered as of the end of that day, or of now: nothing can be found by halving the day.
/// `valid_at` likewise, also on a day on which something is said to have happened.
Instants SnapToDays(const ProtectedTrace& trace, const Instants& asked, int64_t now_us);

/// Said with an answer that is not about the instant asked for: a proof that hid it would mislead.
inline constexpr char kSnapped[] =
    "a protected source was heard on the day asked about: answered as of the end of that day";

/// An instant that rests on a protected source: the beginning of its day.
void ShowDay(google::protobuf::Timestamp* instant);

/// References to protected reports, and ids that rest on one, at any depth, whatever it is.
void HideReferences(const Protection& protection, google::protobuf::Message* message);

/// Cuts what is shown of a recommendation; `recommended_us` is when it was made. From the first day
/// on which a protected source spoke no recorded criterion keeps figures or note: they may count
/// it. The assessment has those of open reports.
void HideProtected(const Protection& protection, int64_t recommended_us,
                   v1::Recommendation* recommendation);
void HideProtected(const Protection& protection, v1::OpenRecommendation* open);
/// Of one that rests on a protected source the day is shown, no themes and no cluster, and the
/// hour by which it is to be acknowledged, cut down, so that who keeps to it is in time.
void HideProtected(const Protection& protection, v1::RapidQualityReviewAlert* alert);
/// As that; once somebody has acknowledged it, nobody needs the hour.
void HideProtected(const Protection& protection, v1::Alert* alert);
/// Cuts what is shown of a provider, and gives it an etag of what is shown. `present` false: as of
/// a past instant, without a revision where something is hidden.
void HideProtected(const Protection& protection, bool present, v1::Provider* provider);
/// Cuts an event that is not itself hidden (Place::kOpen), or that rests on what is (kResting):
/// references to protected reports, ids that rest on one, and of what rests on one its times.
void HideProtected(const Protection& protection, const v1::StoredEvent& stored, v1::Event* event);

/// Leaves out what protected sources reported, and of recommendations what rests on it: a criterion
/// that merely aged is assessed as it was recorded. True when anything was left out.
bool LeaveOutProtected(const ProtectedTrace& trace, StreamAsOf* stream);
/// Cuts an assessment, given the same one on the state that LeaveOutProtected gives. A criterion
/// that has another value without protected sources says that it rests on one, and no more; every
/// other has the figures, evidence and note that it would have without them. Near misses and gaps
/// are those that both give.
void HideProtected(const Protection& protection, const v1::Assessment& without,
                   v1::Assessment* assessment);

/// Cuts what is owed, given what is owed on the state that LeaveOutProtected gives. What is not
/// among that, or not alike, rests on a protected source: whom it is owed by and why is shown, and
/// the day; no event, no time, and another id.
void HideProtected(const Protection& protection, const std::vector<v1::Obligation>& without,
                   int64_t as_of_us, std::vector<v1::Obligation>* owed);

/// One line of the timeline as a reader sees it.
struct Place {
  enum class What : uint8_t {
    kOtherSources,  ///< One or more reports of protected sources, of that day.
    kResting,       ///< Said by the engine, resting on one.
    kOpen,
  };
  int64_t day_us = 0;
  What what = What::kOpen;
  uint64_t revision = 0;                   ///< 0 for kOtherSources.
  const v1::StoredEvent* event = nullptr;  ///< Null for kOtherSources. Points into what was given.

  /// Orders the lines of a timeline, oldest first. What is hidden stands at the beginning of its
  /// day: between two entries of known time it would have a time.
  std::string Key() const;
};

/// The lines of a timeline, oldest first. All reports of one day are one line; of what rests on
/// them the last of each policy and day, and no alert that is told with another; `stream` is the
/// stream as it is now.
std::vector<Place> Arrange(const ProtectedTrace& trace, std::span<const v1::StoredEvent> events,
                           const StreamAsOf& stream);

/// The line of a day on which protected sources spoke.
v1::TimelineEntry OtherSources(int64_t day_us);

/// The revision of an open entry as it would be if no protected source had spoken.
uint64_t ShownRevision(const ProtectedTrace& trace, uint64_t revision);

}  // namespace trigpoint
