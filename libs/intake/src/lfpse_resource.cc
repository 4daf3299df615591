#include "lfpse_resource.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include "cells.h"
#include "cqc_date_order.h"
#include "fhir_fields.h"
#include "lfpse_codes.h"
#include "trigpoint/events/catalogue.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

constexpr std::string_view kSource = "nhs-england/lfpse";
constexpr std::string_view kUnknownCode = "is not a code of LFPSE's list";

// A code of an answer, read by `read`; notes CODE_NOT_KNOWN.
template <typename Value>
std::optional<Value> CodeOf(const JsonFields& answer,
                            std::optional<Value> (*read)(std::string_view)) {
  const std::string code = FhirValue(answer, "valueCode");
  const std::optional<Value> value = code.empty() ? std::nullopt : read(code);
  if (!value && !code.empty()) answer.Refuse("valueCode", "CODE_NOT_KNOWN", kUnknownCode);
  return value;
}

bool IsYes(const JsonFields& extension, std::string_view question) {
  const auto answers = FhirAnswers(extension, question);
  return std::any_of(answers.begin(), answers.end(), [](const JsonFields& answer) {
    const std::string code = FhirValue(answer, "valueCode");
    if (!code.empty() && code != "y" && code != "n" && code != "u") {
      answer.Refuse("valueCode", "CODE_NOT_KNOWN", "must be y, n or u");
    }
    return code == "y";
  });
}

bool IsTrue(const JsonFields& extension, std::string_view question) {
  const auto answers = FhirAnswers(extension, question);
  return std::any_of(answers.begin(), answers.end(), [](const JsonFields& answer) {
    // Silence is no "no": other versions answer with a code.
    if (!answer.Has("valueBoolean"))
      answer.Refuse("valueBoolean", "VALUE_MISSING", "must be there");
    return answer.Flag("valueBoolean").value_or(false);
  });
}

// Of two patients: that nothing is known of one is never outweighed by no relation to the other.
bool LessRelated(v1::Association a, v1::Association b) {
  const auto rank = [](v1::Association one) {
    if (one == v1::ASSOCIATION_NOT_RELATED) return 1;
    if (one == v1::ASSOCIATION_NOT_KNOWN) return 2;
    return static_cast<int>(one);
  };
  return rank(a) < rank(b);
}

// Reads one resource. Confined to one call.
class ResourceReader {
 public:
  ResourceReader(const JsonFields& resource, LfpseFhirCounts* counts)
      : resource_(resource), counts_(counts) {}

  std::optional<v1::Event> Read() {
    event_.set_source(std::string(kSource));
    ReadIdentity();
    const bool in_error = InError();
    const std::optional<v1::LfpseEvent> kind = in_error ? v1::LFPSE_EVENT_INCIDENT : KindOf();
    if (!kind) return std::nullopt;
    for (const JsonFields& metadata :
         FhirExtensions(resource_, "adverse-event-reference-metadata")) {
      if (!in_error && IsTrue(metadata, "DataSharingOptOut")) {
        ++counts_->opted_out;
        return std::nullopt;
      }
    }
    ReadSubject(!in_error && *kind == v1::LFPSE_EVENT_INCIDENT);
    if (!in_error && *kind != v1::LFPSE_EVENT_INCIDENT && !event_.has_subject()) {
      Count(*kind);  // What is no incident need not be about one organisation.
      return std::nullopt;
    }
    ReadTimes();
    if (in_error) {
      ++counts_->retracted;
      // A record that never had a version was read as 1, which a retraction must exceed.
      if (!versioned_) event_.set_source_version(2);
      event_.mutable_event_retracted()->set_reason(v1::EventRetracted::REASON_ENTERED_IN_ERROR);
    } else {
      Count(*kind);
      ReadIncident(*kind);
    }
    ReadReporter();
    return std::move(event_);
  }

 private:
  void ReadIdentity() {
    constexpr size_t kIdBytesMax = 64;  // FHIR's.
    const std::string id = resource_.Text("id");
    if (id.empty() || id.size() > kIdBytesMax ||
        !std::all_of(id.begin(), id.end(), [](char c) { return IsUsableId(std::string(1, c)); })) {
      resource_.Refuse("id", "ID_NOT_USABLE",
                       "must be letters, digits, dash, dot or underscore, at most 64");
    }
    event_.set_id(id);
    event_.set_source_version(1);
    const auto meta = resource_.Object("meta");
    const std::string text = meta ? meta->Text("versionId") : "";
    uint32_t version = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
    if (error == std::errc() && end == text.data() + text.size() && version > 0) {
      event_.set_source_version(version);
      versioned_ = true;
    } else if (!text.empty()) {
      meta->Refuse("versionId", "VERSION_NOT_READ", "must be a whole number from 1");
    }
  }

  bool InError() const {
    static constexpr std::string_view kKnown[] = {"", "in-progress", "completed", "unknown"};
    const std::string status = resource_.Text("status");
    if (status == "entered-in-error") return true;
    if (std::find(std::begin(kKnown), std::end(kKnown), status) == std::end(kKnown)) {
      resource_.Refuse("status", "STATUS_NOT_KNOWN",
                       "must be in-progress, completed, entered-in-error or unknown");
    }
    return false;
  }

  // By its words; else by the sections that only one kind has.
  std::optional<v1::LfpseEvent> KindOf() const {
    if (const auto event = resource_.Object("event")) {
      if (const auto kind = LfpseEventOf(event->Text("text"))) return kind;
      for (const JsonFields& coding : event->List("coding")) {
        for (const char* key : {"display", "code"}) {
          if (const auto kind = LfpseEventOf(coding.Text(key))) return kind;
        }
      }
    }
    const auto has = [this](std::string_view name) {
      return !FhirExtensions(resource_, name).empty();
    };
    if (has("adverse-event-went-well")) return v1::LFPSE_EVENT_GOOD_CARE;
    if (has("adverse-event-risk-details")) return v1::LFPSE_EVENT_RISK;
    for (const JsonFields& section : FhirExtensions(resource_, "adverse-event-classification")) {
      if (IsYes(section, "PatientSafetyIncidentHasOccurred")) return v1::LFPSE_EVENT_INCIDENT;
    }
    for (const JsonFields& section : FhirExtensions(resource_, "adverse-event-outcome")) {
      if (!FhirAnswers(section, "OutcomeType").empty()) return v1::LFPSE_EVENT_OUTCOME;
    }
    if (has("adverse-event-governance") || !Patients().empty()) return v1::LFPSE_EVENT_INCIDENT;
    resource_.Refuse("event", "KIND_NOT_KNOWN",
                     "says neither patient safety incident, outcome, risk nor good care, and no "
                     "section tells");
    return std::nullopt;
  }

  void Count(v1::LfpseEvent kind) {
    if (kind == v1::LFPSE_EVENT_INCIDENT) ++counts_->incidents;
    if (kind == v1::LFPSE_EVENT_OUTCOME) ++counts_->outcomes;
    if (kind == v1::LFPSE_EVENT_RISK) ++counts_->risks;
    if (kind == v1::LFPSE_EVENT_GOOD_CARE) ++counts_->good_care;
  }

  // Of each patient what happened to them, and nothing of who they are.
  std::vector<JsonFields> Patients() const {
    std::vector<JsonFields> all;
    for (const JsonFields& patient : FhirContained(resource_, "Patient")) {
      for (const JsonFields& said : FhirExtensions(patient, "patient-information")) {
        all.push_back(said);
      }
    }
    return all;
  }

  void ReadSubject(bool needed) {
    for (const JsonFields& location : FhirContained(resource_, "Location")) {
      for (const JsonFields& details : FhirExtensions(location, "location-details")) {
        for (const JsonFields& answer : FhirAnswers(details, "Organisation")) {
          TakeOrganisation(answer);
        }
      }
    }
    if (needed && !event_.has_subject()) {
      resource_.Refuse("contained", "SUBJECT_MISSING",
                       "no location names the code of an organisation");
    }
  }

  void TakeOrganisation(const JsonFields& answer) {
    const std::string code = FhirValue(answer, "valueCode");
    if (!IsUsableId(code)) {
      answer.Refuse("valueCode", "ID_NOT_USABLE", "must be an organisation's code");
    } else if (event_.has_subject()) {
      ++counts_->further_organisations;
    } else {
      event_.mutable_subject()->set_scheme("ods");
      event_.mutable_subject()->set_value(code);
    }
  }

  void ReadTimes() {
    for (const char* key : {"recordedDate", "date"}) {
      const std::string text = resource_.Text(key);
      const auto time = ReadFhirTime(text);
      if (!text.empty() && !time) resource_.Refuse(key, "DATE_NOT_READ", "must be a FHIR dateTime");
      if (!time) continue;
      if (std::string_view(key) == "date") {
        Occurred(*time);
      } else {
        SetMicros(time->at, event_.mutable_reported_at());
      }
    }
    for (const JsonFields& section : FhirExtensions(resource_, "adverse-event-estimated-date")) {
      ReadEstimate(section);
    }
  }

  void ReadEstimate(const JsonFields& section) {
    for (const JsonFields& answer : FhirAnswers(section, "TodaysDate")) {
      const auto day = ReadFhirTime(FhirValue(answer, "valueDate"));
      if (!day) answer.Refuse("valueDate", "DATE_NOT_READ", "must be as 2024-09-17");
      if (day && !event_.has_occurred_at() && IsYes(section, "IncidentOccurredToday")) {
        Occurred(*day);
      }
    }
    for (const JsonFields& answer : FhirAnswers(section, "ApproximateDate")) {
      if (event_.has_occurred_at()) {
        event_.set_occurred_precision(v1::TIME_PRECISION_APPROXIMATE);
        continue;
      }
      const std::string text = FhirValue(answer, "valueString");
      std::optional<FhirTime> time = ReadFhirTime(text);
      if (const auto day = ReadDateCell(text, DateOrder::kDayFirst); day && !time) {
        time = ReadFhirTime(FormatDate(*day));
      }
      counts_->dates_not_read += time ? 0U : 1U;
      if (time) Occurred({.at = time->at, .precision = v1::TIME_PRECISION_APPROXIMATE});
    }
  }

  void Occurred(const FhirTime& time) {
    SetMicros(time.at, event_.mutable_occurred_at());
    event_.set_occurred_precision(time.precision);
  }

  void ReadIncident(v1::LfpseEvent kind) {
    v1::IncidentReported* incident = event_.mutable_incident_reported();
    incident->set_event_kind(kind);
    ReadKey();
    for (const JsonFields& section : FhirExtensions(resource_, "adverse-event-governance")) {
      ReadGovernance(section, incident);
    }
    for (const JsonFields& section : FhirExtensions(resource_, "adverse-event-safety-challenges")) {
      for (const JsonFields& answer : FhirAnswers(section, "SafetyChallenges")) {
        const auto theme = CodeOf(answer, ThemeOfLfpse);
        if (!theme || *theme == v1::THEME_UNSPECIFIED) continue;
        const auto& themes = event_.themes();
        if (std::find(themes.begin(), themes.end(), *theme) == themes.end()) {
          event_.add_themes(*theme);
        }
      }
    }
    ReadHarm(incident);
    ReadPlace(incident);
    for (const JsonFields& section : FhirExtensions(resource_, "adverse-event-outcome")) {
      for (const JsonFields& answer : FhirAnswers(section, "OutcomeType")) {
        if (const auto outcome = CodeOf(answer, OutcomeOfLfpse)) incident->add_outcomes(*outcome);
      }
    }
    for (const JsonFields& section : FhirExtensions(resource_, "adverse-event-classification")) {
      for (const JsonFields& answer : FhirAnswers(section, "LevelOfConcern")) {
        if (const auto level = CodeOf(answer, LevelOfConcernOfLfpse))
          incident->set_level_of_concern(*level);
      }
    }
    const std::string description = resource_.Text("description");
    if (!description.empty()) incident->mutable_narrative()->set_clear(description);
  }

  void ReadKey() {
    constexpr size_t kKeyBytesMax = 100;
    for (const JsonFields& metadata :
         FhirExtensions(resource_, "adverse-event-reference-metadata")) {
      for (const JsonFields& answer : FhirAnswers(metadata, "ReferenceNumber")) {
        const std::string key = FhirValue(answer, "valueString");
        if (key.size() > kKeyBytesMax) {
          answer.Refuse("valueString", "KEY_NOT_USABLE", "has more than 100 bytes");
        } else {
          event_.set_incident_key(key);
        }
      }
    }
  }

  // Where it happened, and to whose patients.
  void ReadPlace(v1::IncidentReported* incident) {
    for (const JsonFields& location : FhirContained(resource_, "Location")) {
      for (const JsonFields& details : FhirExtensions(location, "location-details")) {
        for (const JsonFields& answer : FhirAnswers(details, "ServiceArea")) {
          if (const auto service = CodeOf(answer, ServiceOfLfpse)) incident->add_services(*service);
        }
        for (const JsonFields& answer : FhirAnswers(details, "LocationWithinService")) {
          if (const auto place = CodeOf(answer, LocationOfLfpse)) incident->set_location(*place);
        }
      }
    }
  }

  void ReadGovernance(const JsonFields& section, v1::IncidentReported* incident) {
    incident->set_duty_of_candour(IsTrue(section, "DutyOfCandour"));
    incident->set_serious_incident(IsTrue(section, "SeriousIncident"));
    incident->set_cqc_notifiable(IsTrue(section, "CqcNotify"));
    incident->set_safeguarding_referred(IsTrue(section, "LocalAuthoritySafeguarding"));
    incident->set_investigation_body_notifiable(IsTrue(section, "HsibNotify"));
    incident->set_mental_health_act(IsTrue(section, "DesignationsMentalHealth"));
    incident->set_deprivation_of_liberty(IsTrue(section, "DeprivationOfLiberty"));
    for (const JsonFields& answer : FhirAnswers(section, "CqcCriteria")) {
      if (const auto criterion = CodeOf(answer, CqcCriterionOfLfpse)) {
        incident->add_cqc_criteria(*criterion);
      }
    }
    for (const JsonFields& answer : FhirAnswers(section, "NeverEventType")) {
      if (const auto type = CodeOf(answer, NeverEventOfLfpse)) incident->set_never_event(*type);
    }
    const bool typed = incident->never_event() != v1::NEVER_EVENT_TYPE_UNSPECIFIED;
    incident->set_never_event_untyped(!typed && IsTrue(section, "NeverEvent"));
    if (!IsIncident(*incident)) return;
    counts_->never_events += typed ? 1U : 0U;
    counts_->never_event_without_type += incident->never_event_untyped() ? 1U : 0U;
  }

  void ReadHarm(v1::IncidentReported* incident) {
    const std::vector<JsonFields> patients = Patients();
    incident->set_people_affected(static_cast<uint32_t>(patients.size()));
    for (const JsonFields& patient : patients) {
      for (const JsonFields& answer : FhirAnswers(patient, "PhysicalHarm")) {
        const auto harm = CodeOf(answer, PhysicalHarmOfLfpse);
        if (harm) incident->set_physical_harm(std::max(incident->physical_harm(), *harm));
      }
      for (const JsonFields& answer : FhirAnswers(patient, "StrengthOfAssociation")) {
        const auto strength = CodeOf(answer, AssociationOfLfpse);
        if (strength && LessRelated(incident->association(), *strength))
          incident->set_association(*strength);
      }
      for (const JsonFields& answer : FhirAnswers(patient, "PsychologicalHarm")) {
        const auto harm = CodeOf(answer, PsychologicalHarmOfLfpse);
        if (harm) incident->set_psychological_harm(std::max(incident->psychological_harm(), *harm));
      }
    }
  }

  void ReadReporter() {
    bool fears = false;
    for (const JsonFields& person : FhirContained(resource_, "Practitioner")) {
      for (const JsonFields& details : FhirExtensions(person, "practitioner-details")) {
        for (const JsonFields& answer : FhirAnswers(details, "WhyAnonymous")) {
          fears = CodeOf(answer, IsFearOfConsequences).value_or(false) || fears;
        }
        for (const JsonFields& answer : FhirAnswers(details, "ReporterType")) {
          const auto reporter = CodeOf(answer, ReporterOfLfpse);
          if (reporter && event_.has_incident_reported())
            event_.mutable_incident_reported()->set_reporter(*reporter);
        }
        for (const JsonFields& answer : FhirAnswers(details, "ReporterOrganisation")) {
          const std::string code = FhirValue(answer, "valueCode");
          if (IsUsableId(code)) event_.set_source_organisation(code);
        }
      }
    }
    if (fears) Protect();
  }

  // The exact time, and who and of which organisation the reporter is, could tell more.
  void Protect() {
    if (event_.has_incident_reported() && IsIncident(event_.incident_reported()))
      ++counts_->protected_source;
    event_.set_sensitivity(v1::SENSITIVITY_C5_PROTECTED_SOURCE);
    event_.clear_source_organisation();
    if (event_.has_incident_reported()) event_.mutable_incident_reported()->clear_reporter();
    if (event_.occurred_precision() == v1::TIME_PRECISION_MINUTE) {
      Occurred({.at = LondonMidnight(LondonDate(ToMicros(event_.occurred_at()))),
                .precision = v1::TIME_PRECISION_DAY});
    }
    if (event_.has_reported_at()) {
      SetMicros(LondonMidnight(LondonDate(ToMicros(event_.reported_at()))),
                event_.mutable_reported_at());
    }
  }

  const JsonFields& resource_;
  LfpseFhirCounts* counts_;
  v1::Event event_;
  bool versioned_ = false;
};

}  // namespace

std::optional<v1::Event> EventOfLfpse(const JsonFields& resource, LfpseFhirCounts* counts) {
  return ResourceReader(resource, counts).Read();
}

}  // namespace trigpoint
