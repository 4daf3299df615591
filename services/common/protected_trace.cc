#include "services/common/protected_trace.h"

#include <algorithm>
#include <iterator>

#include "trigpoint/base/crypto.h"
#include "trigpoint/base/digest.h"
#include "trigpoint/base/status.h"
#include "trigpoint/base/time.h"
#include "trigpoint/domain/concern.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

constexpr size_t kShownIdLength = 32;

/// Of nearly every service: one for all.
ProtectedTraces::Trace NoTrace() {
  static const auto kNone = std::make_shared<const ProtectedTrace>();
  return kNone;
}

}  // namespace

int64_t DayStart(int64_t instant_us) { return LondonMidnight(LondonDate(instant_us)); }

int64_t DayEnd(int64_t instant_us) {
  return LondonMidnight(AddDays(LondonDate(instant_us), 1)) - 1;
}

ProtectedTrace ProtectedTrace::Of(std::span<const v1::StoredEvent> events) {
  ProtectedTrace trace;
  // First all reports: what was open when it came is protected, too, once a later version is.
  for (const auto& stored : events) trace.NoteReport(stored);
  if (trace.empty()) return trace;
  for (const auto& stored : events) trace.NoteConsequence(stored);
  return trace;
}

void ProtectedTrace::NoteReport(const v1::StoredEvent& stored) {
  const auto note = [this](const v1::Event& event) {
    if (!IsOfProtectedSource(event)) return;
    reports_.insert({event.source(), event.id()});
    causes_.insert(event.source() + '/' + event.id() + '/');
    sources_.insert(event.source());
    happened_.insert(DayStart(OccurredMicros(event)));
  };
  const v1::Event& event = stored.event();
  note(event);
  for (const auto& carried : event.memory_carried().facts()) {
    note(carried);
    if (IsOfProtectedSource(carried)) spoken_.insert(DayStart(stored.known_us()));
  }
}

void ProtectedTrace::NoteConsequence(const v1::StoredEvent& stored) {
  const v1::Event& event = stored.event();
  const bool report = IsReport(event);
  if (!report && !Rests(event)) return;
  hidden_.insert(stored.revision());
  spoken_.insert(DayStart(stored.known_us()));
  if (report) {
    happened_.insert(DayStart(OccurredMicros(event)));
    return;
  }
  resting_.insert(event.id());
  if (event.has_rapid_quality_review_alert()) {
    deadlines_.insert(ToMicros(event.rapid_quality_review_alert().acknowledge_by()));
  }
}

bool ProtectedTrace::IsReport(const v1::Event& event) const {
  return reports_.count({event.source(), event.id()}) > 0;
}

bool ProtectedTrace::Rests(const v1::Event& event) const {
  if (event.has_recommendation()) {
    const auto& said = event.recommendation();
    return IsCause(said.cause()) ||
           std::any_of(said.criteria().begin(), said.criteria().end(), [this](const auto& one) {
             return one.protected_source() || Cites(one.evidence());
           });
  }
  if (event.has_rapid_quality_review_alert()) {
    const auto& alert = event.rapid_quality_review_alert();
    return alert.protected_source() || IsCause(alert.cause()) || Cites(alert.evidence());
  }
  if (event.has_decision_basis_weakened()) {
    const auto& weakened = event.decision_basis_weakened();
    return IsCause(weakened.cause()) || Cites(weakened.evidence());
  }
  // What is left of a finding would tell of which incident a protected source spoke.
  if (event.has_cluster_confirmed()) return Names(event, event.cluster_confirmed().reports());
  if (event.has_cluster_split()) return Names(event, event.cluster_split().reports());
  if (event.has_cluster_linked()) return Names(event, event.cluster_linked().reports());
  if (event.has_feed_silent()) return IsProtectedSource(event.feed_silent().feed_source());
  // The deadline of an alert tells when it was raised.
  return event.has_deadline_passed() &&
         deadlines_.count(ToMicros(event.deadline_passed().due_at()) - 1) > 0;
}

bool ProtectedTrace::Cites(const google::protobuf::RepeatedPtrField<v1::EventRef>& refs) const {
  return std::any_of(refs.begin(), refs.end(),
                     [this](const auto& ref) { return IsProtected(ref.source(), ref.id()); });
}

bool ProtectedTrace::Names(const v1::Event& finding,
                           const google::protobuf::RepeatedPtrField<v1::EventRef>& refs) const {
  return std::any_of(refs.begin(), refs.end(), [&](const auto& ref) {
    return IsProtected(ref.source().empty() ? finding.source() : ref.source(), ref.id());
  });
}

bool ProtectedTrace::IsCause(const std::string& cause) const {
  const size_t version = cause.rfind('/');
  return version != std::string::npos && causes_.count(cause.substr(0, version + 1)) > 0;
}

uint64_t ProtectedTrace::HiddenBefore(uint64_t revision) const {
  return static_cast<uint64_t>(std::distance(hidden_.begin(), hidden_.lower_bound(revision)));
}

absl::StatusOr<ProtectedTraces::Trace> ProtectedTraces::Of(const std::string& stream_id,
                                                           uint64_t revision) {
  Kept kept;
  {
    const absl::MutexLock lock(&mu_);
    const auto it = kept_.find(stream_id);
    if (it != kept_.end()) kept = it->second;
  }
  if (kept.trace != nullptr && kept.until >= revision) return kept.trace;
  TP_ASSIGN_OR_RETURN(auto events, projector_->ReadEvents(stream_id, kept.until, UINT64_MAX));
  if (events.empty() && kept.trace != nullptr) return kept.trace;
  const bool more_reports =
      std::any_of(events.begin(), events.end(), [](const v1::StoredEvent& stored) {
        const auto& carried = stored.event().memory_carried().facts();
        return IsOfProtectedSource(stored.event()) ||
               std::any_of(carried.begin(), carried.end(), IsOfProtectedSource);
      });
  const uint64_t until = events.empty() ? kept.until : events.back().revision() + 1;
  if (more_reports || kept.trace == nullptr) {
    if (kept.until > 0) {
      TP_ASSIGN_OR_RETURN(events, projector_->ReadEvents(stream_id, 0, until));
    }
    auto trace = std::make_shared<const ProtectedTrace>(ProtectedTrace::Of(events));
    kept.trace = trace->empty() ? NoTrace() : std::move(trace);
  } else if (!kept.trace->empty()) {
    auto grown = std::make_shared<ProtectedTrace>(*kept.trace);
    for (const auto& stored : events) grown->NoteConsequence(stored);
    kept.trace = std::move(grown);
  }
  kept.until = until;
  const absl::MutexLock lock(&mu_);
  Kept& slot = kept_[stream_id];
  if (slot.trace == nullptr || slot.until <= kept.until) slot = kept;
  return kept.trace;
}

bool ProtectedTraces::Knows(const std::string& stream_id) const {
  const absl::MutexLock lock(&mu_);
  return kept_.contains(stream_id);
}

Veil::Veil(std::string_view secret)
    : key_(HmacSha256(secret, "ids that rest on a protected source")) {}

std::string Veil::Of(const std::string& id) const {
  return HexEncode(HmacSha256(key_, id)).substr(0, kShownIdLength);
}

std::string Veil::Behind(const ProtectedTrace& trace, const std::string& shown) const {
  if (trace.RestsOnProtected(shown)) return Of(shown);
  for (const std::string& id : trace.resting()) {
    if (Of(id) == shown) return id;
  }
  return shown;
}

}  // namespace trigpoint
