#include "trigpoint/intake/lfpse_fhir_adapter.h"

#include <sstream>
#include <utility>

#include "excerpts.h"
#include "lfpse_codes.h"
#include "trigpoint/base/time.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

class LfpseBundle : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(ReadExcerpt("lfpse_bundle.json", &adapter_, &sink_).ok()); }

  LfpseFhirAdapter adapter_;
  RecordingSink sink_;
};

absl::Status Read(const std::string& text, RecordingSink* sink) {
  std::istringstream input(text);
  return LfpseFhirAdapter().Read(input, *sink);
}

// CL-01: the codes run backwards, and those of psychological harm are offset by one.
TEST(LfpseCodes, RunBackwards) {
  EXPECT_EQ(PhysicalHarmOfLfpse("1"), v1::HARM_FATAL);
  EXPECT_EQ(PhysicalHarmOfLfpse("2"), v1::HARM_SEVERE);
  EXPECT_EQ(PhysicalHarmOfLfpse("3"), v1::HARM_MODERATE);
  EXPECT_EQ(PhysicalHarmOfLfpse("4"), v1::HARM_LOW);
  EXPECT_EQ(PhysicalHarmOfLfpse("5"), v1::HARM_NONE);
  EXPECT_EQ(PsychologicalHarmOfLfpse("1"), v1::HARM_SEVERE);
  EXPECT_EQ(PsychologicalHarmOfLfpse("2"), v1::HARM_MODERATE);
  EXPECT_EQ(PsychologicalHarmOfLfpse("3"), v1::HARM_LOW);
  EXPECT_EQ(PsychologicalHarmOfLfpse("4"), v1::HARM_NONE);
  for (const char* code : {"0", "6", "-1", "", "1a", "fatal"}) {
    EXPECT_EQ(PhysicalHarmOfLfpse(code), std::nullopt) << code;
  }
  EXPECT_EQ(PsychologicalHarmOfLfpse("5"), std::nullopt);
}

// CL-02: 4 to 7 are fears of consequences.
TEST(LfpseCodes, TellFearFromHaste) {
  for (const char* code : {"1", "2", "3", "8"}) EXPECT_EQ(IsFearOfConsequences(code), false);
  for (const char* code : {"4", "5", "6", "7"}) EXPECT_EQ(IsFearOfConsequences(code), true);
  EXPECT_EQ(IsFearOfConsequences("9"), std::nullopt);
}

// CL-02: lists with codes that are missing, and those that run the other way.
TEST(LfpseCodes, AreThoseOfTheirLists) {
  EXPECT_EQ(ServiceOfLfpse("1"), v1::LFPSE_SERVICE_ACUTE);
  EXPECT_EQ(ServiceOfLfpse("12"), v1::LFPSE_SERVICE_CARE_HOME);
  EXPECT_EQ(ServiceOfLfpse("16"), v1::LFPSE_SERVICE_INTERMEDIATE_CARE);
  EXPECT_EQ(ServiceOfLfpse("17"), v1::LFPSE_SERVICE_GENERAL_PRACTICE);
  EXPECT_EQ(ServiceOfLfpse("19"), v1::LFPSE_SERVICE_MATERNITY);
  EXPECT_EQ(LocationOfLfpse("3"), v1::INCIDENT_LOCATION_CARE_HOME);
  EXPECT_EQ(LocationOfLfpse("8"), v1::INCIDENT_LOCATION_NONE_OF_THESE);
  EXPECT_EQ(LocationOfLfpse("10"), v1::INCIDENT_LOCATION_MENTAL_HEALTH_UNIT);
  EXPECT_EQ(OutcomeOfLfpse("1"), v1::LFPSE_OUTCOME_DEATH_TO_LOOK_INTO);
  EXPECT_EQ(OutcomeOfLfpse("4"), v1::LFPSE_OUTCOME_SAFEGUARDING_WITHOUT_STAFF);
  EXPECT_EQ(OutcomeOfLfpse("10"), v1::LFPSE_OUTCOME_EMERGENCY_CAESAREAN);
  EXPECT_EQ(AssociationOfLfpse("6"), v1::ASSOCIATION_CAUSED);
  EXPECT_EQ(AssociationOfLfpse("2"), v1::ASSOCIATION_NOT_KNOWN);
  EXPECT_EQ(LevelOfConcernOfLfpse("5"), v1::LEVEL_OF_CONCERN_VERY);
  EXPECT_EQ(LevelOfConcernOfLfpse("1"), v1::LEVEL_OF_CONCERN_NOT_AT_ALL);
  EXPECT_EQ(ReporterOfLfpse("3"), v1::INCIDENT_REPORTER_STAFF);
  for (const char* code : {"2", "5", "20"}) EXPECT_EQ(ServiceOfLfpse(code), std::nullopt) << code;
  for (const char* code : {"6", "8", "11"}) EXPECT_EQ(OutcomeOfLfpse(code), std::nullopt) << code;
  EXPECT_EQ(LocationOfLfpse("13"), std::nullopt);
  EXPECT_EQ(AssociationOfLfpse("1"), std::nullopt);
  EXPECT_EQ(LevelOfConcernOfLfpse("2"), std::nullopt);
  EXPECT_EQ(ReporterOfLfpse("6"), std::nullopt);
  EXPECT_EQ(NeverEventOfLfpse("15"), v1::NEVER_EVENT_TYPE_AIR_FLOWMETER);
  EXPECT_EQ(NeverEventOfLfpse("16"), std::nullopt);
}

TEST_F(LfpseBundle, GivesAnIncidentWithTheWorstHarmOfItsPatients) {
  ExpectValid(sink_);
  const v1::Event event = EventWithId(sink_, "5d0a1c1e-0001");
  EXPECT_EQ(event.source_version(), 2U);
  EXPECT_EQ(event.incident_key(), "LFPSE-26-000001");
  EXPECT_EQ(event.subject().scheme() + "/" + event.subject().value(), "ods/RJ1");
  EXPECT_EQ(event.source_organisation(), "RJ1");
  EXPECT_EQ(FormatInstant(ToMicros(event.occurred_at())), "2026-03-02T21:15:30.123456Z");
  EXPECT_EQ(event.occurred_precision(), v1::TIME_PRECISION_MINUTE);
  ASSERT_EQ(event.themes_size(), 1);
  EXPECT_EQ(event.themes(0), v1::THEME_FALLS);
  const v1::IncidentReported& incident = event.incident_reported();
  EXPECT_EQ(incident.physical_harm(), v1::HARM_SEVERE);
  EXPECT_EQ(incident.psychological_harm(), v1::HARM_SEVERE);
  EXPECT_EQ(incident.people_affected(), 2U);
  EXPECT_EQ(incident.never_event(), v1::NEVER_EVENT_TYPE_FALL_FROM_WINDOW);
  ASSERT_EQ(incident.cqc_criteria_size(), 1);
  EXPECT_EQ(incident.cqc_criteria(0), v1::CQC_CRITERION_SERIOUS_INJURY);
  EXPECT_TRUE(incident.duty_of_candour());
  EXPECT_TRUE(incident.serious_incident());
  EXPECT_FALSE(incident.narrative().clear().empty());
}

TEST_F(LfpseBundle, ReadsNothingOfWhoThePatientAndTheReporterAre) {
  for (const v1::Event& event : sink_.events) {
    const std::string text = event.DebugString();
    for (const char* never : {"9434765919", "1940", "example.org"}) {
      EXPECT_EQ(text.find(never), std::string::npos) << event.id();
    }
  }
}

TEST_F(LfpseBundle, ProtectsAReporterWhoFearsConsequences) {
  const v1::Event event = EventWithId(sink_, "5d0a1c1e-0002");
  EXPECT_EQ(event.sensitivity(), v1::SENSITIVITY_C5_PROTECTED_SOURCE);
  EXPECT_EQ(event.source_organisation(), "");
  EXPECT_EQ(event.incident_reported().reporter(), v1::INCIDENT_REPORTER_UNSPECIFIED);
  EXPECT_TRUE(event.incident_reported().never_event_untyped());
  EXPECT_EQ(FormatInstant(ToMicros(event.reported_at())), "2026-03-05T00:00:00Z");
  EXPECT_FALSE(event.has_occurred_at()) << "\"03/2026\" is no date that is read";
}

TEST_F(LfpseBundle, TakesBackWhatWasEnteredInError) {
  const v1::Event event = EventWithId(sink_, "5d0a1c1e-0003");
  EXPECT_EQ(event.event_retracted().reason(), v1::EventRetracted::REASON_ENTERED_IN_ERROR);
  EXPECT_EQ(event.source_version(), 3U);
}

TEST_F(LfpseBundle, CountsWhatIsNoIncident) {
  EXPECT_EQ(sink_.events.size(), 3U);
  EXPECT_EQ(adapter_.counts().resources, 8U);
  EXPECT_EQ(adapter_.counts().incidents, 2U);
  EXPECT_EQ(adapter_.counts().retracted, 1U);
  EXPECT_EQ(adapter_.counts().good_care, 1U);
  EXPECT_EQ(adapter_.counts().risks, 1U);
  EXPECT_EQ(adapter_.counts().outcomes, 1U);
  EXPECT_EQ(adapter_.counts().opted_out, 1U);
  EXPECT_EQ(adapter_.counts().other_resources, 1U);
  EXPECT_EQ(adapter_.counts().further_organisations, 1U);
  EXPECT_EQ(adapter_.counts().never_event_without_type, 1U);
  EXPECT_EQ(adapter_.counts().dates_not_read, 1U);
  EXPECT_EQ(adapter_.counts().refused, 1U);
}

TEST_F(LfpseBundle, RefusesUnknownCodesByTheirPathAndKeepsNothingPersonal) {
  ASSERT_EQ(sink_.refused.size(), 1U);
  const RefusedRow& row = sink_.refused[0];
  ASSERT_EQ(row.violations.size(), 3U);
  EXPECT_EQ(row.violations[0].field() + " " + row.violations[0].rule(),
            "entry[6].resource.contained SUBJECT_MISSING");
  EXPECT_EQ(row.violations[1].field() + " " + row.violations[1].rule(),
            "entry[6].resource.contained[0].extension[0].extension[0].valueCode CODE_NOT_KNOWN");
  EXPECT_EQ(row.original, R"({"id":"5d0a1c1e-0007","resourceType":"AdverseEvent"})");
}

// CL-02
TEST(LfpseFhir, ReadsWhatIsNoIncidentAsWhatItIs) {
  const std::string outcome =
      R"({"resourceType":"AdverseEvent","id":"a","event":{"text":"Outcome"},"contained":[)"
      R"({"resourceType":"Patient","extension":[{"url":"patient-information-5","extension":[)"
      R"({"url":"StrengthOfAssociation","valueCode":"4"}]},{"url":"patient-information-5",)"
      R"("extension":[{"url":"StrengthOfAssociation","valueCode":"5"}]}]},)"
      R"({"resourceType":"Location","extension":[{"url":"location-details-5","extension":[)"
      R"({"url":"Organisation","valueCode":"RJ1"},{"url":"ServiceArea","valueCode":"19"},)"
      R"({"url":"LocationWithinService","valueCode":"4"}]}]},)"
      R"({"resourceType":"Practitioner","extension":[{"url":"practitioner-details-5",)"
      R"("extension":[{"url":"ReporterType","valueCode":"3"}]}]}],"extension":[)"
      R"({"url":"adverse-event-outcome-5","extension":[{"url":"OutcomeType","valueCode":"9"}]},)"
      R"({"url":"adverse-event-classification-5","extension":[)"
      R"({"url":"LevelOfConcern","valueCode":"4"}]},{"url":"adverse-event-governance-5",)"
      R"("extension":[{"url":"CqcNotify","valueBoolean":true},)"
      R"({"url":"LocalAuthoritySafeguarding","valueBoolean":true},)"
      R"({"url":"HsibNotify","valueBoolean":true},)"
      R"({"url":"DesignationsMentalHealth","valueBoolean":true},)"
      R"({"url":"DeprivationOfLiberty","valueBoolean":true},)"
      R"({"url":"NeverEvent","valueBoolean":true}]}]})";
  RecordingSink sink;
  ASSERT_TRUE(Read(outcome + "\n", &sink).ok());
  ASSERT_EQ(sink.events.size(), 1U);
  const v1::IncidentReported& record = sink.events[0].incident_reported();
  EXPECT_EQ(record.event_kind(), v1::LFPSE_EVENT_OUTCOME);
  ASSERT_EQ(record.services_size(), 1);
  EXPECT_EQ(record.services(0), v1::LFPSE_SERVICE_MATERNITY);
  EXPECT_EQ(record.location(), v1::INCIDENT_LOCATION_HOSPITAL);
  ASSERT_EQ(record.outcomes_size(), 1);
  EXPECT_EQ(record.outcomes(0), v1::LFPSE_OUTCOME_POSTPARTUM_HAEMORRHAGE);
  EXPECT_EQ(record.association(), v1::ASSOCIATION_PROBABLY) << "the strongest";
  EXPECT_EQ(record.level_of_concern(), v1::LEVEL_OF_CONCERN_FAIRLY);
  EXPECT_EQ(record.reporter(), v1::INCIDENT_REPORTER_STAFF);
  EXPECT_TRUE(record.cqc_notifiable());
  EXPECT_TRUE(record.safeguarding_referred());
  EXPECT_TRUE(record.investigation_body_notifiable());
  EXPECT_TRUE(record.mental_health_act());
  EXPECT_TRUE(record.deprivation_of_liberty());
  EXPECT_TRUE(record.never_event_untyped());
}

// CL-02: a patient of whom nothing is known may be harmed; that another was not says nothing of
// them.
TEST(LfpseFhir, TheStrongestAssociationOfPatientsIsNeverBelowWhatIsNotKnown) {
  const auto patient = [](const std::string& code) {
    return R"({"resourceType":"Patient","extension":[{"url":"patient-information-5","extension":[)"
           R"({"url":"StrengthOfAssociation","valueCode":")" +
           code + R"("}]}]})";
  };
  for (const auto& [first, second] : {std::pair{"2", "3"}, std::pair{"3", "2"}}) {
    RecordingSink sink;
    ASSERT_TRUE(Read(R"({"resourceType":"AdverseEvent","id":"a","event":{"text":"incident"},)"
                     R"("contained":[{"resourceType":"Location","extension":[{"url":)"
                     R"("location-details-5","extension":[{"url":"Organisation","valueCode":)"
                     R"("RJ1"}]}]},)" +
                         patient(first) + "," + patient(second) + "]}\n",
                     &sink)
                    .ok());
    ASSERT_EQ(sink.events.size(), 1U);
    EXPECT_EQ(sink.events[0].incident_reported().association(), v1::ASSOCIATION_NOT_KNOWN);
  }
}

TEST(LfpseFhir, CountsNeverEventsAndProtectedReportersOfIncidentsOnly) {
  for (const auto& [kind, counted] : {std::pair{"incident", 1U}, std::pair{"Good care", 0U}}) {
    RecordingSink sink;
    LfpseFhirAdapter adapter;
    std::istringstream in(
        std::string(R"({"resourceType":"AdverseEvent","id":"a","event":{"text":")") + kind +
        R"("},"contained":[{"resourceType":"Location","extension":[{"url":"location-details-5",)"
        R"("extension":[{"url":"Organisation","valueCode":"RJ1"}]}]},)"
        R"({"resourceType":"Practitioner","extension":[{"url":"practitioner-details-5",)"
        R"("extension":[{"url":"WhyAnonymous","valueCode":"4"}]}]}],"extension":[)"
        R"({"url":"adverse-event-governance-5","extension":[)"
        R"({"url":"NeverEvent","valueBoolean":true}]}]})"
        "\n");
    ASSERT_TRUE(adapter.Read(in, sink).ok());
    ASSERT_EQ(sink.events.size(), 1U);
    EXPECT_EQ(sink.events[0].sensitivity(), v1::SENSITIVITY_C5_PROTECTED_SOURCE) << kind;
    EXPECT_EQ(adapter.counts().never_event_without_type, counted) << kind;
    EXPECT_EQ(adapter.counts().protected_source, counted) << kind;
  }
}

TEST(LfpseFhir, ReadsDaysAndEstimates) {
  const std::string place =
      R"("contained":[{"resourceType":"Location","extension":[{"url":"location-details-5",)"
      R"("extension":[{"url":"Organisation","valueCode":"RJ1"}]}]}],"event":{"text":"incident"})";
  const std::string estimate =
      R"(,"extension":[{"url":"adverse-event-estimated-date-5","extension":[)";
  const std::string start = R"({"resourceType":"AdverseEvent",)" + place + R"(,"id":")";
  RecordingSink sink;
  ASSERT_TRUE(Read(start + R"(a","date":"2026-07-02"})" + "\n" + start + R"(b")" + estimate +
                       R"({"url":"ApproximateDate","valueString":"02/07/2026"}]}]})" + "\n" +
                       start + R"(c")" + estimate +
                       R"({"url":"IncidentOccurredToday","valueCode":"y"},)" +
                       R"({"url":"TodaysDate","valueDate":"2026-07-03"}]}]})" + "\n" + start +
                       R"(d","date":"2026-13-01"})" + "\n",
                   &sink)
                  .ok());
  ASSERT_EQ(sink.events.size(), 3U);
  EXPECT_EQ(sink.events[0].occurred_precision(), v1::TIME_PRECISION_DAY);
  EXPECT_EQ(sink.events[1].occurred_precision(), v1::TIME_PRECISION_APPROXIMATE);
  EXPECT_EQ(sink.events[1].occurred_at().seconds(), sink.events[0].occurred_at().seconds());
  EXPECT_EQ(FormatInstant(ToMicros(sink.events[2].occurred_at())), "2026-07-02T23:00:00Z");
  EXPECT_EQ(sink.lines, (std::vector<uint64_t>{1, 2, 3}));
  EXPECT_EQ(Refusals(sink), std::vector<std::string>{"4 date DATE_NOT_READ"});
}

TEST(LfpseFhir, TakesBackARecordWithoutVersionsAndTakesNoCodeForABoolean) {
  RecordingSink sink;
  ASSERT_TRUE(
      Read(R"({"resourceType":"AdverseEvent","id":"a","status":"entered-in-error"})"
           "\n"
           R"({"resourceType":"AdverseEvent","id":"b","event":{"text":"incident"},"contained":[)"
           R"({"resourceType":"Location","extension":[{"url":"location-details-5","extension":[)"
           R"({"url":"Organisation","valueCode":"RJ1"}]}]}],"extension":[)"
           R"({"url":"adverse-event-governance-5","extension":[)"
           R"({"url":"DutyOfCandour","valueCode":"y"}]}]})"
           "\n",
           &sink)
          .ok());
  ASSERT_EQ(sink.events.size(), 1U);
  EXPECT_EQ(sink.events[0].source_version(), 2U);
  EXPECT_EQ(Refusals(sink),
            std::vector<std::string>{"2 extension[0].extension[0].valueBoolean VALUE_MISSING"});
}

TEST(LfpseFhir, RefusesWhatIsNoAdverseEvent) {
  RecordingSink sink;
  ASSERT_TRUE(Read(R"([{"resourceType":"Patient","id":"1"},
                       {"resourceType":"AdverseEvent","id":"a b","event":{"text":"risk"}},
                       {"resourceType":"AdverseEvent","id":"x"},
                       {"resourceType":"AdverseEvent","id":"y","status":"lost","event":{"text":"risk"}},
                       {"resourceType":"AdverseEvent","id":"z","meta":{"versionId":"v"},"event":{"text":"risk"}},
                       {"resourceType":"Bundle","entry":7},
                       {"resourceType":"Bundle","entry":[{"fullUrl":"u"}]}])",
                   &sink)
                  .ok());
  EXPECT_EQ(Refusals(sink), (std::vector<std::string>{
                                "1 [0].resourceType NOT_AN_ADVERSE_EVENT", "2 [1].id ID_NOT_USABLE",
                                "3 [2].event KIND_NOT_KNOWN", "4 [3].status STATUS_NOT_KNOWN",
                                "5 [4].meta.versionId VERSION_NOT_READ", "6 [5].entry WRONG_TYPE",
                                "7 [6].entry[0] NOT_A_DOCUMENT"}));
  EXPECT_TRUE(sink.events.empty());
}

}  // namespace
}  // namespace trigpoint
