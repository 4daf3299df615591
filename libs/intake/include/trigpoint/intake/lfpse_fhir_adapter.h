#pragma once

#include <cstdint>
#include <istream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "trigpoint/intake/feed_adapter.h"

namespace trigpoint {

/// What a file of patient safety events held.
struct LfpseFhirCounts {
  uint64_t resources = 0;  ///< AdverseEvent resources.
  uint64_t incidents = 0;
  uint64_t retracted = 0;  ///< EventRetracted events.
  uint64_t outcomes = 0;   ///< Not incidents; no event where they name no organisation.
  uint64_t risks = 0;
  uint64_t good_care = 0;
  uint64_t opted_out = 0;         ///< Whose reporter does not want the data shared: no event.
  uint64_t protected_source = 0;  ///< Incidents whose reporter fears consequences.
  uint64_t never_events = 0;
  uint64_t never_event_without_type = 0;
  uint64_t further_organisations = 0;  ///< Named beside the first one.
  uint64_t dates_not_read = 0;         ///< Estimated dates in free words.
  uint64_t other_resources = 0;        ///< Of a Bundle.
  uint64_t refused = 0;
};

/// Reads patient safety events of the Learn from Patient Safety Events service (LFPSE): FHIR R4
/// AdverseEvent resources of its profile, version 5, or gzip of them: one resource, a Bundle, one
/// resource on each line, or a list.
///
/// For each patient safety event IncidentReported <id of the resource> (source
/// "nhs-england/lfpse"), version meta.versionId; a resource entered in error gives EventRetracted
/// of the same id (version 2 where it has none). The subject has the scheme "ods" and the first
/// organisation of the location's details. incident_key is the reference number of the event. Harm
/// is the worst of all patients: LFPSE counts physical harm from 1 fatal to 5 none and
/// psychological harm from 1 severe to 4 none (CL-01). Outcomes, risks and good care say so
/// (`event_kind`), and no rule counts them; without an organisation they give no event. Codes are
/// those of CL-02.
///
/// Reported anonymously for fear of consequences (reasons 4 to 7): SENSITIVITY_C5_PROTECTED_SOURCE,
/// who and of which organisation the reporter is left out, times cut to the day. The description
/// becomes the sealed narrative. Patients are not read beyond their harm: no reference, identifier,
/// age or gender; of reporters only the organisation, whether patient, relative or staff, and the
/// reasons for anonymity.
///
/// A resource of which something cannot be read is refused and nothing of it used: an incident
/// without its harm misleads. The field is the path ("entry[2].resource.extension[0].url").
/// Rules: NOT_UTF8, JSON_SYNTAX, TOO_DEEP, NOT_A_DOCUMENT, NOT_AN_ADVERSE_EVENT, ID_NOT_USABLE,
/// VERSION_NOT_READ, STATUS_NOT_KNOWN, KIND_NOT_KNOWN, CODE_NOT_KNOWN, VALUE_MISSING, WRONG_TYPE,
/// DATE_NOT_READ, SUBJECT_MISSING, KEY_NOT_USABLE. What is kept of a refused resource is its id and
/// version.
/// Memory: the whole file. Limit: 2 GiB uncompressed.
class LfpseFhirAdapter : public FeedAdapter {
 public:
  absl::Status Read(std::istream& input, RowSink& sink) override;

  std::vector<std::pair<std::string, uint64_t>> Found() const override;

  /// What the last Read found; complete only when it returned OK.
  const LfpseFhirCounts& counts() const { return counts_; }

 private:
  LfpseFhirCounts counts_;
};

}  // namespace trigpoint
