#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "trigpoint/v1/events.pb.h"

namespace trigpoint {

/// Who hands an event in.
enum class Submitter {
  kPartner,   ///< Facts only; nothing that this service stamps; nothing sealed.
  kBackfill,  ///< Facts and the brackets of a backfill; may state received_at.
  kService,   ///< One of our own processes; may stamp and may hand in sealed fields.
};

/// What Validate needs to know beside the event.
struct ValidateOptions {
  Submitter submitter = Submitter::kPartner;
  /// When the submission arrived, in microseconds since 1970; 0: no check against the future.
  int64_t received_us = 0;
  /// Greatest serialised size of an event, in bytes.
  size_t bytes_max = size_t{256} * 1024;
};

/// Checks one event against the options of its schema and gives every problem, in the order of the
/// fields; empty when it is valid. Nothing is judged here, only whether the record can be used.
///
/// Rules (FieldViolation.rule): KIND_MISSING, UNKNOWN_KIND, UNKNOWN_FIELD, UNKNOWN_ENUM_VALUE,
/// REQUIRED, STAMPED, ROLE_NOT_ACCEPTED, SEALED_NOT_ACCEPTED, VAULT_NOT_AVAILABLE,
/// SENSITIVITY_BELOW_FLOOR, DATE_INVALID, MONTH_INVALID, TIMESTAMP_INVALID, OCCURRED_IN_FUTURE,
/// RECEIVED_IN_FUTURE,
/// REFERENCE_EMPTY, NUMBER_OUT_OF_RANGE, TOO_LONG, CONTROL_CHARACTER, SURROUNDING_SPACE,
/// PERSON_AS_SUBJECT, NHS_NUMBER_IN_TEXT, DATE_OF_BIRTH_IN_TEXT, MESSAGE_TOO_LARGE.
///
/// `field` is the path by schema names: "commissioner_visit_conducted.findings[0].grade". No
/// description repeats a value.
/// Limits: identifiers at most 200 bytes without control characters; other plain text 4000 bytes
/// (kService and control events: as the event); occurred_at and reported_at at most one day after
/// received_us and not before 1900; beds 5000, people 100000, days 36600, others 1e9.
/// `subject` is required of facts, save of a retraction and of a kind that cites another event.
std::vector<v1::FieldViolation> Validate(const v1::Event& event, const ValidateOptions& options);

/// Fills what a valid submission may leave out, after SubmissionDigest and before the append:
/// source_version 0 becomes 1; an unset sensitivity becomes the floor of the kind; an unset lawful
/// basis becomes LAWFUL_BASIS_PUBLIC_TASK where the sensitivity is C3 or higher. domain.md 2.1
/// wants a lawful basis there; refusing a safeguarding report for the lack of one would lose it,
/// and public task is the basis on which councils and ICBs exchange this intelligence.
void ApplyDefaults(v1::Event* event);

}  // namespace trigpoint
