#include "trigpoint/domain/evolve.h"
#include "trigpoint/domain/service.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "trigpoint/base/time.h"
#include "trigpoint/domain/concern.h"
#include "trigpoint/domain/feeds.h"
#include "trigpoint/events/digest.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

constexpr int64_t kDay = kMicrosPerDay;
const int64_t kStart = DaysFromCivil({2022, 1, 1}) * kDay;  // NOLINT(cert-err58-cpp)
constexpr int kDays = 1500;  // Longer than the horizon: old days are summed.

/// A stream as its folder sees it.
struct Folder {
  v1::ProviderState state;
  std::map<std::pair<std::string, std::string>, v1::EventIndexEntry> index;
  std::vector<v1::StoredEvent> events;
  int refolds = 0;

  void Deliver(const v1::Event& event) {
    const auto it = index.find({event.source(), event.id()});
    const auto known = it == index.end() ? std::nullopt : std::optional(it->second);
    const IdentityOutcome outcome = Classify(known, event);
    if (outcome == IdentityOutcome::kDuplicate || outcome == IdentityOutcome::kConflict) return;
    const int64_t known_us = KnownAt(state, event);
    auto& stored = events.emplace_back();
    stored.set_known_us(known_us);
    *stored.mutable_event() = event;
    if (outcome == IdentityOutcome::kSuperseded) {
      EvolveSuperseded(event, known_us, &state);
      return;
    }
    auto& entry = index[{event.source(), event.id()}];
    entry.set_version(VersionOf(event));
    entry.set_digest(event.submission_digest());
    if (outcome == IdentityOutcome::kNew) NoteDelivery(event, known_us, &state);
    if (EvolveFacts(event, known_us, &state)) return;
    ++refolds;
    RefoldFacts(events, &state);
  }
};

/// The facts without when they became known.
std::string Facts(v1::ProviderState state) {
  state.clear_known_us();
  state.clear_corrected_us();
  state.clear_revision();
  for (auto& concern : *state.mutable_concerns()) concern.clear_known_us();
  for (auto& fact : *state.mutable_facts()) fact.clear_received_at();
  for (auto& delivery : *state.mutable_deliveries()) delivery.clear_received_us();
  for (auto& heard : *state.mutable_heard()) heard.clear_last_us();
  return CanonicalBytes(state);
}

std::string Fold(const std::vector<v1::Event>& events) {
  Folder folder;
  for (const auto& event : events) folder.Deliver(event);
  return Facts(folder.state);
}

class Histories {
 public:
  explicit Histories(uint32_t seed) : random_(seed) {}

  int Pick(int below) { return static_cast<int>(random_() % static_cast<uint32_t>(below)); }

  v1::Event Fact(const std::string& id, uint32_t version, int kind, int64_t occurred) {
    v1::Event event;
    event.set_source(kind % 2 == 0 ? "a/x" : "b/y");
    event.set_id(id);
    event.set_source_version(version);
    event.mutable_subject()->set_scheme(Pick(2) == 0 ? "cqc" : "ods");
    event.mutable_subject()->set_value("1");
    SetMicros(occurred, event.mutable_occurred_at());
    switch (kind) {
      case 0:
        event.mutable_incident_reported()->set_physical_harm(static_cast<v1::Harm>(1 + Pick(5)));
        break;
      case 1:
        event.mutable_safeguarding_concern_raised()->set_adults(static_cast<uint32_t>(Pick(4)));
        break;
      case 2:
        for (int i = Pick(3); i > 0; --i) {
          event.mutable_commissioner_visit_conducted()->add_findings()->set_grade(
              v1::VisitFinding::GRADE_CONCERN);
        }
        event.mutable_commissioner_visit_conducted()->set_announced(true);
        break;
      case 3:
        event.mutable_provider_feedback_received()->set_tone(
            v1::ProviderFeedbackReceived::TONE_NEGATIVE);
        break;
      case 4:
        event.mutable_complaint_outcome_recorded()->set_outcome(
            v1::ComplaintOutcomeRecorded::OUTCOME_UPHELD);
        break;
      case 5:
        for (int i = Pick(3); i > 0; --i) {
          event.mutable_enter_and_view_reported()->add_findings()->set_grade(
              v1::VisitFinding::GRADE_CONCERN);
        }
        event.mutable_enter_and_view_reported()->set_report_ref("report");
        break;
      case 6:
        event.mutable_capacity_reported()->set_vacant(static_cast<uint32_t>(Pick(9)));
        break;
      default:
        event.mutable_contract_notice_served()->set_notice(
            static_cast<v1::ContractNoticeServed::Notice>(1 + Pick(4)));
    }
    return event;
  }

  /// Facts with corrections and retractions; an event of the same record keeps its kind, mostly.
  std::vector<v1::Event> Make(int records) {
    std::vector<v1::Event> events;
    for (int r = 0; r < records; ++r) {
      const int kind = Pick(8);
      const int64_t occurred = kStart + Pick(kDays) * kDay + Pick(1000);
      const int versions = Pick(4) == 0 ? 1 + Pick(3) : 1;
      for (int v = 1; v <= versions; ++v) {
        v1::Event event = Fact("r" + std::to_string(r), static_cast<uint32_t>(v), kind,
                               occurred + Pick(3) * kDay);
        if (v > 1 && Pick(3) == 0) {
          event.clear_payload();
          event.mutable_event_retracted()->set_reason(v1::EventRetracted::REASON_ENTERED_IN_ERROR);
        }
        Stamp(occurred + Pick(200) * kDay, &event);
        events.push_back(event);
      }
    }
    return events;
  }

  static void Stamp(int64_t received, v1::Event* event) {
    SetMicros(received, event->mutable_received_at());
    event->set_submission_digest(SubmissionDigest(*event));
  }

  /// The latest of all: brings every order of delivery to the same instant.
  v1::Event Last() {
    v1::Event event = Fact("last", 1, 5, kStart + kDays * kDay);
    Stamp(kStart + 3000 * kDay, &event);
    return event;
  }

  std::mt19937 random_;
};

class EvolveLaws : public testing::TestWithParam<uint32_t> {};

TEST_P(EvolveLaws, OrderOfDeliveryNeverShows) {
  Histories histories(GetParam());
  std::vector<v1::Event> events = histories.Make(60);
  const v1::Event last = histories.Last();
  events.push_back(last);
  const std::string expected = Fold(events);
  for (int i = 0; i < 5; ++i) {
    events.pop_back();
    std::shuffle(events.begin(), events.end(), histories.random_);
    events.push_back(last);
    EXPECT_EQ(Fold(events), expected) << "seed " << GetParam();
  }
}

TEST_P(EvolveLaws, DuplicationNeverShows) {
  Histories histories(GetParam());
  std::vector<v1::Event> events = histories.Make(60);
  events.push_back(histories.Last());
  const std::string expected = Fold(events);
  std::vector<v1::Event> twice;
  for (const auto& event : events) {
    twice.push_back(event);
    twice.push_back(
        events[static_cast<size_t>(histories.Pick(static_cast<int>(twice.size())) / 2)]);
    if (twice.back().id() == "last") twice.pop_back();
  }
  EXPECT_EQ(Fold(twice), expected) << "seed " << GetParam();
}

TEST_P(EvolveLaws, LatenessNeverShows) {
  Histories histories(GetParam());
  std::vector<v1::Event> events = histories.Make(60);
  const v1::Event last = histories.Last();
  events.push_back(last);
  const std::string expected = Fold(events);
  for (auto& event : events) {
    if (event.id() != "last")
      Histories::Stamp(ToMicros(event.received_at()) + histories.Pick(900) * kDay, &event);
  }
  EXPECT_EQ(Fold(events), expected) << "seed " << GetParam();
}

TEST_P(EvolveLaws, ACorrectionIsAsIfItHadBeenRightFromTheStart) {
  Histories histories(GetParam());
  std::vector<v1::Event> events = histories.Make(60);
  for (auto& event : events) event.mutable_subject()->set_scheme("cqc");
  for (auto& event : events) Histories::Stamp(ToMicros(event.received_at()), &event);
  events.push_back(histories.Last());
  events.back().mutable_subject()->set_scheme("cqc");
  Histories::Stamp(ToMicros(events.back().received_at()), &events.back());
  std::vector<v1::Event> right;
  for (const auto& event : events) {
    const bool replaced = std::any_of(events.begin(), events.end(), [&event](const auto& other) {
      return other.id() == event.id() && other.source() == event.source() &&
             other.source_version() > event.source_version();
    });
    if (!replaced) right.push_back(event);
  }
  EXPECT_EQ(Fold(right), Fold(events)) << "seed " << GetParam();
}

TEST_P(EvolveLaws, ARefoldGivesWhatStepsGave) {
  Histories histories(GetParam());
  std::vector<v1::Event> events = histories.Make(60);
  events.push_back(histories.Last());
  Folder folder;
  for (const auto& event : events) folder.Deliver(event);
  v1::ProviderState again = folder.state;
  RefoldFacts(folder.events, &again);
  EXPECT_EQ(CanonicalBytes(again), CanonicalBytes(folder.state)) << "seed " << GetParam();
}

INSTANTIATE_TEST_SUITE_P(Seeds, EvolveLaws, testing::Range(1U, 41U));

TEST(EvolveFacts, RefoldsWhenASummedReportIsCorrected) {
  Histories histories(7);
  Folder folder;
  v1::Event old = histories.Fact("old", 1, 0, kStart);
  Histories::Stamp(kStart, &old);
  folder.Deliver(old);
  v1::Event later = histories.Fact("later", 1, 0, kStart + 900 * kDay);
  Histories::Stamp(kStart + 900 * kDay, &later);
  folder.Deliver(later);
  ASSERT_EQ(folder.state.summed_size(), 1);
  v1::Event taken_back = old;
  taken_back.set_source_version(2);
  taken_back.mutable_event_retracted()->set_reason(v1::EventRetracted::REASON_DUPLICATE);
  Histories::Stamp(kStart + 901 * kDay, &taken_back);
  folder.Deliver(taken_back);
  EXPECT_EQ(folder.refolds, 1);
  EXPECT_EQ(folder.state.summed_size(), 0);
  EXPECT_EQ(folder.state.concerns_size(), 1);
}

// CL-02: what turns out to be no incident had been counted as one.
TEST(EvolveFacts, RefoldsWhenASummedReportTurnsOutToBeNoIncident) {
  Folder folder;
  v1::Event old;
  old.set_source("trust/lfpse");
  old.set_id("old");
  old.set_source_version(1);
  SetMicros(kStart, old.mutable_occurred_at());
  old.mutable_incident_reported()->set_physical_harm(v1::HARM_LOW);
  Histories::Stamp(kStart, &old);
  folder.Deliver(old);
  v1::Event later = old;
  later.set_id("later");
  SetMicros(kStart + 900 * kDay, later.mutable_occurred_at());
  Histories::Stamp(kStart + 900 * kDay, &later);
  folder.Deliver(later);
  ASSERT_EQ(folder.state.summed_size(), 1);
  old.set_source_version(2);
  old.mutable_incident_reported()->set_event_kind(v1::LFPSE_EVENT_RISK);
  Histories::Stamp(kStart + 901 * kDay, &old);
  folder.Deliver(old);
  EXPECT_EQ(folder.state.summed_size(), 0);
}

v1::Event SafetyRecord(v1::LfpseEvent kind, uint32_t version, int64_t at) {
  v1::Event event;
  event.set_source("trust/lfpse");
  event.set_id("record");
  event.set_source_version(version);
  SetMicros(kStart, event.mutable_occurred_at());
  event.mutable_incident_reported()->set_event_kind(kind);
  Histories::Stamp(at, &event);
  return event;
}

// CL-02: nobody told of incidents, so that there were none is not known.
TEST(EvolveFacts, WhatIsNoIncidentIsNotHeardAsOne) {
  for (const auto kind :
       {v1::LFPSE_EVENT_OUTCOME, v1::LFPSE_EVENT_RISK, v1::LFPSE_EVENT_GOOD_CARE}) {
    Folder folder;
    folder.Deliver(SafetyRecord(kind, 1, kStart));
    EXPECT_EQ(folder.state.families_heard_size(), 0) << v1::LfpseEvent_Name(kind);
    folder.Deliver(SafetyRecord(v1::LFPSE_EVENT_INCIDENT, 2, kStart + kDay));
    EXPECT_EQ(folder.state.families_heard_size(), 1) << v1::LfpseEvent_Name(kind);
    folder.Deliver(SafetyRecord(kind, 3, kStart + 2 * kDay));
    EXPECT_EQ(folder.state.families_heard_size(), 0) << "it was none after all";
  }
}

// S4 3.106: beds are reported day by day, and no window looks further back than reports are kept.
TEST(EvolveFacts, KeepsFiguresOfCapacityNoLongerThanReports) {
  Histories histories(9);
  Folder folder;
  for (const int day : {0, 100, 850}) {
    v1::Event event = histories.Fact("day-" + std::to_string(day), 1, 6, kStart + day * kDay);
    Histories::Stamp(kStart + day * kDay, &event);
    folder.Deliver(event);
  }
  ASSERT_EQ(folder.state.facts_size(), 2);
  EXPECT_EQ(folder.state.facts(0).id(), "day-100");
  EXPECT_EQ(folder.state.facts(1).id(), "day-850");
}

TEST(EvolveFacts, ARetractedFamilyWasNeverHeard) {
  Histories histories(8);
  Folder folder;
  v1::Event only = histories.Fact("only", 1, 1, kStart);
  Histories::Stamp(kStart, &only);
  folder.Deliver(only);
  EXPECT_EQ(folder.state.families_heard_size(), 1);
  only.set_source_version(2);
  only.mutable_event_retracted()->set_reason(v1::EventRetracted::REASON_WRONG_ORG);
  Histories::Stamp(kStart + kDay, &only);
  folder.Deliver(only);
  EXPECT_EQ(folder.state.families_heard_size(), 0);
}

// 2.2: a window that ended at the hour of the report would tell it months later.
TEST(EvolveFacts, KeepsOfAProtectedSourceTheDayAlone) {
  const int64_t evening = *ParseInstant("2026-06-30T23:17:05Z");  // 1 July in London.
  v1::Event whistle;
  whistle.set_source("council/speaking-up");
  whistle.set_id("wb");
  SetMicros(evening, whistle.mutable_occurred_at());
  v1::Event incident = whistle;
  incident.set_id("incident");
  incident.mutable_incident_reported();
  v1::Event raised = incident;
  raised.set_id("raised");
  raised.set_sensitivity(v1::SENSITIVITY_C5_PROTECTED_SOURCE);
  whistle.mutable_whistleblowing_concern_received();
  v1::ProviderState state;
  for (const auto& event : {whistle, incident, raised}) EvolveFacts(event, evening, &state);
  std::map<std::string, const v1::Concern*> kept;
  for (const auto& concern : state.concerns()) kept[concern.id()] = &concern;
  ASSERT_EQ(kept.size(), 3U);
  const int64_t midnight = *ParseInstant("2026-06-30T23:00:00Z");
  EXPECT_EQ(kept["wb"]->occurred_us(), midnight);
  EXPECT_EQ(kept["raised"]->occurred_us(), midnight);
  EXPECT_EQ(kept["incident"]->occurred_us(), evening);
  EXPECT_NE(kept["raised"]->flags() & kConcernProtectedSource, 0U) << "whatever its kind";
  EXPECT_EQ(kept["incident"]->flags() & kConcernProtectedSource, 0U);
}

TEST(Classify, TellsDuplicateConflictCorrectionAndSuperseded) {
  v1::EventIndexEntry known;
  known.set_version(2);
  known.set_digest("d");
  v1::Event event;
  event.set_source_version(2);
  event.set_submission_digest("d");
  EXPECT_EQ(Classify(std::nullopt, event), IdentityOutcome::kNew);
  EXPECT_EQ(Classify(known, event), IdentityOutcome::kDuplicate);
  event.set_submission_digest("e");
  EXPECT_EQ(Classify(known, event), IdentityOutcome::kConflict);
  event.set_source_version(3);
  EXPECT_EQ(Classify(known, event), IdentityOutcome::kCorrection);
  event.set_source_version(0);
  EXPECT_EQ(Classify(known, event), IdentityOutcome::kSuperseded);
}

TEST(ServiceOf, IsTheLatestByItsOwnDate) {
  for (const bool in_order : {true, false}) {
    Folder folder;
    std::vector<v1::Event> events;
    for (int year = 0; year < 2; ++year) {
      v1::Event event;
      event.set_source("directory");
      event.set_id(year == 0 ? "z" : "a");
      SetMicros(kStart + int64_t{365} * year * kDay, event.mutable_occurred_at());
      event.mutable_service_registered()->set_beds(year == 0 ? 10 : 20);
      Histories::Stamp(kStart + 800 * kDay, &event);
      events.push_back(event);
    }
    if (!in_order) std::reverse(events.begin(), events.end());
    for (const auto& event : events) folder.Deliver(event);
    EXPECT_EQ(ServiceOf(folder.state)->beds(), 20U);
  }
}

// The date of a registration is not the date on which it was said.
TEST(ServiceOf, GoesByWhenItWasSaidNotByWhenTheServiceWasRegistered) {
  Folder folder;
  for (const bool later : {true, false}) {
    v1::Event event;
    event.set_source(later ? "cqc/api" : "cqc/directory");
    event.set_id("1-1");
    SetMicros(kStart + (later ? 500 : 100) * kDay, event.mutable_reported_at());
    if (later) SetMicros(kStart, event.mutable_occurred_at());
    event.mutable_service_registered()->set_service_type(
        later ? v1::SERVICE_TYPE_CARE_HOME_NURSING : v1::SERVICE_TYPE_CARE_HOME_RESIDENTIAL);
    event.mutable_service_registered()->set_beds(later ? 103 : 0);
    Histories::Stamp(kStart + 800 * kDay, &event);
    folder.Deliver(event);
  }
  EXPECT_EQ(ServiceOf(folder.state)->service_type(), v1::SERVICE_TYPE_CARE_HOME_NURSING);
  EXPECT_EQ(ServiceOf(folder.state)->beds(), 103U);
}

TEST(ServiceOf, JoinsWhatTheRegulatorADirectoryAndTheCouncilSay) {
  const auto registration = [](const char* source, int64_t day, auto fill) {
    v1::Event event;
    event.set_source(source);
    event.set_id("r");
    SetMicros(kStart + day * kDay, event.mutable_occurred_at());
    fill(event.mutable_service_registered());
    Histories::Stamp(kStart + 800 * kDay, &event);
    return event;
  };
  std::vector<v1::Event> events = {registration("council", 1,
                                                [](v1::ServiceRegistered* s) {
                                                  s->set_beds(30);
                                                  s->add_commissioners("herefordshire-council");
                                                  s->set_name("as the council writes it");
                                                }),
                                   registration("cqc/ratings", 100,
                                                [](v1::ServiceRegistered* s) {
                                                  s->set_name("Elm Court");
                                                  s->set_organisation("Elm Care Ltd");
                                                }),
                                   registration("directory", 50, [](v1::ServiceRegistered* s) {
                                     s->set_beds(28);
                                     s->set_service_type(v1::SERVICE_TYPE_CARE_HOME_NURSING);
                                   })};
  std::sort(events.begin(), events.end(),
            [](const auto& a, const auto& b) { return a.source() < b.source(); });
  std::string first;
  do {
    Folder folder;
    for (const auto& event : events) folder.Deliver(event);
    const v1::ServiceRegistered* service = ServiceOf(folder.state);
    ASSERT_NE(service, nullptr);
    EXPECT_EQ(service->name(), "Elm Court");
    EXPECT_EQ(service->beds(), 28U) << "the latest who says it";
    EXPECT_EQ(service->commissioners_size(), 1) << "the regulator's file does not deny it";
    EXPECT_EQ(service->organisation(), "Elm Care Ltd");
    if (first.empty()) first = service->SerializeAsString();
    EXPECT_EQ(service->SerializeAsString(), first) << "in any order of delivery";
  } while (std::next_permutation(events.begin(), events.end(), [](const auto& a, const auto& b) {
    return a.source() < b.source();
  }));
  // Taken back by the council: what only it knew is gone.
  Folder folder;
  for (const auto& event : events) folder.Deliver(event);
  v1::Event gone;
  gone.set_source("council");
  gone.set_id("r");
  gone.set_source_version(2);
  gone.mutable_event_retracted()->set_reason(v1::EventRetracted::REASON_WRONG_ORG);
  Histories::Stamp(kStart + 801 * kDay, &gone);
  folder.Deliver(gone);
  EXPECT_TRUE(ServiceOf(folder.state)->commissioners().empty());
  EXPECT_EQ(ServiceOf(folder.state)->beds(), 28U);
}

}  // namespace
}  // namespace trigpoint
