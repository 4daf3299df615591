#include "services/query/disclosure_export.h"

#include <gmock/gmock.h>

#include <map>

#include "trigpoint/base/time.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Property;

constexpr int64_t kNoon = 1'767'268'800'000'000;  // 2026-01-01T12:00:00Z

/// Keys in memory.
class Keys final : public KeySource {
 public:
  absl::StatusOr<std::string> GetOrCreateKey(const std::string& id) override {
    return keys_.emplace(id, std::string(32, 'k')).first->second;
  }
  absl::StatusOr<std::string> GetKey(const std::string& id) override {
    const auto found = keys_.find(id);
    if (found == keys_.end()) return absl::AbortedError("ERASED key " + id);
    return found->second;
  }
  void Destroy() { keys_.clear(); }

 private:
  std::map<std::string, std::string> keys_;
};

/// The events of one service, as they stand in its stream.
class DisclosureExportTest : public testing::Test {
 protected:
  v1::Event& Add(const std::string& source, const std::string& id, int day = 0) {
    v1::StoredEvent& stored = events_.emplace_back();
    stored.set_revision(events_.size() - 1);
    stored.set_known_us(kNoon + day * kMicrosPerDay);
    v1::Event& event = *stored.mutable_event();
    event.set_source(source);
    event.set_id(id);
    event.set_source_version(1);
    event.set_recorded_by("officer-17");
    SetMicros(stored.known_us(), event.mutable_occurred_at());
    SetMicros(stored.known_us(), event.mutable_received_at());
    return event;
  }

  v1::Event& AddIncident(const std::string& id, int day = 0) {
    v1::Event& event = Add("home/incidents", id, day);
    event.set_source_organisation("rose-house");
    event.set_incident_key("LFPSE-9");
    auto* incident = event.mutable_incident_reported();
    incident->set_physical_harm(v1::HARM_LOW);
    incident->set_ward("Bluebell");
    incident->mutable_narrative()->set_clear("Mrs Quillfeather fell");
    EXPECT_TRUE(SealEvent(&event, keys_).ok());
    return event;
  }

  void AddRating() {
    Add("cqc/ratings", "R-1").mutable_cqc_rating_published()->set_overall(v1::RATING_GOOD);
  }

  /// A whistleblower's report and what it brings about.
  void AddWhistleblower(const std::string& id, int day = 0) {
    Add("council/concerns", id, day)
        .mutable_whistleblowing_concern_received()
        ->set_current_abuse_alleged(true);
    auto* recommendation = Add("trigpoint/engine", "rec-" + id, day).mutable_recommendation();
    recommendation->set_cause("council/concerns/" + id + "/1");
    recommendation->add_criteria()->set_protected_source(true);
    auto* alert = Add("trigpoint/engine", "alert-" + id, day).mutable_rapid_quality_review_alert();
    alert->set_alert_id("alert-" + id);
    alert->set_protected_source(true);
    Add("trigpoint/decisions", "ack-" + id, day)
        .mutable_alert_acknowledged()
        ->set_alert_id("alert-" + id);
    Add("trigpoint/time", "day-" + id, day).mutable_day_started();
  }

  DisclosureExport Make(v1::RedactionProfile profile, ExportScope scope = {}) {
    scope.profile = profile;
    return MakeExport(events_, scope, &keys_);
  }

  std::vector<std::string> KindsFor(v1::RedactionProfile profile) {
    std::vector<std::string> kinds;
    for (const auto& entry : Make(profile).entries) kinds.push_back(entry.kind());
    return kinds;
  }

  /// Everything that somebody who was given the export holds.
  static std::string BytesOf(const DisclosureExport& made) {
    std::string bytes = std::to_string(made.withheld) + (made.withheld_suppressed ? "s" : "t");
    for (const auto& entry : made.entries) bytes += entry.SerializeAsString() + '\n';
    return bytes;
  }

  std::vector<v1::StoredEvent> events_;
  Keys keys_;
};

v1::EventRef RefTo(const std::string& source, const std::string& id) {
  v1::EventRef ref;
  ref.set_source(source);
  ref.set_id(id);
  return ref;
}

constexpr v1::RedactionProfile kForMany[] = {
    v1::REDACTION_PROFILE_PUBLIC, v1::REDACTION_PROFILE_PROVIDER, v1::REDACTION_PROFILE_PARTNER};

TEST_F(DisclosureExportTest, GivesThePublicWhatIsPublicOrOrganisational) {
  AddRating();
  AddIncident("I-1");
  Add("council/contracts", "N-1").mutable_capacity_reported();
  EXPECT_THAT(KindsFor(v1::REDACTION_PROFILE_PUBLIC),
              ElementsAre("cqc_rating_published", "capacity_reported"));
}

// 3.10 ruling 8: a finding of people may name a report that nobody is given.
TEST_F(DisclosureExportTest, NamesInAFindingNoReportThatItDoesNotGive) {
  AddIncident("I-1");
  AddWhistleblower("W-1");
  v1::Event& found = Add("council/quality", "F-1");
  for (const auto& [source, id] :
       {std::pair("home/incidents", "I-1"), std::pair("council/concerns", "W-1")}) {
    auto* ref = found.mutable_cluster_confirmed()->add_reports();
    ref->set_source(source);
    ref->set_id(id);
  }
  for (const auto profile : kForMany) {
    const std::string bytes = BytesOf(Make(profile));
    EXPECT_EQ(bytes.find("council/concerns"), std::string::npos) << ProfileName(profile);
  }
  const DisclosureExport own =
      Make(v1::REDACTION_PROFILE_SUBJECT_ACCESS, {.record = RefTo("council/quality", "F-1")});
  EXPECT_EQ(BytesOf(own).find("council/concerns"), std::string::npos);
  const std::string partner = BytesOf(Make(v1::REDACTION_PROFILE_PARTNER));
  EXPECT_EQ(partner.find("of one incident"), std::string::npos)
      << "what is left of the finding would tell what the source spoke of";
}

// 3.8: what is known of another service is not this one's to give.
TEST_F(DisclosureExportTest, SaysNothingOfAnotherService) {
  AddIncident("I-1");
  auto* linked = Add("council/quality", "F-1").mutable_cluster_linked();
  auto* elsewhere = linked->add_elsewhere();
  elsewhere->mutable_subject()->set_scheme("cqc-location");
  elsewhere->mutable_subject()->set_value("1-222");
  elsewhere->mutable_report()->set_source("other/incidents");
  elsewhere->mutable_report()->set_id("O-1");
  for (const auto profile : kForMany) {
    const std::string bytes = BytesOf(Make(profile));
    EXPECT_EQ(bytes.find("1-222"), std::string::npos) << ProfileName(profile);
    EXPECT_EQ(bytes.find("other/incidents"), std::string::npos) << ProfileName(profile);
  }
}

TEST_F(DisclosureExportTest, HidesFromTheProviderWhoReportedAndInWhichWords) {
  AddIncident("I-1");
  const DisclosureExport made = Make(v1::REDACTION_PROFILE_PROVIDER);
  ASSERT_EQ(made.entries.size(), 1U);
  const v1::TimelineEntry& entry = made.entries[0];
  EXPECT_EQ(entry.event().incident_reported().physical_harm(), v1::HARM_LOW);
  const std::string bytes = BytesOf(made);
  for (const char* secret :
       {"home/incidents", "I-1", "rose-house", "LFPSE-9", "Bluebell", "officer-17", "Quillfeather"})
    EXPECT_EQ(bytes.find(secret), std::string::npos) << secret;
  EXPECT_FALSE(entry.event().incident_reported().has_narrative());
}

TEST_F(DisclosureExportTest, GivesAPartnerTheSourceAndNoTextsAndNoTimeOfDay) {
  AddIncident("I-1");
  const DisclosureExport made = Make(v1::REDACTION_PROFILE_PARTNER);
  ASSERT_EQ(made.entries.size(), 1U);
  EXPECT_EQ(made.entries[0].source(), "home/incidents");
  EXPECT_EQ(made.entries[0].id(), "I-1");
  EXPECT_FALSE(made.entries[0].event().incident_reported().has_narrative());
  EXPECT_EQ(FormatInstant(ToMicros(made.entries[0].occurred_at())), "2026-01-01T00:00:00Z");
  EXPECT_EQ(FormatInstant(ToMicros(made.entries[0].known_at())), "2026-01-01T00:00:00Z");
  EXPECT_EQ(made.highest, v1::SENSITIVITY_C3_PSEUDONYMISED);
}

TEST_F(DisclosureExportTest, GivesAPersonTheirOwnRecordWithItsTextsAndAllVersions) {
  AddIncident("I-1");
  AddIncident("I-1", 1).set_source_version(2);
  AddIncident("I-2");
  v1::EventRef record;
  record.set_source("home/incidents");
  record.set_id("I-1");
  DisclosureExport made = Make(v1::REDACTION_PROFILE_SUBJECT_ACCESS, {.record = record});
  ASSERT_THAT(made.entries, ElementsAre(Property(&v1::TimelineEntry::superseded, true),
                                        Property(&v1::TimelineEntry::superseded, false)));
  EXPECT_EQ(made.entries[0].event().incident_reported().narrative().clear(),
            "Mrs Quillfeather fell");
  EXPECT_EQ(BytesOf(made).find("officer-17"), std::string::npos);
  EXPECT_EQ(made.withheld, 0U);
  keys_.Destroy();
  made = Make(v1::REDACTION_PROFILE_SUBJECT_ACCESS, {.record = record});
  EXPECT_FALSE(made.entries[0].event().incident_reported().narrative().has_clear());
}

TEST_F(DisclosureExportTest, LeavesOutWhatWasCorrectedOrTakenBack) {
  AddIncident("I-1");
  v1::Event& corrected = AddIncident("I-1", 1);
  corrected.set_source_version(2);
  AddIncident("I-2");
  v1::Event& retraction = Add("home/incidents", "I-2", 1);
  retraction.set_source_version(2);
  retraction.mutable_event_retracted();
  for (const auto profile : {v1::REDACTION_PROFILE_PROVIDER, v1::REDACTION_PROFILE_PARTNER})
    EXPECT_EQ(Make(profile).entries.size(), 1U);
}

// domain.md 2.2, C5; 3.10 (8)
TEST_F(DisclosureExportTest, IsTheSameWhetherOrNotSomebodyBlewTheWhistle) {
  AddRating();
  AddIncident("I-1");
  std::map<v1::RedactionProfile, std::string> before;
  for (const auto profile : kForMany) before[profile] = BytesOf(Make(profile));
  for (int i = 0; i < 7; ++i) AddWhistleblower("W-" + std::to_string(i), i);
  for (const auto profile : kForMany) EXPECT_EQ(BytesOf(Make(profile)), before[profile]);
}

/// No criterion says that it rests on a protected source: the first recommendation was made because
/// one spoke, and what the second one counted may be one more for it.
TEST_F(DisclosureExportTest, IsTheSameWhetherOrNotARecommendationFollowedOrCountsIt) {
  AddIncident("I-1");
  const auto recommend = [this](const std::string& id, const std::string& cause, double observed) {
    auto* recommendation = Add("trigpoint/engine", id, 3).mutable_recommendation();
    recommendation->set_recommendation_id(id);
    recommendation->set_cause(cause);
    auto* criterion = recommendation->add_criteria();
    criterion->set_id("H-L2-3");
    criterion->set_note(std::to_string(observed) + " reports");
    auto* figure = criterion->add_figures();
    figure->set_name("observed");
    figure->set_value(observed);
  };
  const std::vector<v1::StoredEvent> before = events_;
  recommend("of-incident", "home/incidents/I-1/1", 6);
  std::map<v1::RedactionProfile, std::string> without;
  for (const auto profile : kForMany) without[profile] = BytesOf(Make(profile));
  events_ = before;
  AddWhistleblower("W-1", 1);
  recommend("of-whistleblower", "council/concerns/W-1/1", 7);
  recommend("of-incident", "home/incidents/I-1/1", 7);
  for (const auto profile : kForMany) EXPECT_EQ(BytesOf(Make(profile)), without[profile]);
}

TEST_F(DisclosureExportTest, GivesNothingOfAProtectedRecordThatIsAskedForByName) {
  AddWhistleblower("W-1");
  v1::EventRef record;
  record.set_source("council/concerns");
  record.set_id("W-1");
  for (int p = v1::RedactionProfile_MIN; p <= v1::RedactionProfile_MAX; ++p) {
    const auto profile = static_cast<v1::RedactionProfile>(p);
    EXPECT_THAT(Make(profile, {.record = record}).entries, IsEmpty()) << ProfileName(profile);
  }
}

TEST_F(DisclosureExportTest, ShowsNothingOfARecordThatOnceWasProtected) {
  AddIncident("I-1").set_sensitivity(v1::SENSITIVITY_C5_PROTECTED_SOURCE);
  AddIncident("I-1", 1).set_source_version(2);
  EXPECT_THAT(Make(v1::REDACTION_PROFILE_PARTNER).entries, IsEmpty());
}

/// The attacker subtracts: the same export for a window that is a day longer.
TEST_F(DisclosureExportTest, TwoWindowsDoNotTellOnWhichDaySomethingIsWithheld) {
  for (int day = 0; day < 12; ++day) {
    AddIncident("I-" + std::to_string(day), day);
    AddIncident("S-" + std::to_string(day), day)
        .set_sensitivity(v1::SENSITIVITY_C4_SPECIAL_CATEGORY);
  }
  for (const auto profile : kForMany) {
    const DisclosureExport whole = Make(profile);
    EXPECT_EQ(whole.withheld % kWithheldStep, 0U);
    for (int day = 0; day < 12; ++day) {
      const DisclosureExport window =
          Make(profile, {.until_us = kNoon + day * kMicrosPerDay + kMicrosPerDay / 2});
      EXPECT_EQ(window.withheld, whole.withheld);
      EXPECT_EQ(window.withheld_suppressed, whole.withheld_suppressed);
    }
  }
}

/// The attacker adds up: what one profile shows and withholds against what another does.
TEST_F(DisclosureExportTest, TwoProfilesTogetherDoNotTellASmallNumber) {
  std::map<v1::RedactionProfile, std::string> none;
  for (int i = 0; i < 6; ++i) AddIncident("I-" + std::to_string(i), i);
  for (const auto profile : kForMany) none[profile] = BytesOf(Make(profile));
  for (int i = 0; i < 3; ++i) {
    AddIncident("S-" + std::to_string(i), i).set_sensitivity(v1::SENSITIVITY_C4_SPECIAL_CATEGORY);
    for (const auto profile : kForMany)
      EXPECT_EQ(BytesOf(Make(profile)), none[profile]) << i << " of C4";
  }
  EXPECT_TRUE(Make(v1::REDACTION_PROFILE_PARTNER).withheld_suppressed);
}

/// The attacker joins: the provider's export and a partner's of the same service.
TEST_F(DisclosureExportTest, TwoExportsShareNothingThatJoinsAnEntryToItsSource) {
  AddIncident("I-1");
  Add("council/safeguarding", "C-1").mutable_safeguarding_concern_raised();
  const DisclosureExport provider = Make(v1::REDACTION_PROFILE_PROVIDER);
  const DisclosureExport partner = Make(v1::REDACTION_PROFILE_PARTNER);
  for (const auto& entry : provider.entries) {
    EXPECT_EQ(entry.revision(), 0U);
    EXPECT_EQ(entry.source_version(), 0U);
    EXPECT_EQ(entry.event().submission_digest(), "");
  }
  for (const auto& entry : partner.entries) EXPECT_EQ(entry.revision(), 0U) << "a gap tells";
}

TEST_F(DisclosureExportTest, DoesNotTellWhatARecommendationCameFrom) {
  AddIncident("I-1");
  AddIncident("S-1").set_sensitivity(v1::SENSITIVITY_C4_SPECIAL_CATEGORY);
  auto* recommendation = Add("trigpoint/engine", "hash-of-cause").mutable_recommendation();
  recommendation->set_recommendation_id("hash-of-cause");
  recommendation->set_cause("council/concerns/W-1/1");
  recommendation->set_previous("withheld");
  auto* criterion = recommendation->add_criteria();
  for (const char* id : {"I-1", "S-1"}) {
    auto* ref = criterion->add_evidence();
    ref->set_source("home/incidents");
    ref->set_id(id);
  }
  for (const auto profile : {v1::REDACTION_PROFILE_PROVIDER, v1::REDACTION_PROFILE_PARTNER}) {
    const DisclosureExport made = Make(profile);
    ASSERT_EQ(made.entries.size(), 2U);
    const std::string bytes = BytesOf(made);
    for (const char* secret : {"hash-of-cause", "W-1", "withheld", "S-1"})
      EXPECT_EQ(bytes.find(secret), std::string::npos) << secret;
    const auto& shown = made.entries[1].event().recommendation().criteria(0);
    EXPECT_EQ(shown.evidence_size(), profile == v1::REDACTION_PROFILE_PARTNER ? 1 : 0);
  }
}

TEST_F(DisclosureExportTest, NamesNobodyWhoDecidedAndNoOtherDisclosure) {
  auto* decision = Add("trigpoint/decisions", "D-1").mutable_decision_proposed();
  decision->mutable_actor()->set_principal("panel-chair-3");
  decision->mutable_actor()->set_organisation("herefordshire-council");
  Add("trigpoint/privacy", "disclosure/1").mutable_disclosure_made()->set_requester("press");
  Add("trigpoint/privacy", "hold-1").mutable_legal_hold_placed();
  const DisclosureExport made = Make(v1::REDACTION_PROFILE_PROVIDER);
  ASSERT_EQ(made.entries.size(), 1U);
  EXPECT_EQ(made.entries[0].event().decision_proposed().actor().principal(), "");
  EXPECT_EQ(made.entries[0].event().decision_proposed().actor().organisation(),
            "herefordshire-council");
}

}  // namespace
}  // namespace trigpoint
