#include "trigpoint/events/redact.h"

#include "google/protobuf/message.h"
#include "google/protobuf/unknown_field_set.h"
#include "message_rules.h"
#include "trigpoint/base/time.h"
#include "trigpoint/events/catalogue.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

// The payload's own fields and everything that a newer version may have put into the event.
void ClearContent(v1::Event* event) {
  const google::protobuf::Reflection* reflection = event->GetReflection();
  reflection->MutableUnknownFields(event)->Clear();
  const google::protobuf::OneofDescriptor* payload =
      v1::Event::descriptor()->FindOneofByName("payload");
  if (const auto* field = reflection->GetOneofFieldDescriptor(*event, payload)) {
    reflection->MutableMessage(event, field)->Clear();
  }
  event->clear_submission_digest();
  event->clear_recorded_by();
}

void CutToDay(google::protobuf::Timestamp* timestamp) {
  const int64_t micros = ToMicros(*timestamp);
  const int64_t in_day = ((micros % kMicrosPerDay) + kMicrosPerDay) % kMicrosPerDay;
  SetMicros(micros - in_day, timestamp);
}

// A named reporter can be found again from an id, an organisation or a time of day (domain.md 2.2).
void HideProtectedSource(v1::Event* event) {
  event->clear_source();
  event->clear_id();
  event->clear_source_version();
  event->clear_incident_key();
  event->clear_source_organisation();
  event->clear_evidence_category();
  event->clear_themes();
  event->clear_key_questions();
  event->clear_visibility();
  if (event->has_occurred_at()) {
    CutToDay(event->mutable_occurred_at());
    event->set_occurred_precision(v1::TIME_PRECISION_DAY);
  }
  if (event->has_reported_at()) CutToDay(event->mutable_reported_at());
  if (event->has_received_at()) CutToDay(event->mutable_received_at());
  if (event->has_first_received_at()) CutToDay(event->mutable_first_received_at());
}

// What was carried from a predecessor holds records of every class, and is hidden record by record.
void HideCarried(v1::Sensitivity held, v1::MemoryCarried* memory) {
  auto* facts = memory->mutable_facts();
  for (int i = facts->size() - 1; i >= 0; --i) {
    const v1::Sensitivity sensitivity = SensitivityOf(facts->Get(i));
    if (sensitivity >= v1::SENSITIVITY_C4_SPECIAL_CATEGORY || sensitivity > held)
      facts->DeleteSubrange(i, 1);
  }
}

}  // namespace

void StripNarratives(v1::Event* event) { ClearSealable(event); }

void RedactFor(v1::Event* event, v1::Sensitivity clearance) {
  const v1::Sensitivity held =
      clearance == v1::SENSITIVITY_UNSPECIFIED ? v1::SENSITIVITY_C0_PUBLIC : clearance;
  const v1::Sensitivity sensitivity = SensitivityOf(*event);
  if (sensitivity >= v1::SENSITIVITY_C4_SPECIAL_CATEGORY || sensitivity > held) {
    ClearContent(event);
  }
  if (sensitivity >= v1::SENSITIVITY_C5_PROTECTED_SOURCE) {
    HideProtectedSource(event);
  }
  event->set_sensitivity(sensitivity);
  if (event->has_memory_carried()) HideCarried(held, event->mutable_memory_carried());
  if (held < v1::SENSITIVITY_C3_PSEUDONYMISED) {
    ClearSealable(event);
  }
}

}  // namespace trigpoint
