#include "trigpoint/intake/ods_organisations_adapter.h"

#include <sstream>

#include "excerpts.h"

namespace trigpoint {
namespace {

constexpr v1::RegistrationChanged::Status kDeregistered =
    v1::RegistrationChanged::STATUS_DEREGISTERED;

// A row of 27 cells; places from 0.
std::string Row(const std::vector<std::pair<size_t, std::string>>& cells) {
  std::vector<std::string> all(27);
  for (const auto& [at, text] : cells) all[at] = text;
  std::string row;
  for (size_t i = 0; i < all.size(); ++i) row += (i == 0 ? "" : ",") + all[i];
  return row + "\n";
}

absl::Status Read(const std::string& text, RecordingSink* sink) {
  std::istringstream input(text);
  return OdsOrganisationsAdapter({}).Read(input, *sink);
}

TEST(OdsOrganisations, RegistersTrustsAndTeachesTheNamesOfOpenOnes) {
  RecordingSink sink;
  OdsOrganisationsAdapter adapter({});
  ASSERT_TRUE(ReadExcerpt("ods_trusts_excerpt.csv", &adapter, &sink).ok());
  ExpectValid(sink);
  EXPECT_EQ(adapter.counts().organisations, 8U);
  EXPECT_EQ(adapter.counts().closed, 2U);
  EXPECT_EQ(adapter.counts().names_taught, 6U);
  const v1::ServiceRegistered service = EventWithId(sink, "G6V2S").service_registered();
  EXPECT_EQ(service.name(), "NORTH LONDON NHS FOUNDATION TRUST");
  EXPECT_EQ(service.icb(), "Z9B2Z");
  EXPECT_EQ(service.service_type(), v1::SERVICE_TYPE_UNSPECIFIED);
  EXPECT_EQ(EventWithId(sink, "RXT").service_registered().service_type(),
            v1::SERVICE_TYPE_MENTAL_HEALTH);
  EXPECT_EQ(EventWithId(sink, "RYA").service_registered().service_type(),
            v1::SERVICE_TYPE_AMBULANCE);
  const v1::Event name = EventWithId(sink, "RJ1/name");
  ASSERT_EQ(name.service_registered().also_known_as_size(), 2);
  EXPECT_EQ(name.service_registered().also_known_as(0).scheme(), "nhs-trust-name");
  EXPECT_EQ(name.service_registered().also_known_as(0).value(),
            "GUY'S AND ST THOMAS' NHS FOUNDATION TRUST");
  EXPECT_EQ(EventWithId(sink, "R0C/registration").registration_changed().status(), kDeregistered);
}

TEST(OdsOrganisations, TakesAnEndAfterTheEditionForOneThatHasNotCome) {
  RecordingSink sink;
  OdsOrganisationsAdapter adapter({.edition = CivilDate{.year = 2026, .month = 6, .day = 29}});
  ASSERT_TRUE(ReadExcerpt("ods_trusts_excerpt.csv", &adapter, &sink).ok());
  EXPECT_EQ(adapter.counts().closing_later, 1U);
  EXPECT_EQ(EventWithId(sink, "RVJ/registration").registration_changed().status(),
            v1::RegistrationChanged::STATUS_REGISTERED);
}

TEST(OdsOrganisations, ReadsRowsWhoseLastColumnsWereCut) {
  RecordingSink sink;
  OdsOrganisationsAdapter adapter({});
  ASSERT_TRUE(ReadExcerpt("ods_trusts_2021_excerpt.csv", &adapter, &sink).ok());
  ExpectValid(sink);
  EXPECT_EQ(adapter.counts().organisations, 3U);
  EXPECT_FALSE(EventWithId(sink, "R0A").service_registered().has_registered_on());
  EXPECT_EQ(EventWithId(sink, "R1A").service_registered().icb(), "") << "an area team";
}

TEST(OdsOrganisations, ReadsPracticesByTheirSettingAndStatus) {
  RecordingSink sink;
  OdsOrganisationsAdapter adapter({});
  ASSERT_TRUE(ReadExcerpt("ods_practices_excerpt.csv", &adapter, &sink).ok());
  ExpectValid(sink);
  EXPECT_EQ(adapter.counts().organisations, 7U);
  EXPECT_EQ(adapter.counts().general_practices, 5U);
  const v1::ServiceRegistered open = EventWithId(sink, "A81001").service_registered();
  EXPECT_EQ(open.service_type(), v1::SERVICE_TYPE_GENERAL_PRACTICE);
  EXPECT_EQ(open.icb(), "QHM");
  ASSERT_EQ(open.commissioners_size(), 1);
  EXPECT_EQ(open.commissioners(0), "16C");
  EXPECT_EQ(EventWithId(sink, "A81003").service_registered().commissioners_size(), 0);
  EXPECT_EQ(EventWithId(sink, "A81003/registration").registration_changed().status(),
            kDeregistered);
  EXPECT_EQ(EventWithId(sink, "A81043/registration").registration_changed().status(),
            v1::RegistrationChanged::STATUS_DORMANT);
  EXPECT_EQ(EventWithId(sink, "Y08139/registration").id(), "") << "proposed";
  EXPECT_EQ(EventWithId(sink, "A81602").service_registered().name(), "") << "a person's";
  EXPECT_EQ(adapter.counts().parents, 7U);
  const v1::ServiceRegistered now = EventWithId(sink, "A81001/parent").service_registered();
  ASSERT_EQ(now.affiliations_size(), 2);
  EXPECT_EQ(now.affiliations(0).relation(), v1::Affiliation::RELATION_ODS_PARENT);
  EXPECT_EQ(now.affiliations(0).organisation(), "16C");
  EXPECT_EQ(now.affiliations(0).starts_on().year(), 2020);
  EXPECT_FALSE(now.affiliations(0).has_ends_on());
  EXPECT_EQ(now.affiliations(1).relation(), v1::Affiliation::RELATION_COMMISSIONER);
  const v1::ServiceRegistered closed = EventWithId(sink, "A81003/parent").service_registered();
  ASSERT_EQ(closed.affiliations_size(), 1) << "nobody commissions it";
  EXPECT_EQ(closed.affiliations(0).ends_on().year(), 2017);
}

TEST(OdsOrganisations, ReadsNoPractitionerOfTheAmendments) {
  RecordingSink sink;
  OdsOrganisationsAdapter adapter({});
  ASSERT_TRUE(ReadExcerpt("ods_amendments_excerpt.csv", &adapter, &sink).ok());
  ExpectValid(sink);
  EXPECT_EQ(adapter.counts().organisations, 2U);
  EXPECT_EQ(adapter.counts().practitioners, 1U);
  EXPECT_TRUE(sink.refused.empty());
}

TEST(OdsOrganisations, RefusesRowsByLineColumnAndRule) {
  RecordingSink sink;
  ASSERT_TRUE(Read(Row({{0, "R01"}, {1, "A TRUST"}, {10, "20200101"}, {23, "H"}}) +
                       Row({{0, "R 2"}, {1, "B TRUST"}}) + Row({{0, "R03"}}) +
                       Row({{0, "R04"}, {1, "C TRUST"}, {10, "20200231"}}) +
                       Row({{0, "R05"}, {1, "C TRUST"}, {11, "soon"}}) +
                       Row({{0, "R06"}, {1, "D TRUST"}}) + Row({{0, "R06"}, {1, "E TRUST"}}) +
                       "R07,F TRUST\n" + Row({{0, "R08"}, {1, "a  trust"}}) +
                       Row({{0, "R09"}, {1, "G TRUST"}, {15, "20200402"}, {16, "20200401"}}),
                   &sink)
                  .ok());
  EXPECT_EQ(Refusals(sink), (std::vector<std::string>{
                                "2 1 code ID_NOT_USABLE", "3 2 name NAME_MISSING",
                                "4 11 open date DATE_NOT_READ", "5 12 close date DATE_NOT_READ",
                                "6 1 code CONFLICTING_ROWS", "7 1 code CONFLICTING_ROWS",
                                "8  WRONG_COLUMN_COUNT", "10 17 left date LEFT_BEFORE_JOINED"}));
  EXPECT_EQ(EventWithId(sink, "R01/name").id(), "") << "two open trusts have this name";
  EXPECT_EQ(Read(Row({{0, "R01"}, {1, "A TRUST"}, {10, "20200101"}}), &sink).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Read("code,name\n", &sink).code(), absl::StatusCode::kInvalidArgument);
}

struct Whole {
  std::string file;
  uint64_t rows;
  uint64_t organisations;
  uint64_t closed;
  uint64_t general_practices;
  uint64_t names_taught;
  size_t events;
};

// Names the file where a case fails.
void PrintTo(const Whole& whole, std::ostream* out) { *out << whole.file; }

class WholeOds : public ::testing::TestWithParam<Whole> {};

TEST_P(WholeOds, IsRead) {
  const auto path = WholeFile("ods_organisations/" + GetParam().file);
  if (path.empty()) GTEST_SKIP() << "the data sets are not here";
  RecordingSink sink;
  OdsOrganisationsAdapter adapter({});
  ASSERT_TRUE(ReadWhole(path, &adapter, &sink).ok());
  ExpectValid(sink);
  EXPECT_EQ(adapter.counts().rows, GetParam().rows);
  EXPECT_EQ(adapter.counts().organisations, GetParam().organisations);
  EXPECT_EQ(adapter.counts().closed, GetParam().closed);
  EXPECT_EQ(adapter.counts().general_practices, GetParam().general_practices);
  EXPECT_EQ(adapter.counts().names_taught, GetParam().names_taught);
  EXPECT_EQ(adapter.counts().refused, 0U);
  EXPECT_EQ(sink.events.size(), GetParam().events);
}

INSTANTIATE_TEST_SUITE_P(
    Files, WholeOds,
    ::testing::Values(Whole{"etr_2021-01.csv", 241, 241, 2, 0, 239, 721},
                      Whole{"etr_2022-03.csv", 218, 218, 6, 0, 212, 648},
                      Whole{"etr_2026-07.csv", 274, 274, 72, 0, 202, 750},
                      Whole{"eccg_2025-12.csv", 320, 320, 161, 0, 0, 640},
                      Whole{"epraccur_2015-11-27.csv.gz", 12'922, 12'922, 957, 8'177, 0, 38'597},
                      Whole{"epraccur_2023-11.csv.gz", 15'971, 15'971, 3'503, 8'647, 0, 47'739},
                      Whole{"egpam_amendments_2015-12-18.csv", 1'127, 125, 0, 63, 0, 371}));

}  // namespace
}  // namespace trigpoint
