#include "trigpoint/events/validate.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

v1::Event Valid() {
  v1::Event event;
  event.set_source("trust/lfpse");
  event.set_id("I-1");
  event.mutable_subject()->set_scheme("cqc-location");
  event.mutable_subject()->set_value("1-9434765919");
  event.mutable_incident_reported()->set_ward("Ward 4");
  return event;
}

std::set<std::string> Rules(const v1::Event& event, ValidateOptions options = {}) {
  std::set<std::string> rules;
  for (const auto& violation : Validate(event, options)) {
    rules.insert(violation.field() + " " + violation.rule());
    EXPECT_EQ(violation.description().find("943 476"), std::string::npos);
  }
  return rules;
}

using Set = std::set<std::string>;

TEST(Validate, AcceptsAPlainFact) { EXPECT_EQ(Rules(Valid()), Set{}); }

TEST(Validate, NamesWhatIsMissing) {
  v1::Event event;
  EXPECT_EQ(Rules(event), (Set{"payload KIND_MISSING", "source REQUIRED", "id REQUIRED"}));
  event = Valid();
  event.clear_subject();
  EXPECT_EQ(Rules(event), Set{"subject REQUIRED"});
  event.mutable_event_retracted();
  EXPECT_EQ(Rules(event), Set{"event_retracted.reason REQUIRED"});
}

TEST(Validate, NamesARequiredListThatIsEmpty) {
  v1::Event event = Valid();
  event.mutable_cluster_split()->set_reason("two residents");
  event.mutable_cluster_split()->set_decided_by_role("quality officer");
  EXPECT_EQ(Rules(event), Set{"cluster_split.reports REQUIRED"});
  event.mutable_cluster_split()->add_reports()->set_id("1");
  EXPECT_EQ(Rules(event), Set{});
}

// A54, S4 3.77: "which does not directly pertain to safeguarding concerns or formal reportable
// incidents".
TEST(Validate, RefusesAtTheInformationSharingGroupWhatHasAWayOfItsOwn) {
  v1::Event event = Valid();
  event.set_shared_at(v1::FORUM_INFORMATION_SHARING_GROUP);
  event.mutable_early_indicator_observed()->set_indicator(
      v1::EarlyIndicatorObserved::INDICATOR_THEME_RESISTING_OUTSIDERS);
  EXPECT_EQ(Rules(event), Set{});
  const Set refused = {"shared_at NOT_FOR_INFORMATION_SHARING_GROUP"};
  event.mutable_safeguarding_concern_raised();
  EXPECT_EQ(Rules(event), refused);
  event.mutable_safeguarding_enquiry_opened();
  EXPECT_EQ(Rules(event), refused);
  event.mutable_incident_reported();
  EXPECT_EQ(Rules(event), refused);
  event.mutable_cqc_statutory_notification_received()->set_notification(
      v1::STATUTORY_NOTIFICATION_DEATH);
  EXPECT_EQ(Rules(event), refused);
  event.set_shared_at(v1::FORUM_SAFEGUARDING_UNIT);
  EXPECT_EQ(Rules(event), Set{});
}

TEST(Validate, RefusesWhatOnlyTheServiceWrites) {
  v1::Event event = Valid();
  event.set_stream_id("s");
  SetMicros(1'700'000'000'000'000, event.mutable_received_at());
  EXPECT_EQ(Rules(event), (Set{"stream_id STAMPED", "received_at STAMPED"}));
  EXPECT_EQ(Rules(event, {.submitter = Submitter::kBackfill}), Set{"stream_id STAMPED"});
  EXPECT_EQ(Rules(event, {.submitter = Submitter::kService}), Set{});
  event = Valid();
  event.mutable_recommendation();
  EXPECT_EQ(Rules(event), Set{"recommendation ROLE_NOT_ACCEPTED"});
}

// Rule: AU-17; S0 App C During (A49)
TEST(Validate, TakesIdentifiersFromAVisitWithPriorWrittenAuthorityAlone) {
  v1::Event event = Valid();
  auto* visit = event.mutable_commissioner_visit_conducted();
  visit->set_notes("seen: 943 476 5919");
  EXPECT_EQ(Rules(event), Set{"commissioner_visit_conducted.notes NHS_NUMBER_IN_TEXT"});
  visit->set_notes("one room was seen");
  visit->mutable_narrative()->set_clear("the room of 943 476 5919");
  EXPECT_EQ(Rules(event),
            Set{"commissioner_visit_conducted.narrative IDENTIFIERS_WITHOUT_AUTHORITY"});
  visit->mutable_narrative()->set_clear("the last room on the left");
  EXPECT_EQ(Rules(event), Set{});
  visit->mutable_narrative()->set_clear("the room of 943 476 5919");
  visit->set_authority_ref("caldicott-guardian/2026-017");
  EXPECT_EQ(Rules(event), Set{}) << "it is sealed";
  visit->set_notes("943 476 5919");
  EXPECT_EQ(Rules(event), Set{"commissioner_visit_conducted.notes NHS_NUMBER_IN_TEXT"})
      << "never where nothing seals it";
}

// S0 App C, domain.md 2.2
TEST(Validate, RefusesAnAffiliationThatEndsBeforeItStarts) {
  v1::Event event = Valid();
  auto* one = event.mutable_service_registered()->add_affiliations();
  one->set_relation(v1::Affiliation::RELATION_HOST);
  one->set_organisation("halton-borough-council");
  one->mutable_starts_on()->set_year(2026);
  one->mutable_starts_on()->set_month(7);
  one->mutable_starts_on()->set_day(2);
  *one->mutable_ends_on() = one->starts_on();
  EXPECT_EQ(Rules(event), Set{}) << "a day";
  one->mutable_ends_on()->set_day(1);
  EXPECT_EQ(Rules(event), Set{"service_registered.affiliations[0].ends_on ENDS_BEFORE_IT_STARTS"});
}

TEST(Validate, RefusesPersonalDataWithoutRepeatingIt) {
  v1::Event event = Valid();
  event.mutable_incident_reported()->set_ward("bed of 943 476 5919");
  EXPECT_EQ(Rules(event), Set{"incident_reported.ward NHS_NUMBER_IN_TEXT"});
  event = Valid();
  event.mutable_incident_reported()->mutable_narrative()->set_clear("943 476 5919, DOB 1/2/1940");
  EXPECT_EQ(Rules(event), Set{}) << "narratives are sealed, not refused";
  event = Valid();
  event.mutable_subject()->set_scheme("NHS-number");
  EXPECT_EQ(Rules(event), Set{"subject PERSON_AS_SUBJECT"});
}

TEST(Validate, RefusesAnIdentityForTheVault) {
  v1::Event event = Valid();
  event.mutable_whistleblowing_concern_received()->mutable_reporter_identity()->set_clear("x");
  EXPECT_EQ(Rules(event),
            Set{"whistleblowing_concern_received.reporter_identity VAULT_NOT_AVAILABLE"});
}

TEST(Validate, ChecksValuesDatesAndReferences) {
  v1::Event event = Valid();
  event.set_sensitivity(v1::SENSITIVITY_C0_PUBLIC);
  EXPECT_EQ(Rules(event), Set{"sensitivity SENSITIVITY_BELOW_FLOOR"});
  event = Valid();
  event.mutable_incident_reported()->set_physical_harm(static_cast<v1::Harm>(77));
  EXPECT_EQ(Rules(event), Set{"incident_reported.physical_harm UNKNOWN_ENUM_VALUE"});
  event = Valid();
  event.mutable_service_registered()->set_beds(5001);
  event.mutable_service_registered()->mutable_registered_on()->set_year(2026);
  EXPECT_EQ(Rules(event), (Set{"service_registered.beds NUMBER_OUT_OF_RANGE",
                               "service_registered.registered_on DATE_INVALID"}));
  event = Valid();
  event.mutable_suspension_lifted()->mutable_suspension();
  EXPECT_EQ(Rules(event), Set{"suspension_lifted.suspension REFERENCE_EMPTY"});
  event = Valid();
  event.set_id(std::string(201, 'a'));
  EXPECT_EQ(Rules(event), Set{"id TOO_LONG"});
  event.set_id("a\nb");
  EXPECT_EQ(Rules(event), Set{"id CONTROL_CHARACTER"});
}

TEST(Validate, RefusesTheFutureAndUnknownFields) {
  const int64_t now = 1'770'000'000'000'000;
  v1::Event event = Valid();
  SetMicros(now + 86'400'000'000, event.mutable_occurred_at());
  EXPECT_EQ(Rules(event, {.received_us = now}), Set{});
  SetMicros(now + 86'400'000'001, event.mutable_occurred_at());
  EXPECT_EQ(Rules(event, {.received_us = now}), Set{"occurred_at OCCURRED_IN_FUTURE"});
  event = Valid();
  v1::Event::GetReflection()->MutableUnknownFields(&event)->AddVarint(60, 1);
  EXPECT_EQ(Rules(event), Set{"event UNKNOWN_FIELD"});
}

TEST(Validate, RefusesTooLargeAMessageAndSealedText) {
  v1::Event event = Valid();
  event.mutable_incident_reported()->mutable_narrative()->set_clear(std::string(300'000, 'a'));
  EXPECT_EQ(Rules(event), Set{"event MESSAGE_TOO_LARGE"});
  event.mutable_incident_reported()->mutable_narrative()->mutable_sealed();
  EXPECT_EQ(Rules(event), Set{"incident_reported.narrative SEALED_NOT_ACCEPTED"});
}

TEST(ApplyDefaults, FillsVersionFloorAndLawfulBasis) {
  v1::Event event = Valid();
  ApplyDefaults(&event);
  EXPECT_EQ(event.source_version(), 1U);
  EXPECT_EQ(event.sensitivity(), v1::SENSITIVITY_C3_PSEUDONYMISED);
  EXPECT_EQ(event.lawful_basis(), v1::LAWFUL_BASIS_PUBLIC_TASK);
}

}  // namespace
}  // namespace trigpoint
