#include "services/query/disclosure_export.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "google/protobuf/unknown_field_set.h"
#include "services/common/protected_trace.h"
#include "services/query/timeline_summary.h"
#include "trigpoint/base/time.h"
#include "trigpoint/domain/evolve.h"
#include "trigpoint/events/catalogue.h"
#include "trigpoint/events/redact.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using Identity = std::pair<std::string, std::string>;

Identity IdentityOf(const v1::Event& event) { return {event.source(), event.id()}; }

v1::Sensitivity HighestOf(v1::RedactionProfile profile) {
  return profile == v1::REDACTION_PROFILE_PUBLIC ? v1::SENSITIVITY_C1_ORGANISATIONAL
                                                 : v1::SENSITIVITY_C3_PSEUDONYMISED;
}

bool IsOwnRecord(v1::RedactionProfile profile) {
  return profile == v1::REDACTION_PROFILE_SUBJECT_ACCESS;
}

/// Whether who reported is hidden, too.
bool HidesSources(v1::RedactionProfile profile) {
  return profile == v1::REDACTION_PROFILE_PUBLIC || profile == v1::REDACTION_PROFILE_PROVIDER;
}

/// Kinds that a disclosure may hold: reports, what people decided, what was recommended. Not how
/// the service keeps time and data: that would tell of reports that are withheld.
bool MayBeGiven(const v1::Event& event) {
  if (event.has_recommendation() || event.has_rapid_quality_review_alert()) return true;
  const KindInfo* kind = KindOf(event);
  return kind != nullptr && !kind->bookkeeping &&
         (kind->role == v1::EVENT_ROLE_FACT || kind->role == v1::EVENT_ROLE_DECISION);
}

/// Which of a stream's events there is anything to give of.
struct Standing {
  explicit Standing(std::span<const v1::StoredEvent> events) : trace(ProtectedTrace::Of(events)) {
    for (const auto& stored : events) {
      uint32_t& version = latest[IdentityOf(stored.event())];
      version = std::max(version, VersionOf(stored.event()));
    }
  }

  /// What a protected source said, what rests on it, and that somebody answered that.
  bool Hides(const v1::StoredEvent& stored) const {
    return trace.IsHidden(stored.revision()) ||
           trace.RestsOnProtected(stored.event().alert_acknowledged().alert_id()) ||
           trace.RestsOnProtected(stored.event().alert_declined().alert_id());
  }
  bool Replaced(const v1::Event& event) const {
    return event.has_event_retracted() || latest.at(IdentityOf(event)) > VersionOf(event);
  }

  ProtectedTrace trace;
  std::map<Identity, uint32_t> latest;
};

void CutToDay(google::protobuf::Timestamp* timestamp) {
  SetMicros(LondonMidnight(LondonDate(ToMicros(*timestamp))), timestamp);
}

void CutTimes(v1::Event* event) {
  if (event->has_occurred_at()) {
    CutToDay(event->mutable_occurred_at());
    event->set_occurred_precision(v1::TIME_PRECISION_DAY);
  }
  if (event->has_reported_at()) CutToDay(event->mutable_reported_at());
  if (event->has_received_at()) CutToDay(event->mutable_received_at());
  if (event->has_first_received_at()) CutToDay(event->mutable_first_received_at());
}

/// Takes out what a report says in words of its own, what it refers to, and by which way it came:
/// each may tell who reported. Codes, figures and dates stay.
void ClearWords(Message* message) {  // NOLINT(misc-no-recursion): as deep as the schema.
  const Reflection* at = message->GetReflection();
  at->MutableUnknownFields(message)->Clear();
  std::vector<const FieldDescriptor*> set;
  at->ListFields(*message, &set);
  for (const FieldDescriptor* field : set) {
    const bool coded = field->options().HasExtension(v1::code_list);
    const bool words = field->type() == FieldDescriptor::TYPE_STRING && !coded;
    const bool reference = field->message_type() == v1::EventRef::descriptor();
    if (words || reference || field->name() == "route") {
      at->ClearField(message, field);
    } else if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
      continue;
    } else if (!field->is_repeated()) {
      ClearWords(at->MutableMessage(message, field));
    } else {
      for (int i = 0; i < at->FieldSize(*message, field); ++i)
        ClearWords(at->MutableRepeatedMessage(message, field, i));
    }
  }
}

Message* PayloadOf(v1::Event* event) {
  const auto* payload = v1::Event::descriptor()->FindOneofByName("payload");
  const Reflection* at = v1::Event::GetReflection();
  return at->MutableMessage(event, at->GetOneofFieldDescriptor(*event, payload));
}

/// Who decided, by their role and organisation alone.
void ClearActor(v1::Event* event) {
  Message* payload = PayloadOf(event);
  const FieldDescriptor* actor = payload->GetDescriptor()->FindFieldByName("actor");
  if (actor != nullptr && payload->GetReflection()->HasField(*payload, actor)) {
    static_cast<v1::Actor*>(payload->GetReflection()->MutableMessage(payload, actor))
        ->clear_principal();
  }
  if (event->has_decision_proposed()) event->mutable_decision_proposed()->clear_based_on();
  if (event->has_alert_declined()) event->mutable_alert_declined()->clear_reason();
}

void HideSource(v1::Event* event) {
  event->clear_source();
  event->clear_id();
  event->clear_source_version();
  event->clear_incident_key();
  event->clear_source_organisation();
  ClearActor(event);
  if (IsFact(*event)) ClearWords(PayloadOf(event));
}

using Refs = google::protobuf::RepeatedPtrField<v1::EventRef>;

/// What the engine derived without its way there: a cause or an id that is a hash of one would lead
/// to reports that are withheld, and figures and notes may count them. Evidence stays as far as the
/// export shows it.
void ClearDerivation(const std::set<Identity>& shown, v1::Event* event) {
  const auto keep_shown = [&shown](Refs* refs) {
    refs->erase(std::remove_if(refs->begin(), refs->end(),
                               [&shown](const v1::EventRef& ref) {
                                 return !shown.contains({ref.source(), ref.id()});
                               }),
                refs->end());
  };
  if (event->has_recommendation()) {
    auto* recommendation = event->mutable_recommendation();
    recommendation->clear_recommendation_id();
    recommendation->clear_cause();
    recommendation->clear_previous();
    if (recommendation->has_as_of()) CutToDay(recommendation->mutable_as_of());
    for (auto& criterion : *recommendation->mutable_criteria()) {
      keep_shown(criterion.mutable_evidence());
      criterion.clear_figures();
      criterion.clear_note();
    }
    recommendation->clear_confidence();
  } else if (event->has_rapid_quality_review_alert()) {
    auto* alert = event->mutable_rapid_quality_review_alert();
    alert->clear_cluster();
    alert->clear_cause();
    keep_shown(alert->mutable_evidence());
  } else {
    return;
  }
  event->clear_id();
}

/// Removes the references of a message, at any depth, that are not to be kept.
template <typename Keep>
void KeepReferences(const Keep& keep, Message* message) {  // NOLINT(misc-no-recursion)
  const Reflection* at = message->GetReflection();
  std::vector<const FieldDescriptor*> set;
  at->ListFields(*message, &set);
  for (const FieldDescriptor* field : set) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    const bool reference = field->message_type() == v1::EventRef::descriptor();
    if (!field->is_repeated()) {
      Message* one = at->MutableMessage(message, field);
      if (!reference) {
        KeepReferences(keep, one);
      } else if (!keep(static_cast<const v1::EventRef&>(*one))) {
        at->ClearField(message, field);
      }
    } else if (reference) {
      int kept = 0;
      for (int i = 0; i < at->FieldSize(*message, field); ++i) {
        const auto& ref =
            static_cast<const v1::EventRef&>(at->GetRepeatedMessage(*message, field, i));
        if (keep(ref)) at->SwapElements(message, field, i, kept++);
      }
      while (at->FieldSize(*message, field) > kept) at->RemoveLast(message, field);
    } else {
      for (int i = 0; i < at->FieldSize(*message, field); ++i)
        KeepReferences(keep, at->MutableRepeatedMessage(message, field, i));
    }
  }
}

/// Leaves out references to what is given to nobody, or not in this export, and what a finding says
/// of another service.
void ClearReferences(const ExportScope& scope, const ProtectedTrace& trace,
                     const std::set<Identity>& shown, v1::Event* event) {
  if (event->has_cluster_linked()) event->mutable_cluster_linked()->clear_elsewhere();
  const bool named = !IsOwnRecord(scope.profile) && !HidesSources(scope.profile);
  KeepReferences(
      [&](const v1::EventRef& ref) {
        return !trace.IsProtected(ref.source(), ref.id()) &&
               (!named || shown.contains({ref.source(), ref.id()}));
      },
      event);
}

v1::TimelineEntry EntryOf(const v1::StoredEvent& stored, const ExportScope& scope,
                          const std::set<Identity>& shown, const Standing& standing,
                          KeySource* keys) {
  v1::Event event = stored.event();
  const v1::Sensitivity held = SensitivityOf(event);
  if (IsOwnRecord(scope.profile) && keys != nullptr) {
    if (!UnsealEvent(&event, *keys).ok()) StripNarratives(&event);
  } else {
    StripNarratives(&event);
    CutTimes(&event);
    ClearDerivation(shown, &event);
  }
  ClearReferences(scope, standing.trace, shown, &event);
  event.clear_submission_digest();
  event.clear_recorded_by();
  event.clear_visibility();
  if (HidesSources(scope.profile) && held > v1::SENSITIVITY_C0_PUBLIC) HideSource(&event);
  v1::TimelineEntry entry;
  const KindInfo* kind = KindOf(event);
  entry.set_kind(kind == nullptr ? "unknown" : std::string(kind->name));
  entry.set_summary(SummaryOf(event));
  if (const int64_t occurred = OccurredMicros(event); occurred != 0)
    SetMicros(occurred, entry.mutable_occurred_at());
  SetMicros(stored.known_us(), entry.mutable_known_at());
  if (!IsOwnRecord(scope.profile)) CutToDay(entry.mutable_known_at());
  entry.set_source(event.source());
  entry.set_id(event.id());
  entry.set_source_version(event.source_version());
  entry.set_superseded(standing.Replaced(stored.event()));
  *entry.mutable_event() = std::move(event);
  return entry;
}

bool InScope(const v1::Event& event, const ExportScope& scope) {
  const int64_t occurred = OccurredMicros(event);
  if (scope.from_us.has_value() && occurred < *scope.from_us) return false;
  if (scope.until_us.has_value() && occurred >= *scope.until_us) return false;
  return !scope.record.has_value() ||
         IdentityOf(event) == Identity(scope.record->source(), scope.record->id());
}

}  // namespace

std::string ProfileName(v1::RedactionProfile profile) {
  constexpr std::string_view kPrefix = "REDACTION_PROFILE_";
  std::string name = v1::RedactionProfile_Name(profile);
  if (name.starts_with(kPrefix)) name.erase(0, kPrefix.size());
  return name;
}

std::vector<std::string> LeftOutOf(v1::RedactionProfile profile) {
  std::vector<std::string> left_out = {
      "protected sources, and what rests on them",
      "how the service keeps its data: holds, erasures, other disclosures"};
  if (IsOwnRecord(profile)) {
    left_out.emplace_back("records of class C4");
    left_out.emplace_back("who entered the record");
    return left_out;
  }
  left_out.emplace_back("personal and free texts");
  left_out.emplace_back("times of day");
  left_out.emplace_back("figures and notes of recommendations");
  left_out.emplace_back("versions that were corrected, records that were taken back");
  if (HidesSources(profile)) {
    left_out.emplace_back("who reported, and whatever a report says in words of its own");
    left_out.emplace_back("names of those who decided, and the reports behind a recommendation");
  }
  left_out.emplace_back(profile == v1::REDACTION_PROFILE_PUBLIC
                            ? "everything of class C2 and above"
                            : "everything of class C4 and above");
  return left_out;
}

DisclosureExport MakeExport(std::span<const v1::StoredEvent> events, const ExportScope& scope,
                            KeySource* keys) {
  const Standing standing(events);
  const bool own = IsOwnRecord(scope.profile);
  const v1::Sensitivity highest = HighestOf(scope.profile);
  DisclosureExport made;
  uint32_t withheld = 0;
  std::vector<const v1::StoredEvent*> given;
  std::set<Identity> shown;
  for (const auto& stored : events) {
    const v1::Event& event = stored.event();
    if (!MayBeGiven(event) || standing.Hides(stored)) continue;
    const bool replaced = standing.Replaced(event);
    if (replaced && !own) continue;
    if (SensitivityOf(event) > highest) {
      if (IsFact(event)) ++withheld;  // Of the whole service, whatever was asked for.
      continue;
    }
    if (!InScope(event, scope)) continue;
    given.push_back(&stored);
    if (!HidesSources(scope.profile)) shown.insert(IdentityOf(event));
  }
  for (const auto* stored : given) {
    const v1::Event& event = stored->event();
    made.highest = std::max(made.highest, SensitivityOf(event));
    made.entries.push_back(EntryOf(*stored, scope, shown, standing, keys));
  }
  if (own) return made;  // One record: nothing of the others, not even how many there are.
  made.withheld = withheld - withheld % kWithheldStep;
  made.withheld_suppressed = withheld < kWithheldStep;
  return made;
}

}  // namespace trigpoint
