#include "trigpoint/intake/feed_mapping.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace trigpoint {
namespace {

using ::testing::HasSubstr;

// A mapping of complaints whose last lines are given.
std::string Complaints(const std::string& rest) {
  return "name: log\nsource: council/complaints\ntable: {format: csv}\n"
         "subject: {scheme: cqc-location, column: CQC}\nevents:\n"
         "  - kind: complaint_received\n    id: Ref\n    reported_at: Received\n" +
         rest;
}

std::string ProblemsOf(const std::string& yaml) {
  return std::string(FeedMappingFromYaml(yaml, "log.yaml").status().message());
}

TEST(FeedMapping, EveryMappingThatIsShippedCanBeRead) {
  int read = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(TRIGPOINT_SOURCE_DIR "/deploy/feeds")) {
    const auto mapping = ReadFeedMappingFile(entry.path().string());
    EXPECT_TRUE(mapping.ok()) << mapping.status();
    ++read;
  }
  EXPECT_GE(read, 5);
}

TEST(FeedMapping, AShortMappingHasItsDefaults) {
  const auto mapping = FeedMappingFromYaml(Complaints("    fields: {narrative: Text}\n"), "l.yaml");
  ASSERT_TRUE(mapping.ok()) << mapping.status();
  EXPECT_EQ(mapping->columns, (std::vector<std::string>{"CQC", "Ref", "Received", "Text"}));
  EXPECT_EQ(mapping->table.header_row, 1U);
  EXPECT_EQ(mapping->table.delimiter, ',');
  EXPECT_EQ(mapping->events[0].version.constant, 1U);
}

TEST(FeedMapping, AnUnknownKeyIsNamedWithItsLineAndTheNearest) {
  EXPECT_EQ(ProblemsOf(Complaints("    feilds: {}\n")),
            "log.yaml:9: unknown key `feilds`; did you mean `fields`?");
}

TEST(FeedMapping, EveryProblemIsSaidAtOnce) {
  const std::string problems =
      ProblemsOf(Complaints("    fields:\n"
                            "      sujbect: Subject\n"
                            "      service_area: {column: Team, split: \";\"}\n"
                            "  - kind: complaint_outcome_recorded\n"
                            "    id: {columns: Ref, suffix: /outcome}\n"
                            "    occurred_at: {column: Closed, date: dd/mmyyyyy}\n"
                            "    fields:\n"
                            "      outcome: {column: Outcome, codes: {Yes: UPHOLD}}\n"));
  EXPECT_THAT(problems, HasSubstr("log.yaml:10: ComplaintReceived has no field `sujbect`; did you "
                                  "mean `subject`?"));
  EXPECT_THAT(problems, HasSubstr("log.yaml:11: `split` is for lists"));
  EXPECT_THAT(problems, HasSubstr("log.yaml:14: `date` takes iso, excel-serial, or a pattern"));
  EXPECT_THAT(problems, HasSubstr("log.yaml:16: `outcome` has no value `UPHOLD`; did you mean "
                                  "`UPHELD`?"));
  EXPECT_THAT(problems, HasSubstr("log.yaml:12: `complaint` must be given"));
}

TEST(FeedMapping, PathsAreCheckedAgainstTheSchema) {
  const auto of_return = [](const std::string& field) {
    return ProblemsOf(
        "name: r\nsource: s\ntable: {format: csv}\n"
        "subject: {scheme: ods, column: O}\nevents:\n  - kind: monitoring_return_received\n"
        "    id: Ref\n    reported_at: R\n    fields:\n      period: Month\n      " +
        field + "\n");
  };
  EXPECT_EQ(of_return("kpis[0].name: A\n      kpis[0].value: B"), "");
  EXPECT_THAT(of_return("kpis[1].value: B"), HasSubstr("`kpis[1].name` must be given: a text"));
  EXPECT_THAT(of_return("kpis.name: A"), HasSubstr("`kpis` is a list: say which element"));
  EXPECT_THAT(of_return("kpis: A"), HasSubstr("`kpis` has fields of its own"));
  EXPECT_THAT(of_return("kpis[x].name: A"), HasSubstr("takes one element as in kpis[0]"));
  EXPECT_THAT(of_return("concern[0]: A"), HasSubstr("leave out [...]"));
  EXPECT_THAT(of_return("concern.a: A"), HasSubstr("has no fields of its own"));
  EXPECT_THAT(of_return("concern: {constant: perhaps}"),
              HasSubstr("`perhaps` is not true or false"));
  EXPECT_THAT(of_return("concern: {id_of: complaint_received}"),
              HasSubstr("for a field that names another event"));
}

TEST(FeedMapping, OnlyFactsOfPartnersAreKinds) {
  EXPECT_THAT(ProblemsOf("name: r\nsource: s\ntable: {format: csv}\nevents:\n"
                         "  - kind: recommendation\n    id: R\n    reported_at: R\n"),
              HasSubstr("log.yaml:5: partners report no kind `recommendation`"));
}

TEST(FeedMapping, AnIdentityOfAReporterIsNotMapped) {
  EXPECT_THAT(
      ProblemsOf("name: r\nsource: s\ntable: {format: csv}\n"
                 "subject: {scheme: ods, column: O}\nevents:\n"
                 "  - kind: whistleblowing_concern_received\n    id: R\n    reported_at: R\n"
                 "    fields: {reporter_identity: Name}\n"),
      HasSubstr("`reporter_identity` is not taken from a table"));
}

TEST(FeedMapping, TwoEventsOfARowNeedIdsOfTheirOwn) {
  EXPECT_THAT(ProblemsOf(Complaints("  - kind: complaint_received\n    id: Ref\n"
                                    "    reported_at: Received\n")),
              HasSubstr("log.yaml:9: this event has the id of the one in line 6"));
}

TEST(FeedMapping, WhatIsNotOneYamlDocumentIsRefusedWithItsLine) {
  EXPECT_EQ(ProblemsOf("%TAG ! !\n"), "log.yaml:1: not YAML: a YAML directive");
  EXPECT_THAT(ProblemsOf("name: [\n"), HasSubstr("not YAML"));
  EXPECT_THAT(ProblemsOf("- a\n"), HasSubstr("log.yaml:1: here stands a list of `key: value`"));
  EXPECT_THAT(ProblemsOf("name: a\nname: b\n"), HasSubstr("log.yaml:2: `name` stands twice"));
  EXPECT_THAT(ProblemsOf(""), HasSubstr("log.yaml:1:"));
}

}  // namespace
}  // namespace trigpoint
