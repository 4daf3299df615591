#include "trigpoint/intake/mapped_adapter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "recording_sink.h"
#include "trigpoint/base/time.h"
#include "trigpoint/events/json.h"
#include "trigpoint/events/times.h"
#include "trigpoint/events/validate.h"

namespace trigpoint {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

struct Result {
  RecordingSink sink;
  MappedCounts counts;
  absl::Status status;

  // "line field RULE", of the adapter and then of ingest's validation.
  std::vector<std::string> Problems() const {
    std::vector<std::string> problems;
    const auto add = [&problems](uint64_t line, const v1::FieldViolation& problem) {
      problems.push_back(std::to_string(line) + " " + problem.field() + " " + problem.rule());
    };
    for (const RefusedRow& row : sink.refused) {
      for (const auto& problem : row.violations) add(row.line, problem);
    }
    for (size_t i = 0; i < sink.events.size(); ++i) {
      for (const auto& problem : Validate(sink.events[i], {})) add(sink.lines[i], problem);
    }
    return problems;
  }
};

Result ReadWith(const FeedMapping& mapping, std::istream& input) {
  Result result;
  MappedAdapter adapter(mapping);
  result.status = adapter.Read(input, result.sink);
  result.counts = adapter.counts();
  return result;
}

// A shipped mapping over its committed sample.
Result Sample(const std::string& mapping, const std::string& file) {
  const auto read = ReadFeedMappingFile(TRIGPOINT_SOURCE_DIR "/deploy/feeds/" + mapping);
  EXPECT_TRUE(read.ok()) << read.status();
  std::ifstream input(TRIGPOINT_SOURCE_DIR "/libs/intake/tests/data/" + file, std::ios::binary);
  Result result = ReadWith(*read, input);
  EXPECT_TRUE(result.status.ok()) << result.status;
  return result;
}

// Incidents in a CSV text, with more fields.
Result Incidents(const std::string& fields, const std::string& csv) {
  const auto mapping = FeedMappingFromYaml(
      "name: i\nsource: s\ntable: {format: csv, empty: [\"-\"]}\n"
      "subject: {scheme: cqc-location, column: CQC}\nevents:\n  - kind: incident_reported\n"
      "    id: {columns: [Ref, Part], prefix: i/}\n"
      "    occurred_at: {column: Day, date: dd/mm/yyyy, time_column: Time, time: \"hh:mm\"}\n" +
          fields,
      "i.yaml");
  EXPECT_TRUE(mapping.ok()) << mapping.status();
  std::istringstream input(csv);
  return mapping.ok() ? ReadWith(*mapping, input) : Result();
}

std::string Instant(const google::protobuf::Timestamp& timestamp) {
  return FormatInstant(ToMicros(timestamp));
}

TEST(MappedAdapter, ReadsTheSafeguardingSample) {
  const Result result = Sample("council-safeguarding.yaml", "council_safeguarding.csv");
  EXPECT_THAT(
      result.Problems(),
      ElementsAre("6 Date of incident DATE_NOT_READ", "7 Date concern raised TIME_DOES_NOT_EXIST",
                  "8 Abuse types CODE_NOT_KNOWN", "9 CQC location ID CELL_EMPTY",
                  "11 id CONFLICTING_ROWS", "13 Summary FORMULA_IN_CELL",
                  "13 Date screened CELL_EMPTY"));
  const auto& events = result.sink.events;
  ASSERT_EQ(events.size(), 5U);
  EXPECT_EQ(result.counts.rows, 11U);
  EXPECT_EQ(result.counts.empty, 1U);
  EXPECT_EQ(result.counts.left_out, 1U);
  EXPECT_EQ(result.counts.repeated, 1U);
  const auto& raised = events[0].safeguarding_concern_raised();
  EXPECT_EQ(raised.abuse_types_size(), 2);
  EXPECT_TRUE(raised.source_of_risk_is_provider());
  EXPECT_EQ(raised.other_source_of_risk(), v1::OTHER_SOURCE_OF_RISK_UNSPECIFIED);
  EXPECT_EQ(raised.location(), v1::ABUSE_LOCATION_CARE_HOME_NURSING);
  EXPECT_THAT(raised.narrative().clear(), HasSubstr("\r\nwithout call bells \xE2\x80\x93 night"));
  EXPECT_THAT(std::vector<int>(events[0].themes().begin(), events[0].themes().end()),
              ElementsAre(v1::THEME_ABUSE, v1::THEME_NEGLECT));
  EXPECT_EQ(Instant(events[0].reported_at()), "2026-03-03T09:40:00Z");
  EXPECT_EQ(events[0].occurred_precision(), v1::TIME_PRECISION_DAY);
  EXPECT_EQ(events[1].id(), "SG-1001/screened");
  EXPECT_EQ(events[1].safeguarding_concern_screened().concern().id(), "SG-1001");
  EXPECT_EQ(events[1].safeguarding_concern_screened().outcome(),
            v1::SafeguardingConcernScreened::OUTCOME_SECTION_42);
  // The day of a concern that has no time of its own; summer time has begun that night.
  EXPECT_EQ(Instant(events[2].reported_at()), "2026-03-29T09:15:00Z");
  EXPECT_FALSE(events[2].has_occurred_at());
  EXPECT_EQ(events[2].safeguarding_concern_raised().adults(), 1U);
}

TEST(MappedAdapter, KeepsNothingOfColumnsThatAreNotRead) {
  const Result result = Sample("council-safeguarding.yaml", "council_safeguarding.csv");
  for (const RefusedRow& row : result.sink.refused) {
    EXPECT_THAT(row.original, Not(HasSubstr("Worker"))) << row.line;
    for (const auto& problem : row.violations) {
      EXPECT_THAT(problem.description(), Not(HasSubstr("Hate"))) << row.line;
    }
  }
}

TEST(MappedAdapter, ReadsTheCapacitySample) {
  const Result result = Sample("capacity-tracker.yaml", "capacity_tracker.csv");
  EXPECT_THAT(result.Problems(),
              ElementsAre("5 Beds_Vacant NUMBER_NOT_READ", "6 Last_Updated_UTC DATE_NOT_READ",
                          "6 Beds_Total NUMBER_NOT_READ", "8 CQC_ID CELL_EMPTY",
                          "9 Is_Accepting_Admissions CODE_NOT_KNOWN"));
  ASSERT_EQ(result.sink.events.size(), 3U);
  EXPECT_EQ(result.counts.repeated, 1U);
  const v1::Event& first = result.sink.events[0];
  EXPECT_EQ(Instant(first.occurred_at()), "2026-06-15T23:30:00Z");
  EXPECT_TRUE(first.capacity_reported().accepting_admissions());
  EXPECT_EQ(first.capacity_reported().agency_hours(), 49.5);
  EXPECT_EQ(first.id().size(), 32U);
  const v1::Event& second = result.sink.events[1];
  EXPECT_EQ(second.subject().scheme(), "ods");
  EXPECT_TRUE(second.capacity_reported().has_accepting_admissions());
  EXPECT_FALSE(second.capacity_reported().accepting_admissions());
  // Not stated is not zero: of a figure, and of a sum that it is part of.
  EXPECT_FALSE(second.capacity_reported().has_nurses_employed());
  EXPECT_FALSE(second.capacity_reported().has_agency_hours());
  const v1::Event& third = result.sink.events[2];
  EXPECT_FALSE(third.capacity_reported().has_accepting_admissions());
  EXPECT_EQ(third.capacity_reported().beds(), 1050U);
}

TEST(MappedAdapter, ReadsTheWorkforceSampleAFigureAnEvent) {
  const Result result = Sample("workforce-return.yaml", "workforce_return.csv");
  EXPECT_THAT(result.Problems(),
              ElementsAre("3 Mandatory training % NUMBER_NOT_READ", "6 Last day DATE_NOT_READ"));
  ASSERT_EQ(result.sink.events.size(), 5U);
  EXPECT_EQ(result.counts.no_events, 1U);
  EXPECT_EQ(result.sink.events[0].id(), "1-2000000005/2026-05/absence");
  EXPECT_EQ(result.sink.events[0].workforce_indicator_reported().value(), 3.1);
  // Stated as nought, unlike what is not stated.
  EXPECT_EQ(result.sink.events[4].id(), "1-2000000005/2026-05/agency");
}

TEST(MappedAdapter, ReadsTheMonitoringSampleFromAWorkbook) {
  const Result result =
      Sample("provider-monitoring-return.yaml", "provider_monitoring_return.xlsx");
  EXPECT_THAT(result.Problems(),
              ElementsAre("7 Falls FORMULA_WITHOUT_VALUE", "7 Medication errors CELL_ERROR",
                          "8 Revision NUMBER_NOT_READ", "8 Received DATE_NOT_READ",
                          "8 Gives concern NOT_YES_OR_NO"));
  ASSERT_EQ(result.sink.events.size(), 2U);
  const auto& first = result.sink.events[0].monitoring_return_received();
  EXPECT_EQ(first.period().month(), 5U);
  EXPECT_TRUE(first.concern());
  EXPECT_EQ(Instant(result.sink.events[0].reported_at()), "2026-06-08T23:00:00Z");
  ASSERT_EQ(first.kpis_size(), 3);
  EXPECT_EQ(first.kpis(0).value(), 5);
  EXPECT_EQ(first.kpis(2).name(), "occupancy");
  EXPECT_EQ(first.kpis(2).value(), 92.5);
  const auto& second = result.sink.events[1];
  EXPECT_EQ(second.source_version(), 2U);
  EXPECT_EQ(second.monitoring_return_received().period().month(), 5U);
  EXPECT_EQ(second.monitoring_return_received().kpis(2).value(), 80);
}

TEST(MappedAdapter, ReadsTheComplaintsSampleAndLeavesPersonalDataToTheGuard) {
  const Result result = Sample("council-complaints.yaml", "council_complaints.ods");
  EXPECT_THAT(result.Problems(),
              ElementsAre("8 Outcome CODE_NOT_KNOWN",
                          "9 complaint_received.service_area NHS_NUMBER_IN_TEXT"));
  const auto& events = result.sink.events;
  ASSERT_EQ(events.size(), 4U);
  EXPECT_EQ(events[0].complaint_received().narrative().clear(), "Nobody rang back.\nFor  weeks.");
  EXPECT_EQ(events[1].complaint_outcome_recorded().outcome(),
            v1::ComplaintOutcomeRecorded::OUTCOME_PARTIALLY_UPHELD);
  EXPECT_EQ(events[2].complaint_received().subject(), "other");
  EXPECT_EQ(result.counts.left_out, 1U);
  EXPECT_EQ(result.counts.empty, 0U);
}

TEST(MappedAdapter, GivesTheSameEventsEveryTime) {
  const Result one = Sample("council-safeguarding.yaml", "council_safeguarding.csv");
  const Result two = Sample("council-safeguarding.yaml", "council_safeguarding.csv");
  ASSERT_EQ(one.sink.events.size(), two.sink.events.size());
  for (size_t i = 0; i < one.sink.events.size(); ++i) {
    EXPECT_EQ(EventToJson(one.sink.events[i]), EventToJson(two.sink.events[i]));
  }
}

TEST(MappedAdapter, JoinsDateAndTimeOnTheClockOfLondon) {
  const Result result = Incidents("",
                                  "Ref,Part,CQC,Day,Time\n"
                                  "7,a,1-4,01/07/2026,10:30\n"
                                  "7,b,1-4,25/10/2026,01:30\n"
                                  "7,c,1-4,01/01/2026,\n"
                                  "7,d,1-4,01/01/2026,25:00\n");
  EXPECT_THAT(result.Problems(), ElementsAre("5 Time DATE_NOT_READ"));
  ASSERT_EQ(result.sink.events.size(), 3U);
  EXPECT_EQ(result.sink.events[0].id(), "i/7/a");
  EXPECT_EQ(Instant(result.sink.events[0].occurred_at()), "2026-07-01T09:30:00Z");
  EXPECT_EQ(result.sink.events[0].occurred_precision(), v1::TIME_PRECISION_MINUTE);
  EXPECT_EQ(Instant(result.sink.events[1].occurred_at()), "2026-10-25T00:30:00Z");
  EXPECT_EQ(result.sink.events[2].occurred_precision(), v1::TIME_PRECISION_DAY);
}

TEST(MappedAdapter, FillsEveryKindOfField) {
  const Result result = Incidents(
      "    source_version: {column: Changed, date: iso}\n"
      "    fields:\n"
      "      physical_harm: {column: Harm, codes: {Low: LOW, Died: FATAL}, otherwise: ~}\n"
      "      people_affected: {column: People, default: 2}\n"
      "      duty_of_candour: {column: Candour, \"yes\": [J, Ja], \"no\": [N]}\n"
      "      ward: {columns: [Floor, Wing], join: \" / \"}\n",
      "Ref,Part,CQC,Day,Time,Changed,Harm,People,Candour,Floor,Wing\n"
      "1,a,1-4,01/07/2026,,2026-07-02T00:00:00Z,LOW,3.0,ja,First,East\n"
      "2,a,1-4,01/07/2026,,2026-07-02,grave,,n,,West\n"
      "3,a,1-4,01/07/2026,,soon,Died,many,x,,\n");
  EXPECT_THAT(result.Problems(), ElementsAre("4 Changed DATE_NOT_READ", "4 People NUMBER_NOT_READ",
                                             "4 Candour NOT_YES_OR_NO"));
  ASSERT_EQ(result.sink.events.size(), 2U);
  EXPECT_EQ(result.sink.events[0].source_version(), 1782950400U);
  const auto& first = result.sink.events[0].incident_reported();
  EXPECT_EQ(first.physical_harm(), v1::HARM_LOW);
  EXPECT_EQ(first.people_affected(), 3U);
  EXPECT_TRUE(first.duty_of_candour());
  EXPECT_EQ(first.ward(), "First / East");
  const auto& second = result.sink.events[1].incident_reported();
  EXPECT_EQ(second.physical_harm(), v1::HARM_UNSPECIFIED);
  EXPECT_EQ(second.people_affected(), 2U);
  EXPECT_EQ(second.ward(), "West");
}

TEST(MappedAdapter, RefusesARowByItselfWhereItsCellsDoNotMatchTheHeader) {
  const Result result = Incidents("",
                                  "Ref,Part,CQC,Day,Time\n"
                                  "1,a,1-4,01/07/2026\n"
                                  "2,a,1 4,01/07/2026,\n"
                                  "3,a,1-4,01/07/2026,\n");
  EXPECT_THAT(result.Problems(), ElementsAre("2  WRONG_COLUMN_COUNT", "3 CQC ID_NOT_USABLE"));
  EXPECT_EQ(result.sink.events.size(), 1U);
}

}  // namespace
}  // namespace trigpoint
