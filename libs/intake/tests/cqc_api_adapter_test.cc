#include "trigpoint/intake/cqc_api_adapter.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "recording_sink.h"
#include "trigpoint/events/times.h"
#include "trigpoint/events/validate.h"

namespace trigpoint {
namespace {

using nlohmann::json;
using Status = v1::RegistrationChanged;

const CqcApiOptions kProviders{.kind = CqcDocumentKind::kProvider, .edition = {}};

std::filesystem::path Data(const std::string& name) {
  return std::filesystem::path(TRIGPOINT_SOURCE_DIR) / "tests/data" / name;
}

struct Reading {
  absl::Status status;
  RecordingSink sink;
  CqcApiCounts counts;

  const v1::Event* Find(const std::string& id) const {
    for (const v1::Event& event : sink.events) {
      if (event.id() == id) return &event;
    }
    return nullptr;
  }
  std::vector<std::string> Rules() const {
    std::vector<std::string> rules;
    for (const RefusedRow& row : sink.refused) {
      for (const auto& violation : row.violations) {
        rules.push_back(violation.field() + " " + violation.rule());
      }
    }
    return rules;
  }
};

Reading Read(const std::string& text, const CqcApiOptions& options = {}) {
  std::istringstream input(text);
  CqcApiAdapter adapter(options);
  Reading reading;
  reading.status = adapter.Read(input, reading.sink);
  reading.counts = adapter.counts();
  return reading;
}

Reading ReadFile(const std::filesystem::path& path, const CqcApiOptions& options = {}) {
  std::ifstream input(path, std::ios::binary);
  EXPECT_TRUE(input.good()) << path;
  std::stringstream text;
  text << input.rdbuf();
  return Read(text.str(), options);
}

json Home() {
  return {{"locationId", "1-1"},
          {"providerId", "1-2"},
          {"organisationType", "Location"},
          {"name", "The Limes"},
          {"registrationStatus", "Registered"},
          {"registrationDate", "2012-05-01"},
          {"careHome", "Y"},
          {"numberOfBeds", 30},
          {"gacServiceTypes", {{{"name", "Nursing homes"}}}}};
}

json Overall(const std::string& rating, const std::string& safe) {
  return {{"rating", rating}, {"keyQuestionRatings", {{{"name", "Safe"}, {"rating", safe}}}}};
}

v1::Rating QuestionOf(const v1::Event& event, v1::KeyQuestion question) {
  for (const auto& answer : event.cqc_rating_published().key_questions()) {
    if (answer.key_question() == question) return answer.rating();
  }
  return v1::RATING_UNSPECIFIED;
}

std::string DayOf(const v1::Event& event) {
  return event.has_occurred_at() ? FormatDate(LondonDate(ToMicros(event.occurred_at()))) : "";
}

// What every reading must hold, whatever the documents say.
void ExpectSound(const Reading& reading) {
  std::map<std::string, std::string> bytes_of;
  for (const v1::Event& event : reading.sink.events) {
    const std::string bytes = event.SerializeAsString();
    EXPECT_TRUE(Validate(event, {}).empty()) << event.id() << ": " << Validate(event, {})[0].rule();
    EXPECT_EQ(bytes.find("REDACTED"), std::string::npos) << event.id();
    const auto [it, added] = bytes_of.try_emplace(event.id(), bytes);
    EXPECT_EQ(it->second, bytes) << event.id() << " would conflict with itself";
  }
}

TEST(CqcApi, ReadsTheCommittedLocations) {
  const Reading reading = ReadFile(Data("cqc_locations_excerpt.jsonl"));
  ASSERT_TRUE(reading.status.ok()) << reading.status;
  ExpectSound(reading);
  EXPECT_TRUE(reading.sink.refused.empty()) << testing::PrintToString(reading.Rules());
  EXPECT_EQ(reading.counts.documents, 17U);
  EXPECT_EQ(reading.counts.deregistered, 5U);
  EXPECT_EQ(reading.counts.dormant, 1U);
  EXPECT_EQ(reading.counts.links, 11U);
  EXPECT_EQ(reading.counts.nothing_published, 2U);
  EXPECT_EQ(reading.counts.without_overall, 1U);
  EXPECT_EQ(reading.counts.unknown_service_types, 0U);
  EXPECT_EQ(reading.counts.ratings, 34U);
  EXPECT_EQ(reading.counts.inherited, 7U);
  EXPECT_EQ(reading.counts.not_a_rating, 10U);
}

TEST(CqcApi, SaysWhatALocationIs) {
  const Reading reading = ReadFile(Data("cqc_location_excerpt.json"));
  ASSERT_TRUE(reading.status.ok()) << reading.status;
  ExpectSound(reading);
  const v1::Event* event = reading.Find("1-117886088");
  ASSERT_NE(event, nullptr);
  const v1::ServiceRegistered& service = event->service_registered();
  EXPECT_EQ(service.name(), "Elizabeth House");
  EXPECT_EQ(service.service_type(), v1::SERVICE_TYPE_CARE_HOME_RESIDENTIAL);
  EXPECT_EQ(service.beds(), 30U);
  EXPECT_EQ(service.organisation(), "1-101678485");
  EXPECT_EQ(service.local_authority(), "Oldham");
  EXPECT_EQ(service.icb(), "E54000057");
  EXPECT_EQ(DayOf(*event), "2010-12-30");
  EXPECT_EQ(FormatInstant(ToMicros(event->reported_at())), "2022-12-14T00:00:00Z");
  const v1::Event* ods = reading.Find("1-117886088/ods");
  ASSERT_NE(ods, nullptr);
  EXPECT_EQ(ods->service_registered().also_known_as(0).scheme(), "ods");
  EXPECT_EQ(ods->service_registered().also_known_as(0).value(), "VLD2P");
  const v1::Event* manager = reading.Find("1-117886088/manager");
  ASSERT_NE(manager, nullptr);
  EXPECT_EQ(manager->registration_changed().status(), Status::STATUS_MANAGER_ABSENT);
  EXPECT_EQ(DayOf(*manager), "2025-03-13");
}

// A38
TEST(CqcApi, TellsTheThreeShapesOfRatings) {
  const Reading reading = ReadFile(Data("cqc_locations_excerpt.jsonl"));
  // currentRatings.overall, whose key questions are of several reports.
  const v1::Event* current =
      reading.Find("1-545872379/rating/828178c4-8d58-4b1e-9c55-675af0cd560a");
  ASSERT_NE(current, nullptr);
  EXPECT_EQ(current->cqc_rating_published().overall(), v1::RATING_GOOD);
  EXPECT_EQ(DayOf(*current), "2024-02-22");
  EXPECT_EQ(QuestionOf(*current, v1::KEY_QUESTION_RESPONSIVE), v1::RATING_REQUIRES_IMPROVEMENT);
  EXPECT_EQ(QuestionOf(*current, v1::KEY_QUESTION_CARING), v1::RATING_GOOD);
  // Only ratings of services; the location's comes from an assessment.
  const v1::Event* assessed = reading.Find("1-569934227/rating/AP2291");
  ASSERT_NE(assessed, nullptr);
  EXPECT_EQ(assessed->cqc_rating_published().overall(), v1::RATING_GOOD);
  EXPECT_EQ(DayOf(*assessed), "2024-05-10");
  EXPECT_EQ(assessed->cqc_rating_published().key_questions_size(), 5);
  // Assessed and never rated.
  const v1::Event* dentist = reading.Find("1-16561595022/rating/AP6310");
  ASSERT_NE(dentist, nullptr);
  EXPECT_EQ(dentist->cqc_rating_published().overall(), v1::RATING_UNSPECIFIED);
  EXPECT_EQ(QuestionOf(*dentist, v1::KEY_QUESTION_SAFE), v1::RATING_INSPECTED_BUT_NOT_RATED);
}

TEST(CqcApi, MarksWhatAPredecessorEarned) {
  const Reading reading = ReadFile(Data("cqc_locations_excerpt.jsonl"));
  std::set<std::string> inherited;
  for (const v1::Event& event : reading.sink.events) {
    if (event.subject().value() == "RM317" && event.cqc_rating_published().inherited()) {
      inherited.insert(DayOf(event));
    }
  }
  EXPECT_EQ(inherited,
            (std::set<std::string>{"2016-08-12", "2018-03-01", "2020-02-07", "2021-02-10"}));
}

// Rule: 3.9
TEST(CqcApi, SaysWhyOneRegistrationFollowsAnotherAndLeavesOpenWhatItDoesNotKnow) {
  using Linked = v1::ServiceLinked;
  const std::vector<std::pair<std::string, Linked::Reason>> words = {
      {"Location Move", Linked::REASON_LOCATION_MOVE},
      {"LOCATION MOVE", Linked::REASON_LOCATION_MOVE},
      {"Change of ownership", Linked::REASON_CHANGE_OF_OWNERSHIP},
      {"Legal Entity Change", Linked::REASON_CHANGE_OF_LEGAL_ENTITY},
      {"Partnership Change", Linked::REASON_CHANGE_OF_PARTNERSHIP},
      {"New Provider", Linked::REASON_NEW_PROVIDER},
      {"NHS Transfer", Linked::REASON_NHS_TRANSFER},
      {"Moved to the moon", Linked::REASON_UNSPECIFIED},
      {"", Linked::REASON_UNSPECIFIED}};
  for (const auto& [word, reason] : words) {
    json document = Home();
    document["relationships"] = {
        {{"type", "HSCA Predecessor"}, {"relatedLocationId", "1-9"}, {"reason", word}}};
    const Reading reading = Read(document.dump());
    const v1::Event* link = reading.Find("1-1/linked/1-9");
    ASSERT_NE(link, nullptr) << word;
    EXPECT_EQ(link->service_linked().reason(), reason) << word;
  }
}

TEST(CqcApi, SaysWhenItEndedAndWhoCameBeforeAndAfter) {
  const Reading reading = ReadFile(Data("cqc_locations_excerpt.jsonl"));
  const v1::Event* ended = reading.Find("1-1015412687/registration");
  ASSERT_NE(ended, nullptr);
  EXPECT_EQ(ended->registration_changed().status(), Status::STATUS_DEREGISTERED);
  EXPECT_EQ(DayOf(*ended), "2014-05-30");
  EXPECT_EQ(reading.Find("1-1015412687/ods"), nullptr);
  const v1::Event* before = reading.Find("1-1015412687/linked/1-188693354");
  ASSERT_NE(before, nullptr);
  EXPECT_EQ(before->service_linked().link(), v1::ServiceLinked::LINK_PREDECESSOR);
  EXPECT_EQ(before->service_linked().other().value(), "1-188693354");
  EXPECT_EQ(before->service_linked().effective_on().year(), 2013);
  EXPECT_EQ(before->service_linked().reason(), v1::ServiceLinked::REASON_CHANGE_OF_LEGAL_ENTITY);
  const v1::Event* after = reading.Find("1-1015412687/linked/1-619125906");
  ASSERT_NE(after, nullptr);
  EXPECT_EQ(after->service_linked().link(), v1::ServiceLinked::LINK_SUCCESSOR);
  EXPECT_FALSE(after->service_linked().has_effective_on());
  EXPECT_EQ(DayOf(*after), "2014-05-30");
  const v1::Event* dormant = reading.Find("1-10024040008/dormancy");
  ASSERT_NE(dormant, nullptr);
  EXPECT_EQ(dormant->registration_changed().status(), Status::STATUS_DORMANT);
  EXPECT_EQ(DayOf(*dormant), "2023-06-01");
}

TEST(CqcApi, SaysThatADormantServiceIsActiveAgainAndItsManagerInPost) {
  json home = Home();
  home["dormancy"] = "N";
  home["dormancyEndDate"] = "2022-12-13";
  home["regulatedActivities"] = {
      {{"name", "Personal care"},
       {"contacts", {{{"personFamilyName", "Smith"}, {"personRoles", {"Registered Manager"}}}}}}};
  const Reading reading = Read(home.dump());
  ExpectSound(reading);
  EXPECT_EQ(reading.Find("1-1/dormancy")->registration_changed().status(),
            Status::STATUS_ACTIVE_AGAIN);
  EXPECT_EQ(DayOf(*reading.Find("1-1/dormancy")), "2022-12-13");
  EXPECT_EQ(reading.Find("1-1/manager")->registration_changed().status(),
            Status::STATUS_MANAGER_IN_POST);
  EXPECT_FALSE(reading.Find("1-1/manager")->registration_changed().has_effective_on());
}

TEST(CqcApi, GivesTheSameEventsForTheSameDocument) {
  const Reading once = ReadFile(Data("cqc_locations_excerpt.jsonl"));
  const Reading again = ReadFile(Data("cqc_locations_excerpt.jsonl"));
  ASSERT_EQ(once.sink.events.size(), again.sink.events.size());
  for (size_t i = 0; i < once.sink.events.size(); ++i) {
    EXPECT_EQ(once.sink.events[i].SerializeAsString(), again.sink.events[i].SerializeAsString());
  }
}

// When a newer report moves the current one into history, nothing about the old one was corrected.
TEST(CqcApi, AReportStaysTheSameWhenItBecomesHistory) {
  json before = Home();
  before["currentRatings"]["overall"] = {{"rating", "Good"},
                                         {"reportDate", "2020-01-10"},
                                         {"reportLinkId", "r2"},
                                         {"keyQuestionRatings",
                                          {{{"name", "Safe"},
                                            {"rating", "Good"},
                                            {"reportDate", "2020-01-10"},
                                            {"reportLinkId", "r2"}},
                                           {{"name", "Caring"},
                                            {"rating", "Outstanding"},
                                            {"reportDate", "2017-03-02"},
                                            {"reportLinkId", "r1"}}}}};
  before["historicRatings"] = {
      {{"reportDate", "2017-03-02"}, {"reportLinkId", "r1"}, {"overall", Overall("Good", "Good")}}};
  json after = before;
  after["currentRatings"]["overall"] = {{"rating", "Inadequate"},
                                        {"reportDate", "2024-06-05"},
                                        {"reportLinkId", "r3"},
                                        {"keyQuestionRatings",
                                         {{{"name", "Safe"},
                                           {"rating", "Inadequate"},
                                           {"reportDate", "2024-06-05"},
                                           {"reportLinkId", "r3"}},
                                          {{"name", "Caring"},
                                           {"rating", "Outstanding"},
                                           {"reportDate", "2017-03-02"},
                                           {"reportLinkId", "r1"}}}}};
  after["historicRatings"].push_back(
      {{"reportDate", "2020-01-10"}, {"reportLinkId", "r2"}, {"overall", Overall("Good", "Good")}});
  const Reading old_state = Read(before.dump());
  const Reading new_state = Read(after.dump());
  EXPECT_GT(new_state.Find("1-1")->source_version(), old_state.Find("1-1")->source_version());
  for (const std::string id : {"1-1/rating/r1", "1-1/rating/r2"}) {
    ASSERT_NE(new_state.Find(id), nullptr);
    EXPECT_EQ(old_state.Find(id)->cqc_rating_published().SerializeAsString(),
              new_state.Find(id)->cqc_rating_published().SerializeAsString());
  }
  EXPECT_EQ(QuestionOf(*new_state.Find("1-1/rating/r3"), v1::KEY_QUESTION_CARING),
            v1::RATING_OUTSTANDING);
}

TEST(CqcApi, AHistoricReportKeepsItsOwnQuestionsBesideThoseOfOtherReports) {
  json home = Home();
  home["historicRatings"] = {{{"reportDate", "2020-01-10"},
                              {"reportLinkId", "r9"},
                              {"overall",
                               {{"rating", "Good"},
                                {"keyQuestionRatings",
                                 {{{"name", "Safe"},
                                   {"rating", "Good"},
                                   {"reportDate", "2016-01-01"},
                                   {"reportLinkId", "r1"}},
                                  {{"name", "Caring"},
                                   {"rating", "Good"},
                                   {"reportDate", "2017-01-01"},
                                   {"reportLinkId", "r2"}},
                                  {{"name", "Effective"},
                                   {"rating", "Good"},
                                   {"reportDate", "2018-01-01"},
                                   {"reportLinkId", "r3"}},
                                  {{"name", "Well-led"}, {"rating", "Requires improvement"}}}}}}}};
  const Reading reading = Read(home.dump());
  for (const std::string id : {"1-1/rating/r1", "1-1/rating/r2", "1-1/rating/r3"}) {
    EXPECT_NE(reading.Find(id), nullptr) << id;
  }
  ASSERT_NE(reading.Find("1-1/rating/r9"), nullptr);
  EXPECT_EQ(QuestionOf(*reading.Find("1-1/rating/r9"), v1::KEY_QUESTION_WELL_LED),
            v1::RATING_REQUIRES_IMPROVEMENT);
}

TEST(CqcApi, TakesTheEditionThatIsGiven) {
  CqcApiOptions options;
  options.edition = CivilDate{.year = 2026, .month = 3, .day = 1};
  const Reading reading = Read(Home().dump(), options);
  EXPECT_EQ(reading.Find("1-1")->source_version(),
            static_cast<uint32_t>(DaysFromCivil(*options.edition)));
  EXPECT_EQ(FormatInstant(ToMicros(reading.Find("1-1")->reported_at())), "2026-03-01T00:00:00Z");
}

TEST(CqcApi, NamesOfPersonsReachNothing) {
  json home = Home();
  const json person = {{"personTitle", "Mrs"},
                       {"personGivenName", "Aurelia"},
                       {"personFamilyName", "Thistlewood"},
                       {"personRoles", {"Registered Manager"}}};
  home["regulatedActivities"] = {{{"name", "Personal care"}, {"contacts", {person}}}};
  home["registrationStatus"] = "Pondering";
  home["assessment"] = {{{"assessmentPlanPublishedDateTime", "soon"},
                         {"ratings", {{"asgRatings", {{{"commentary", "Aurelia said"}}}}}}}};
  const Reading location = Read(home.dump());
  EXPECT_EQ(location.Rules(), (std::vector<std::string>{
                                  "registrationStatus STATUS_NOT_KNOWN",
                                  "assessment[0].assessmentPlanPublishedDateTime DATE_NOT_READ"}));
  const json provider = {{"providerId", "1-2"},
                         {"name", "Aurelia Thistlewood"},
                         {"ownershipType", "Individual"},
                         {"registrationStatus", "Registered"},
                         {"contacts", {person}},
                         {"relationships",
                          {{{"relatedProviderId", "1-3"},
                            {"relatedProviderName", "Dr Thistlewood"},
                            {"type", "HSCA Cousin"}}}}};
  const Reading of_provider = Read(provider.dump(), kProviders);
  EXPECT_EQ(of_provider.Rules(),
            (std::vector<std::string>{"relationships[0].type LINK_NOT_KNOWN"}));
  for (const Reading* reading : {&location, &of_provider}) {
    std::string all;
    for (const v1::Event& event : reading->sink.events) all += event.DebugString();
    for (const RefusedRow& row : reading->sink.refused) {
      all += row.original;
      for (const auto& violation : row.violations) all += violation.DebugString();
    }
    for (const std::string name : {"Aurelia", "Thistlewood", "Mrs"}) {
      EXPECT_EQ(all.find(name), std::string::npos) << name;
    }
  }
  EXPECT_NE(location.sink.refused[0].original.find("Pondering"), std::string::npos);
}

TEST(CqcApi, ReadsProviders) {
  const Reading reading = ReadFile(Data("cqc_providers_excerpt.json"), kProviders);
  ASSERT_TRUE(reading.status.ok()) << reading.status;
  ExpectSound(reading);
  EXPECT_TRUE(reading.sink.refused.empty());
  const v1::Event* provider = reading.Find("1-1004515435");
  ASSERT_NE(provider, nullptr);
  EXPECT_EQ(provider->subject().scheme(), "cqc-provider");
  EXPECT_EQ(provider->service_registered().service_type(), v1::SERVICE_TYPE_OTHER);
  EXPECT_EQ(reading.counts.links, 2U);
  const json trust = {{"providerId", "RM3"},
                      {"name", "Northern Care Alliance NHS Foundation Trust"},
                      {"ownershipType", "NHS Body"},
                      {"type", "NHS Healthcare Organisation"},
                      {"odsCode", "RM3"},
                      {"registrationStatus", "Registered"},
                      {"inspectionCategories",
                       {{{"name", "Acute hospital - NHS non-specialist"}, {"primary", "true"}}}}};
  const Reading of_trust = Read(trust.dump(), kProviders);
  EXPECT_EQ(of_trust.Find("RM3")->service_registered().service_type(), v1::SERVICE_TYPE_ACUTE);
  EXPECT_EQ(of_trust.Find("RM3")->service_registered().name(), trust["name"]);
}

struct BadCase {
  std::string name;
  json change;  // Merged into a home (RFC 7396).
  std::string problem;
};

TEST(CqcApi, RefusesWhatItCannotReadByFieldAndRule) {
  const BadCase cases[] = {
      {"no id", {{"locationId", nullptr}, {"providerId", nullptr}}, "locationId NOT_A_DOCUMENT"},
      {"provider", {{"locationId", nullptr}}, "locationId WRONG_DOCUMENT_KIND"},
      {"id", {{"locationId", "1 1"}}, "locationId ID_NOT_USABLE"},
      {"list page",
       {{"locationId", nullptr}, {"providerId", nullptr}, {"locations", json::array()}},
       "locationId NOT_A_DOCUMENT"},
      {"beds", {{"numberOfBeds", "many"}}, "numberOfBeds NUMBER_NOT_READ"},
      {"minus", {{"numberOfBeds", -3}}, "numberOfBeds NUMBER_NOT_READ"},
      {"date", {{"registrationDate", "31/12/2014"}}, "registrationDate DATE_NOT_READ"},
      {"no such day", {{"registrationDate", "2014-02-30"}}, "registrationDate DATE_NOT_READ"},
      {"type", {{"name", 7}}, "name WRONG_TYPE"},
      {"list", {{"relationships", "none"}}, "relationships WRONG_TYPE"},
      {"element", {{"historicRatings", {"x"}}}, "historicRatings[0] WRONG_TYPE"},
      {"status", {{"registrationStatus", "Asleep"}}, "registrationStatus STATUS_NOT_KNOWN"},
      {"flag", {{"careHome", "yes"}}, "careHome FLAG_NOT_KNOWN"},
      {"rating",
       {{"historicRatings",
         {{{"reportDate", "2014-02-03"}, {"overall", {{"rating", "Splendid"}}}}}}},
       "historicRatings[0].overall.rating RATING_NOT_KNOWN"},
      {"question",
       {{"historicRatings",
         {{{"reportDate", "2014-02-03"},
           {"overall", {{"keyQuestionRatings", {{{"name", "Cosy"}, {"rating", "Good"}}}}}}}}}},
       "historicRatings[0].overall.keyQuestionRatings[0].name QUESTION_NOT_KNOWN"},
      {"no date",
       {{"historicRatings", {{{"overall", {{"rating", "Good"}}}}}}},
       "historicRatings[0].reportDate REPORT_DATE_MISSING"},
      {"no current date",
       {{"currentRatings", {{"overall", {{"rating", "Good"}}}}}},
       "currentRatings.overall.reportDate REPORT_DATE_MISSING"},
      {"link",
       {{"relationships", {{{"type", "Friend"}, {"relatedLocationId", "1-9"}}}}},
       "relationships[0].type LINK_NOT_KNOWN"},
      {"itself",
       {{"relationships", {{{"type", "HSCA Successor"}, {"relatedLocationId", "1-1"}}}}},
       "relationships[0].relatedLocationId ID_NOT_USABLE"},
  };
  for (const BadCase& bad : cases) {
    json home = Home();
    home.merge_patch(bad.change);
    const Reading reading = Read("\n" + home.dump());
    ASSERT_TRUE(reading.status.ok()) << bad.name << reading.status;
    EXPECT_EQ(reading.Rules(), std::vector<std::string>{bad.problem}) << bad.name;
    EXPECT_EQ(reading.sink.refused.at(0).line, 2U) << bad.name;
    ExpectSound(reading);
  }
}

TEST(CqcApi, UsesTheRestOfADocumentOfWhichSomethingIsRefused) {
  json home = Home();
  home["numberOfBeds"] = "many";
  const Reading reading = Read(home.dump());
  ASSERT_NE(reading.Find("1-1"), nullptr);
  EXPECT_EQ(reading.Find("1-1")->service_registered().name(), "The Limes");
  EXPECT_EQ(reading.counts.refused, 1U);
}

TEST(CqcApi, UsesNeitherOfTwoRatingsOfOneDay) {
  json home = Home();
  home["historicRatings"] = {
      {{"reportDate", "2018-08-14"}, {"reportLinkId", "a"}, {"overall", {{"rating", "Good"}}}},
      {{"reportDate", "2018-08-14"},
       {"reportLinkId", "b"},
       {"overall", {{"rating", "Requires Improvement"}}}},
      {{"reportDate", "2018-08-15"}, {"reportLinkId", "c"}, {"overall", {{"rating", "Good"}}}},
      {{"reportDate", "2018-08-15"},
       {"reportLinkId", "c"},
       {"overall", {{"rating", "Inspected but not rated"}}}}};
  const Reading reading = Read(home.dump());
  EXPECT_EQ(reading.Rules(), std::vector<std::string>{"historicRatings CONFLICTING_RATINGS"});
  EXPECT_EQ(reading.Find("1-1/rating/a"), nullptr);
  EXPECT_EQ(reading.Find("1-1/rating/b"), nullptr);
  EXPECT_EQ(reading.Find("1-1/rating/c")->cqc_rating_published().overall(), v1::RATING_GOOD);
}

// CL-05: the published percentage is kept; no rating is computed from it.
TEST(CqcApi, KeepsThePublishedPercentageOfAKeyQuestion) {
  json home = Home();
  const auto assessed = [](const char* percentage) {
    return json{
        {"assessmentPlanPublishedDateTime", "2024-09-17 15:19:48"},
        {"ratings",
         {{"asgRatings",
           {{{"assessmentPlanId", "plan"},
             {"name", "Care Homes"},
             {"rating", "Good"},
             {"keyQuestionRatings",
              {{{"name", "Safe"}, {"rating", "Good"}, {"percentageScore", percentage}}}}}}}}}};
  };
  home["assessment"].push_back(assessed("75"));
  const Reading reading = Read(home.dump());
  const v1::Event* rated = reading.Find("1-1/rating/plan");
  ASSERT_NE(rated, nullptr);
  bool found = false;
  for (const auto& answer : rated->cqc_rating_published().key_questions()) {
    if (answer.key_question() != v1::KEY_QUESTION_SAFE) continue;
    found = true;
    EXPECT_EQ(answer.percentage(), 75.0);
    EXPECT_EQ(answer.rating(), v1::RATING_GOOD);
  }
  EXPECT_TRUE(found);
  home["assessment"][0] = assessed("101");
  const std::vector<std::string> rules = Read(home.dump()).Rules();
  ASSERT_EQ(rules.size(), 1U);
  EXPECT_NE(rules[0].find("PERCENTAGE_NOT_READ"), std::string::npos);
}

TEST(CqcApi, DoesNotSumUpSeveralAssessedServices) {
  json home = Home();
  for (const std::string group : {"Care Homes", "Homecare"}) {
    home["assessment"].push_back(
        {{"assessmentPlanPublishedDateTime", "2024-09-17 15:19:48"},
         {"ratings", {{"asgRatings", {{{"name", group}, {"rating", "Good"}}}}}}});
  }
  const Reading reading = Read(home.dump());
  EXPECT_EQ(reading.counts.ratings, 0U);
  EXPECT_EQ(reading.counts.service_ratings, 2U);
}

TEST(CqcApi, ReadsListsAndLinesAndSaysWhereADocumentIsBroken) {
  const std::string home = Home().dump();
  EXPECT_EQ(Read("[" + home + ",\n " + home + "]").counts.documents, 2U);
  EXPECT_EQ(Read(Home().dump(1) + "\n" + Home().dump(1)).counts.documents, 2U);
  const Reading lines = Read(home + "\n{\"locationId\": }\r\n\n{\"name\":\"\xE9\"}\n" + home);
  ASSERT_TRUE(lines.status.ok()) << lines.status;
  EXPECT_EQ(lines.counts.documents, 4U);
  ASSERT_EQ(lines.sink.refused.size(), 2U);
  EXPECT_EQ(lines.sink.refused[0].line, 2U);
  EXPECT_EQ(lines.sink.refused[0].violations[0].rule(), "JSON_SYNTAX");
  EXPECT_EQ(lines.sink.refused[1].violations[0].rule(), "NOT_UTF8");
  const Reading list = Read("[" + home + ", [1]]");
  EXPECT_EQ(list.Rules(), std::vector<std::string>{"[1] NOT_A_DOCUMENT"});
  const Reading deep = Read(std::string(100, '[') + std::string(100, ']') + "\n");
  EXPECT_FALSE(deep.sink.refused.empty());
  const Reading cut = Read(home.substr(0, home.size() - 5));
  EXPECT_EQ(cut.status.message(),
            "line 1: the file ends inside the document that begins there: it is truncated");
  EXPECT_TRUE(cut.sink.events.empty());
}

TEST(CqcApi, ReadsEverySampleOfTheApi) {
  const std::filesystem::path folder =
      std::filesystem::path(TRIGPOINT_SOURCE_DIR) / "../shared/data/cqc_api_oldham_2025/samples";
  if (!std::filesystem::exists(folder)) {
    GTEST_SKIP() << "the samples of the API are not here";
  }
  size_t documents = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    const bool provider = file.path().filename().string().starts_with("provider");
    const Reading reading = ReadFile(file.path(), provider ? kProviders : CqcApiOptions());
    ASSERT_TRUE(reading.status.ok()) << file.path() << reading.status;
    EXPECT_TRUE(reading.sink.refused.empty())
        << file.path() << testing::PrintToString(reading.Rules());
    ExpectSound(reading);
    documents += reading.counts.documents;
  }
  EXPECT_EQ(documents, 23U);
}

}  // namespace
}  // namespace trigpoint
