#include "services/query/protected.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "google/protobuf/message.h"
#include "services/query/paging.h"
#include "trigpoint/base/digest.h"
#include "trigpoint/base/time.h"
#include "trigpoint/domain/concern.h"
#include "trigpoint/events/times.h"
#include "trigpoint/policy/alerts.h"

namespace trigpoint {
namespace {

using Criteria = google::protobuf::RepeatedPtrField<v1::CriterionResult>;

/// Stands where a protected report is referred to by a field that must say something: a hold on
/// nothing would read as a hold on everything.
constexpr char kProtectedReference[] = "protected source";

bool IsProtected(const ProtectedTrace& trace, const v1::EventRef& ref) {
  return trace.IsProtected(ref.source(), ref.id());
}

/// Gives whether anything was removed.
bool RemoveProtected(const ProtectedTrace& trace,
                     google::protobuf::RepeatedPtrField<v1::EventRef>* refs) {
  const int before = refs->size();
  refs->erase(std::remove_if(refs->begin(), refs->end(),
                             [&](const v1::EventRef& ref) { return IsProtected(trace, ref); }),
              refs->end());
  return refs->size() < before;
}

/// The same for a repeated field of references, in the order in which they stand.
void RemoveReferences(const ProtectedTrace& trace, const google::protobuf::FieldDescriptor* field,
                      google::protobuf::Message* message) {
  const google::protobuf::Reflection* reflection = message->GetReflection();
  int kept = 0;
  for (int i = 0; i < reflection->FieldSize(*message, field); ++i) {
    const auto& ref =
        static_cast<const v1::EventRef&>(reflection->GetRepeatedMessage(*message, field, i));
    if (!IsProtected(trace, ref)) reflection->SwapElements(message, field, i, kept++);
  }
  while (reflection->FieldSize(*message, field) > kept) reflection->RemoveLast(message, field);
}

void HideProof(v1::CriterionResult* criterion) {
  criterion->clear_evidence();
  criterion->clear_figures();
  criterion->clear_note();
  criterion->set_protected_source(true);
}

void HideCarried(const ProtectedTrace& trace, v1::MemoryCarried* memory) {
  auto* facts = memory->mutable_facts();
  facts->erase(std::remove_if(facts->begin(), facts->end(),
                              [&trace](const v1::Event& fact) {
                                return trace.IsProtected(fact.source(), fact.id());
                              }),
               facts->end());
}

void HideSilence(v1::FeedSilent* silent) {
  silent->clear_feed_source();
  silent->clear_kind();
  silent->clear_cause();
  silent->clear_missed();
  if (silent->has_last_at()) ShowDay(silent->mutable_last_at());
  if (silent->has_since()) ShowDay(silent->mutable_since());
}

/// The key of what only the last of a day is shown of; empty: each is.
std::string OncePerDay(const v1::Event& event) {
  if (event.has_recommendation()) return "recommendation\n" + event.recommendation().policy_id();
  if (event.has_decision_basis_weakened())
    return "weakened\n" + event.decision_basis_weakened().policy_id();
  return event.has_feed_silent() ? "silent" : "";
}

bool IsShown(const v1::StoredEvent& stored, const StreamAsOf& stream) {
  const v1::Event& event = stored.event();
  if (event.has_deadline_passed()) return false;
  return !event.has_rapid_quality_review_alert() ||
         !IsToldWithAnother(event.rapid_quality_review_alert(), stream.record, stream.state);
}

template <typename Texts>
void KeepThoseOf(const Texts& without, Texts* texts) {
  const std::set<std::string> known(without.begin(), without.end());
  texts->erase(std::remove_if(texts->begin(), texts->end(),
                              [&known](const auto& text) { return known.count(text) == 0; }),
               texts->end());
}

}  // namespace

Instants SnapToDays(const ProtectedTrace& trace, const Instants& asked, int64_t now_us) {
  Instants shown = asked;
  if (trace.empty() || !asked.past) return shown;
  const bool has_as_of = asked.as_of.known_us != kNever;
  if (has_as_of && trace.SpokeOn(asked.as_of.known_us))
    shown.as_of.known_us =
        std::max(asked.as_of.known_us, std::min(DayEnd(asked.as_of.known_us), now_us));
  if (!asked.as_of.valid_us.has_value()) {
    shown.assess_us = shown.as_of.known_us;
    return shown;
  }
  const int64_t valid_us = *asked.as_of.valid_us;
  if (trace.SpokeOn(valid_us) || trace.HappenedOn(valid_us)) {
    const int64_t last_us = has_as_of ? shown.as_of.known_us : now_us;
    shown.as_of.valid_us = std::max(valid_us, std::min(DayEnd(valid_us), last_us));
  }
  shown.assess_us = *shown.as_of.valid_us;
  return shown;
}

void HideReferences(const Protection& protection, google::protobuf::Message* message) {
  const google::protobuf::Reflection* reflection = message->GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection->ListFields(*message, &fields);
  for (const auto* field : fields) {
    if (field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_STRING &&
        !field->is_repeated()) {
      const std::string value = reflection->GetString(*message, field);
      if (protection.trace.RestsOnProtected(value))
        reflection->SetString(message, field, protection.veil.Of(value));
    }
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    const bool refs = field->message_type() == v1::EventRef::descriptor();
    if (!field->is_repeated()) {
      auto* one = reflection->MutableMessage(message, field);
      auto* ref = refs ? static_cast<v1::EventRef*>(one) : nullptr;
      if (ref != nullptr && IsProtected(protection.trace, *ref)) {
        ref->Clear();
        ref->set_source(kProtectedReference);
      }
      HideReferences(protection, one);
    } else if (refs) {
      RemoveReferences(protection.trace, field, message);
    } else {
      for (int i = 0; i < reflection->FieldSize(*message, field); ++i)
        HideReferences(protection, reflection->MutableRepeatedMessage(message, field, i));
    }
  }
}

void ShowDay(google::protobuf::Timestamp* instant) {
  SetMicros(DayStart(ToMicros(*instant)), instant);
}

void HideProtected(const Protection& protection, int64_t recommended_us,
                   v1::Recommendation* recommendation) {
  const ProtectedTrace& trace = protection.trace;
  if (trace.empty() || recommended_us < trace.first_us()) return;
  if (trace.RestsOnProtected(recommendation->recommendation_id())) {
    recommendation->clear_cause();
    if (recommendation->has_as_of()) ShowDay(recommendation->mutable_as_of());
  }
  for (auto& criterion : *recommendation->mutable_criteria()) {
    const bool rests =
        criterion.protected_source() || RemoveProtected(trace, criterion.mutable_evidence());
    if (rests) HideProof(&criterion);
    criterion.clear_figures();
    criterion.clear_note();
  }
  recommendation->clear_confidence();
  HideReferences(protection, recommendation);
}

void HideProtected(const Protection& protection, v1::OpenRecommendation* open) {
  const bool rests = protection.trace.RestsOnProtected(open->recommendation().recommendation_id());
  HideProtected(protection, ToMicros(open->recommended_at()), open->mutable_recommendation());
  if (rests) ShowDay(open->mutable_recommended_at());
}

void HideProtected(const Protection& protection, v1::RapidQualityReviewAlert* alert) {
  const ProtectedTrace& trace = protection.trace;
  const bool rests = trace.RestsOnProtected(alert->alert_id()) || alert->protected_source();
  if (!rests) {
    if (!trace.empty()) HideReferences(protection, alert);
    return;
  }
  if (RemoveProtected(trace, alert->mutable_evidence()) && alert->evidence().empty()) {
    alert->clear_themes();
    // It counts organisations: TRUE would say that this one is none of those known.
    alert->set_rapid_sharing_needed(v1::TRUTH_VALUE_UNKNOWN);
  }
  alert->clear_cause();
  alert->clear_cluster();
  alert->set_protected_source(true);
  if (alert->has_acknowledge_by()) {
    const int64_t due_us = ToMicros(alert->acknowledge_by());
    SetMicros(due_us - ((due_us % kMicrosPerHour) + kMicrosPerHour) % kMicrosPerHour,
              alert->mutable_acknowledge_by());
  }
  HideReferences(protection, alert);
}

void HideProtected(const Protection& protection, v1::Alert* alert) {
  const bool rests =
      protection.trace.RestsOnProtected(alert->alert_id()) || alert->detail().protected_source();
  HideProtected(protection, alert->mutable_detail());
  alert->set_alert_id(protection.veil.Shown(protection.trace, alert->alert_id()));
  bool answered = alert->has_acknowledged_at();
  for (auto& decline : *alert->mutable_declines()) {
    decline.set_alert_id(protection.veil.Shown(protection.trace, decline.alert_id()));
    answered = answered || decline.alert_id() == alert->alert_id();
  }
  if (!rests) return;
  ShowDay(alert->mutable_raised_at());
  if (answered) alert->mutable_detail()->clear_acknowledge_by();
}

void HideProtected(const Protection& protection, bool present, v1::Provider* provider) {
  const ProtectedTrace& trace = protection.trace;
  if (!trace.empty()) {
    for (auto& level : *provider->mutable_levels()) {
      if (!trace.RestsOnProtected(level.recommendation_id())) continue;
      level.set_recommendation_id(protection.veil.Of(level.recommendation_id()));
      ShowDay(level.mutable_recommended_at());
    }
    if (provider->has_last_event_at() && trace.SpokeOn(ToMicros(provider->last_event_at())))
      ShowDay(provider->mutable_last_event_at());
    provider->set_revision(present ? ShownRevision(trace, provider->revision()) : 0);
  }
  provider->clear_etag();
  provider->set_etag('"' + Sha256Hex(provider->SerializeAsString()).substr(0, 16) + '"');
}

void HideProtected(const Protection& protection, const v1::StoredEvent& stored, v1::Event* event) {
  if (protection.trace.empty()) return;
  const bool rests = protection.trace.RestsOnProtected(stored.event().id());
  if (event->has_recommendation()) {
    HideProtected(protection, stored.known_us(), event->mutable_recommendation());
  } else if (event->has_rapid_quality_review_alert()) {
    HideProtected(protection, event->mutable_rapid_quality_review_alert());
    if (rests) event->mutable_rapid_quality_review_alert()->clear_acknowledge_by();
  } else if (event->has_decision_basis_weakened() && rests) {
    event->mutable_decision_basis_weakened()->clear_cause();
  } else if (event->has_memory_carried()) {
    HideCarried(protection.trace, event->mutable_memory_carried());
  } else if (rests && event->has_cluster_confirmed()) {
    event->mutable_cluster_confirmed()->Clear();
  } else if (rests && event->has_cluster_split()) {
    event->mutable_cluster_split()->Clear();
  } else if (rests && event->has_cluster_linked()) {
    event->mutable_cluster_linked()->Clear();
  } else if (event->has_feed_silent() && rests) {
    HideSilence(event->mutable_feed_silent());
  } else if (event->has_personal_data_erased()) {
    auto* erased = event->mutable_personal_data_erased();
    if (RemoveProtected(protection.trace, erased->mutable_records())) erased->clear_key_ids();
  }
  HideReferences(protection, event);
  if (!rests) return;
  if (event->has_occurred_at()) ShowDay(event->mutable_occurred_at());
  if (event->has_reported_at()) ShowDay(event->mutable_reported_at());
  if (event->has_received_at()) ShowDay(event->mutable_received_at());
  event->clear_submission_digest();
}

bool LeaveOutProtected(const ProtectedTrace& trace, StreamAsOf* stream) {
  if (trace.empty()) return false;
  const auto is_protected = [&trace](const auto& one) {
    return trace.IsProtected(one.source(), one.id());
  };
  auto* concerns = stream->state.mutable_concerns();
  auto* facts = stream->state.mutable_facts();
  const int before = concerns->size() + facts->size();
  concerns->erase(std::remove_if(concerns->begin(), concerns->end(), is_protected),
                  concerns->end());
  facts->erase(std::remove_if(facts->begin(), facts->end(), is_protected), facts->end());
  bool any = concerns->size() + facts->size() < before;
  for (auto& policy : *stream->record.mutable_policies()) {
    if (!policy.has_recommendation() || policy.recommended_us() < trace.first_us()) continue;
    any = true;
    auto* criteria = policy.mutable_recommendation()->mutable_criteria();
    criteria->erase(std::remove_if(criteria->begin(), criteria->end(),
                                   [&](const v1::CriterionResult& criterion) {
                                     return criterion.protected_source() ||
                                            std::any_of(criterion.evidence().begin(),
                                                        criterion.evidence().end(), is_protected);
                                   }),
                    criteria->end());
    for (auto& criterion : *criteria) criterion.clear_figures();
  }
  return any;
}

void HideProtected(const Protection& protection, const v1::Assessment& without,
                   v1::Assessment* assessment) {
  std::map<std::string, const v1::CriterionResult*> open;
  for (const auto& criterion : without.criteria()) open[criterion.id()] = &criterion;
  for (auto& criterion : *assessment->mutable_criteria()) {
    const auto it = open.find(criterion.id());
    if (it == open.end() || it->second->value() != criterion.value()) {
      HideProof(&criterion);
      continue;
    }
    *criterion.mutable_evidence() = it->second->evidence();
    *criterion.mutable_figures() = it->second->figures();
    criterion.set_note(it->second->note());
  }
  *assessment->mutable_confidence() = without.confidence();
  KeepThoseOf(without.near_misses(), assessment->mutable_near_misses());
  KeepThoseOf(without.gaps(), assessment->mutable_gaps());
  HideReferences(protection, assessment);
}

void HideProtected(const Protection& protection, const std::vector<v1::Obligation>& without,
                   int64_t as_of_us, std::vector<v1::Obligation>* owed) {
  std::map<std::string, std::string> open;
  for (const auto& one : without) open[one.obligation_id()] = one.SerializeAsString();
  for (auto& one : *owed) {
    const auto it = open.find(one.obligation_id());
    if (it != open.end() && it->second == one.SerializeAsString()) continue;
    one.clear_started_by();
    one.clear_discharged_by();
    if (one.has_started_at()) ShowDay(one.mutable_started_at());
    if (one.has_discharged_at()) ShowDay(one.mutable_discharged_at());
    // Who keeps to the beginning of the day is in time.
    const int64_t due_us = ToMicros(one.due_at());
    if (one.has_due_at() && due_us != LondonEndOfDay(LondonDate(due_us))) {
      ShowDay(one.mutable_due_at());
      if (one.status() == v1::Obligation::STATUS_OPEN && ToMicros(one.due_at()) < as_of_us)
        one.set_status(v1::Obligation::STATUS_OVERDUE);
    }
    one.set_obligation_id(protection.veil.Of(one.stream_id() + '\n' + one.policy_id() + '\n' +
                                             one.rule() + '\n' + one.recipient() + '\n' +
                                             std::to_string(ToMicros(one.started_at()))));
  }
}

std::string Place::Key() const {
  return SortableNumber(day_us, false) + static_cast<char>('0' + static_cast<int>(what)) +
         SortableNumber(static_cast<int64_t>(revision), false);
}

std::vector<Place> Arrange(const ProtectedTrace& trace, std::span<const v1::StoredEvent> events,
                           const StreamAsOf& stream) {
  std::map<std::string, Place> places;
  std::map<std::pair<int64_t, std::string>, std::string> last;  // To the key of its place.
  for (const auto& stored : events) {
    const v1::Event& event = stored.event();
    Place place{.day_us = DayStart(stored.known_us())};
    if (trace.IsProtected(event.source(), event.id())) {
      place.what = Place::What::kOtherSources;
    } else {
      place.what = trace.IsHidden(stored.revision()) ? Place::What::kResting : Place::What::kOpen;
      place.revision = stored.revision();
      place.event = &stored;
    }
    if (place.what == Place::What::kResting) {
      if (!IsShown(stored, stream)) continue;
      if (const std::string once = OncePerDay(event); !once.empty()) {
        std::string& key = last[{place.day_us, once}];
        places.erase(key);
        key = place.Key();
      }
    }
    places[place.Key()] = place;
  }
  std::vector<Place> arranged;
  for (const auto& [key, place] : places) arranged.push_back(place);
  return arranged;
}

v1::TimelineEntry OtherSources(int64_t day_us) {
  v1::TimelineEntry entry;
  entry.set_kind("other_sources");
  entry.set_summary("Other sources: one or more reports whose source is protected.");
  SetMicros(day_us, entry.mutable_known_at());
  entry.set_hidden(true);
  entry.mutable_event()->set_sensitivity(v1::SENSITIVITY_C5_PROTECTED_SOURCE);
  SetMicros(day_us, entry.mutable_event()->mutable_received_at());
  return entry;
}

uint64_t ShownRevision(const ProtectedTrace& trace, uint64_t revision) {
  return revision - trace.HiddenBefore(revision);
}

}  // namespace trigpoint
