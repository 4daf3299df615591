// What a combination rests on: whose notice it is, of which incident, and what of it is said.
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "trigpoint/base/time.h"
#include "trigpoint/domain/concern.h"
#include "trigpoint/domain/evolve.h"
#include "trigpoint/events/times.h"
#include "trigpoint/policy/assess.h"
#include "trigpoint/policy/recommend.h"

namespace trigpoint {
namespace {

using testing::HasSubstr;
using testing::Not;

const int64_t kNow = LondonMidnight({2026, 6, 1});  // NOLINT(cert-err58-cpp)

constexpr char kPack[] = R"pb(
  id: "p"
  version: 1
  source_document: "S"
  owner: "ccg"
  authority { states: "LOW" states: "HIGH" }
  criteria {
    id: "SANCTION"
    clause: "c"
    fills: SOURCE_FAMILY_CONTRACT_PERFORMANCE
    when { measure: "suspension_or_advisory_active" }
  }
  criteria {
    id: "NOTICE"
    clause: "c"
    fills: SOURCE_FAMILY_STATUTORY_LEGAL
    when {
      measure: "statutory_notice"
      with { key: "days" value: "180" }
    }
  }
  criteria {
    id: "SPOKE_UP"
    clause: "c"
    fills: SOURCE_FAMILY_WORKFORCE_SPEAKING_UP
    when {
      measure: "whistleblowing_current_abuse"
      with { key: "days" value: "30" }
    }
  }
  criteria {
    id: "RISK"
    clause: "c"
    fills: SOURCE_FAMILY_PROVIDER_SELF_REPORT
    when {
      measure: "risk_register_score_at_least"
      with { key: "score" value: "15" }
    }
  }
  criteria {
    id: "COMB"
    clause: "c"
    when {
      combination {
        of: "SANCTION"
        of: "NOTICE"
        of: "SPOKE_UP"
        of: "RISK"
        min_triggers: "2"
        min_families: "2"
      }
    }
  }
  states {
    state: "HIGH"
    when { criterion: "COMB" }
  }
  urgent_target: "NOW"
)pb";

class CombinationEvidenceTest : public testing::Test {
 protected:
  CombinationEvidenceTest() {
    v1::PolicyPack pack;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(kPack, &pack));
    auto compiled = CompiledPack::Compile(pack);
    EXPECT_TRUE(compiled.ok()) << compiled.status().message();
    pack_ = *compiled;
    // The register is known, so that nothing is left open.
    v1::Event risk = Event("risk", 10);
    risk.mutable_risk_register_entry_recorded()->mutable_score()->set_likelihood(1);
    Fold(risk);
  }
  static v1::Event Event(const std::string& id, int64_t days_ago) {
    v1::Event event;
    event.set_source("s");
    event.set_id(id);
    event.set_source_version(1);
    SetMicros(kNow - days_ago * kMicrosPerDay, event.mutable_occurred_at());
    return event;
  }
  void Fold(const v1::Event& event) { EvolveFacts(event, kNow - 1, &state_); }
  void Suspend(const std::string& by, uint32_t version = 1) {
    v1::Event event = Event("suspension", 5);
    event.set_source_version(version);
    event.mutable_suspension_imposed()->set_imposed_by(by);
    auto* starts = event.mutable_suspension_imposed()->mutable_starts_on();
    starts->set_year(2026);
    starts->set_month(5);
    starts->set_day(20);
    Fold(event);
  }
  void Notice(const std::string& incident_key = "") {
    v1::Event event = Event("notice", 5);
    event.set_incident_key(incident_key);
    event.mutable_statutory_notice_received()->set_notice(v1::StatutoryNoticeReceived::NOTICE_FIRE);
    Fold(event);
  }
  void SpokeUp() {
    v1::Event event = Event("nurse", 5);
    event.mutable_whistleblowing_concern_received()->set_current_abuse_alleged(true);
    Fold(event);
  }
  MeasureContext Context() const {
    MeasureContext context{.state = state_,
                           .record = record_,
                           .baselines = {},
                           .policy_id = "p",
                           .decided_state = "LOW",
                           .as_of_us = kNow};
    context.cache->memo = memo_;
    return context;
  }
  v1::CriterionResult Combination() const { return Assess(*pack_, Context()).criteria.at(4); }
  Truth Value() const { return RawValues(*pack_, Context()).at(4); }

  v1::ProviderState state_;
  v1::ProviderRecord record_;
  std::shared_ptr<ValuesMemo> memo_ = std::make_shared<ValuesMemo>();
  std::shared_ptr<const CompiledPack> pack_;
};

TEST_F(CombinationEvidenceTest, SaysWhichTriggerIsFilledByWhatAndWhichFamily) {
  Suspend("council");
  EXPECT_EQ(Value(), Truth::kFalse);
  EXPECT_THAT(Assess(*pack_, Context()).near_misses,
              testing::ElementsAre(HasSubstr("COMB: watch: SANCTION; 2 triggers")));
  Notice();
  EXPECT_EQ(Value(), Truth::kTrue);
  const v1::CriterionResult combination = Combination();
  EXPECT_EQ(combination.note(),
            "SANCTION by s/suspension, NOTICE by s/notice; contract performance by s/suspension, "
            "statutory legal by s/notice");
  EXPECT_EQ(combination.evidence_size(), 2);
}

// 3.10 ruling 3. The values of the measures are the same: what was computed before must not stand.
TEST_F(CombinationEvidenceTest, AnOwnNoticeIsNoIndependentEvidence) {
  Notice();
  Suspend("ccg");
  EXPECT_EQ(Value(), Truth::kFalse);
  EXPECT_EQ(Combination().value(), v1::TRUTH_VALUE_FALSE);
  Suspend("council", 2);
  EXPECT_EQ(Value(), Truth::kTrue);
  EXPECT_EQ(Combination().value(), v1::TRUTH_VALUE_TRUE);
}

TEST_F(CombinationEvidenceTest, ReportsOfOneIncidentFillOneTrigger) {
  Notice("fire-1");
  v1::Event suspension = Event("suspension", 5);
  suspension.set_incident_key("fire-1");
  suspension.mutable_suspension_imposed()->set_imposed_by("council");
  suspension.mutable_suspension_imposed()->mutable_starts_on()->set_year(2026);
  suspension.mutable_suspension_imposed()->mutable_starts_on()->set_month(5);
  suspension.mutable_suspension_imposed()->mutable_starts_on()->set_day(20);
  Fold(suspension);
  EXPECT_EQ(Combination().value(), v1::TRUTH_VALUE_FALSE);
}

// 3.10 ruling 8
TEST_F(CombinationEvidenceTest, AProtectedSourceIsCalledThatAndNoMore) {
  Notice();
  SpokeUp();
  const v1::CriterionResult combination = Combination();
  EXPECT_EQ(combination.value(), v1::TRUTH_VALUE_TRUE);
  EXPECT_TRUE(combination.protected_source());
  EXPECT_THAT(combination.note(), HasSubstr("SPOKE_UP by a protected source"));
  EXPECT_THAT(combination.note(), Not(HasSubstr("nurse")));
}

TEST_F(CombinationEvidenceTest, WhatIsUnknownLeavesItOpen) {
  v1::Event taken_back = Event("risk", 10);
  taken_back.set_source_version(2);
  taken_back.mutable_event_retracted()->set_reason(v1::EventRetracted::REASON_ENTERED_IN_ERROR);
  Fold(taken_back);
  Notice();
  const AssessmentResult result = Assess(*pack_, Context());
  EXPECT_EQ(result.criteria.at(4).value(), v1::TRUTH_VALUE_UNKNOWN);
  EXPECT_THAT(result.criteria.at(4).note(), HasSubstr("not known: RISK"));
  EXPECT_EQ(result.floor, "LOW");
  EXPECT_EQ(result.ceiling, "HIGH");
}

TEST_F(CombinationEvidenceTest, ATriggerThatIsHeldKeepsCounting) {
  Suspend("council");
  HeldResults held;
  held.criteria.resize(5);
  v1::CriterionResult basis;
  basis.set_id("NOTICE");
  basis.set_value(v1::TRUTH_VALUE_TRUE);
  auto* ref = basis.add_evidence();
  ref->set_source("s");
  ref->set_id("long-gone");
  held.criteria[1] = HeldResult{basis};
  const AssessmentResult result = Assess(*pack_, Context(), held);
  EXPECT_EQ(result.floor, "HIGH");
  EXPECT_THAT(result.criteria.at(4).note(), HasSubstr("NOTICE by s/long-gone"));
}

}  // namespace
}  // namespace trigpoint
