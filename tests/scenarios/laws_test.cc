// What holds under every policy, whatever the story: laws over the events of all stories.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "trigpoint/base/time.h"
#include "trigpoint/engine/offline.h"
#include "trigpoint/engine/pack_file.h"
#include "trigpoint/events/digest.h"
#include "trigpoint/events/times.h"
#include "trigpoint/policy/pack.h"
#include "trigpoint/testkit/scenario.h"

namespace trigpoint {
namespace {

const std::string kSource = TRIGPOINT_SOURCE_DIR;  // NOLINT: a path that the build gives.
constexpr int64_t kHour = kMicrosPerDay / 24;

/// The facts of one story about one service, and when to ask.
struct Material {
  std::string story;
  std::vector<v1::Event> events;
  int64_t at_us = 0;
};

bool IsAct(const v1::Event& event) {
  return event.has_decision_proposed() || event.has_decision_concurrence() ||
         event.has_inheritance_decided() || event.has_policy_activated();
}

/// Stories of one service without decisions of people: what those are based on depends on when it
/// was known.
const std::vector<Material>& Stories() {
  static const auto* stories = [] {
    auto* all = new std::vector<Material>();
    for (const auto& file : ScenarioFiles(kSource + "/tests/scenarios")) {
      const auto scenario = ReadScenarioFile(file);
      if (!scenario.ok() || scenario->then.empty()) continue;
      Material material{.story = scenario->id, .events = {}, .at_us = scenario->then.back().at_us};
      bool plain = true;
      std::string subject;
      for (const auto& given : scenario->given) {
        const v1::Event& event = given.event;
        if (event.has_service_linked() || IsAct(event)) plain = false;
        if (event.has_subject()) {
          const std::string id = event.subject().scheme() + "/" + event.subject().value();
          if (!subject.empty() && id != subject) plain = false;
          subject = id;
        }
        material.events.push_back(event);
      }
      if (plain) all->push_back(std::move(material));
    }
    return all;
  }();
  return *stories;
}

class LawsTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    auto pack = FindPack(GetParam(), kSource + "/deploy/policies");
    ASSERT_TRUE(pack.ok()) << pack.status().message();
    pack_ = *std::move(pack);
    auto compiled = CompiledPack::Compile(pack_);
    ASSERT_TRUE(compiled.ok()) << compiled.status().message();
    compiled_ = *std::move(compiled);
    ASSERT_GT(Stories().size(), 50U);
  }

  v1::Assessment Assess(const std::vector<v1::Event>& events, int64_t at_us) const {
    OfflineRequest request;
    request.pack = pack_;
    request.as_of_us = at_us;
    int64_t line = 0;
    for (const auto& event : events) request.events.emplace_back(++line, event);
    const auto all = AssessOffline(request);
    EXPECT_TRUE(all.ok()) << all.status().message();
    if (!all.ok() || all->empty()) return {};
    v1::Assessment assessment = all->front().assessment;
    assessment.clear_recommendation_id();  // Names its cause, and so the order of arrival.
    return assessment;
  }

  /// Rank of the level that is asked for; the urgent path is above them all.
  int Height(const v1::Assessment& assessment) const {
    return assessment.urgent() ? 1000 : compiled_->Rank(assessment.level());
  }

  v1::PolicyPack pack_;
  std::shared_ptr<const CompiledPack> compiled_;
};

// Domain 3.1 "replays must give byte-identical recommendations"; design 6 "depends on the set of
// reports, not their order".
TEST_P(LawsTest, TheOrderAndRepetitionOfDeliveryNeverShow) {
  std::mt19937 random(20260301);
  for (const Material& story : Stories()) {
    std::vector<v1::Event> control;
    std::vector<v1::Event> facts;
    for (v1::Event event : story.events) {
      if (!event.has_subject()) {
        control.push_back(std::move(event));
        continue;
      }
      if (ToMicros(event.received_at()) > story.at_us) continue;
      SetMicros(story.at_us, event.mutable_received_at());  // Everything arrives late, at once.
      facts.push_back(std::move(event));
    }
    if (facts.empty()) continue;
    std::vector<v1::Event> all = control;
    all.insert(all.end(), facts.begin(), facts.end());
    const std::string expected = CanonicalBytes(Assess(all, story.at_us));
    for (int turn = 0; turn < 2; ++turn) {
      std::shuffle(facts.begin(), facts.end(), random);
      all = control;
      all.insert(all.end(), facts.begin(), facts.end());
      all.insert(all.end(), facts.begin(), facts.begin() + static_cast<int64_t>(facts.size() / 2));
      EXPECT_EQ(CanonicalBytes(Assess(all, story.at_us)), expected) << story.story;
    }
  }
}

// What arrived in time may be held as ageing; what arrives late never asks for more than that.
TEST_P(LawsTest, LateArrivalNeverAsksForMoreThanArrivalInTime) {
  for (const Material& story : Stories()) {
    std::vector<v1::Event> late;
    for (v1::Event event : story.events) {
      if (event.has_subject() && ToMicros(event.received_at()) <= story.at_us)
        SetMicros(story.at_us, event.mutable_received_at());
      late.push_back(std::move(event));
    }
    EXPECT_LE(Height(Assess(late, story.at_us)), Height(Assess(story.events, story.at_us)))
        << story.story;
  }
}

// Domain 3.1 negative_feedback_ratio "positive items never cancel"; design 6.3 "no positive item
// ever lowers anything about safety".
TEST_P(LawsTest, ComplimentsLowerNothing) {
  std::mt19937 random(20260302);
  for (const Material& story : Stories()) {
    const auto first = std::find_if(story.events.begin(), story.events.end(),
                                    [](const v1::Event& event) { return event.has_subject(); });
    if (first == story.events.end()) continue;
    std::vector<v1::Event> praised = story.events;
    for (int i = 0; i < 20; ++i) {
      v1::Event compliment;
      compliment.set_source("families/compliments");
      compliment.set_id("compliment-" + std::to_string(i));
      compliment.set_source_version(1);
      *compliment.mutable_subject() = first->subject();
      const int64_t occurred = story.at_us - static_cast<int64_t>(1 + random() % 1000) * kHour;
      SetMicros(occurred, compliment.mutable_occurred_at());
      SetMicros(occurred, compliment.mutable_received_at());
      if (i % 2 == 0) {
        compliment.mutable_compliment_received();
      } else {
        compliment.mutable_good_practice_shared();
      }
      praised.push_back(std::move(compliment));
    }
    EXPECT_GE(Height(Assess(praised, story.at_us)), Height(Assess(story.events, story.at_us)))
        << story.story;
  }
}

// S4 4.21, 3.75; S3 5.2.1: what was closed without action still happened.
TEST_P(LawsTest, NoFurtherActionLowersNothing) {
  for (const Material& story : Stories()) {
    std::vector<v1::Event> closed = story.events;
    for (const auto& event : story.events) {
      v1::Event end;
      if (event.has_safeguarding_concern_raised()) {
        auto* screened = end.mutable_safeguarding_concern_screened();
        screened->mutable_concern()->set_source(event.source());
        screened->mutable_concern()->set_id(event.id());
        screened->set_outcome(v1::SafeguardingConcernScreened::OUTCOME_NO_FURTHER_ACTION);
      } else if (event.has_complaint_received()) {
        auto* outcome = end.mutable_complaint_outcome_recorded();
        outcome->mutable_complaint()->set_source(event.source());
        outcome->mutable_complaint()->set_id(event.id());
        outcome->set_outcome(v1::ComplaintOutcomeRecorded::OUTCOME_NOT_UPHELD);
      } else {
        continue;
      }
      end.set_source(event.source());
      end.set_id(event.id() + "-closed");
      end.set_source_version(1);
      *end.mutable_subject() = event.subject();
      *end.mutable_occurred_at() = event.occurred_at();
      SetMicros(std::min(story.at_us, ToMicros(event.received_at()) + kHour),
                end.mutable_received_at());
      closed.push_back(std::move(end));
    }
    EXPECT_GE(Height(Assess(closed, story.at_us)), Height(Assess(story.events, story.at_us)))
        << story.story;
  }
}

std::vector<std::string> PackNames() {
  std::vector<std::string> names;
  const auto packs = ReadPackDirectory(kSource + "/deploy/policies");
  if (packs.ok()) {
    for (const auto& pack : *packs) names.push_back(pack.id());
  }
  return names;
}

std::string NameOf(const testing::TestParamInfo<std::string>& pack) {
  std::string name = pack.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Pack, LawsTest, testing::ValuesIn(PackNames()), NameOf);

}  // namespace
}  // namespace trigpoint
