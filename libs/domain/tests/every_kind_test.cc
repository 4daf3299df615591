// What a kind of fact does to the state of its service is said beside it in the catalogue (option
// `effect`); a new kind needs no change of the fold, unless only some of its events are concerns.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "trigpoint/domain/concern.h"
#include "trigpoint/domain/evolve.h"
#include "trigpoint/events/catalogue.h"

namespace trigpoint {
namespace {

v1::Event Golden(const KindInfo& kind) {
  std::ifstream file(std::string(TRIGPOINT_SOURCE_DIR "/libs/events/tests/golden/") +
                         std::string(kind.name) + ".v1.bin",
                     std::ios::binary);
  v1::Event event;
  EXPECT_TRUE(event.ParseFromIstream(&file)) << kind.name;
  event.set_source_version(1);
  return event;
}

/// The kinds of which only some events are concerns: one that is.
void MakeItAConcern(v1::Event* event) {
  constexpr auto kSerious = v1::VisitFinding::GRADE_SERIOUS_CONCERN;
  if (event->has_commissioner_visit_conducted()) {
    event->mutable_commissioner_visit_conducted()->mutable_findings(0)->set_grade(kSerious);
  } else if (event->has_enter_and_view_reported()) {
    event->mutable_enter_and_view_reported()->mutable_findings(0)->set_grade(kSerious);
  } else if (event->has_elected_member_visit_reported()) {
    event->mutable_elected_member_visit_reported()->mutable_findings(0)->set_grade(kSerious);
  } else if (event->has_media_item_assessed()) {
    event->mutable_media_item_assessed()->set_tone(v1::ProviderFeedbackReceived::TONE_NEGATIVE);
  }
}

class EveryKind : public testing::TestWithParam<const KindInfo*> {};

TEST_P(EveryKind, LeavesInTheStateWhatTheCatalogueSays) {
  const KindInfo& kind = *GetParam();
  v1::Event event = Golden(kind);
  MakeItAConcern(&event);
  v1::ProviderState state;
  EXPECT_TRUE(EvolveFacts(event, KnownAt(state, event), &state));
  EXPECT_EQ(state.concerns_size() > 0, RaisesConcern(kind));
  EXPECT_EQ(state.facts_size() > 0, StandsInState(kind));
  const bool heard = kind.family != v1::SOURCE_FAMILY_UNSPECIFIED;
  EXPECT_EQ(state.families_heard_size() > 0, heard);
  EXPECT_EQ(state.known_us(), KnownAt(state, event));
}

TEST_P(EveryKind, IsTakenBackWithoutATrace) {
  const v1::Event event = Golden(*GetParam());
  v1::Event retraction = event;
  retraction.mutable_event_retracted()->set_reason(v1::EventRetracted::REASON_ENTERED_IN_ERROR);
  retraction.set_source_version(2);
  v1::ProviderState state;
  EvolveFacts(event, KnownAt(state, event), &state);
  EvolveFacts(retraction, KnownAt(state, retraction), &state);
  EXPECT_EQ(state.concerns_size(), 0);
  EXPECT_EQ(state.facts_size(), 0);
  EXPECT_EQ(state.retracted_size(), 1);
}

std::vector<const KindInfo*> Facts() {
  std::vector<const KindInfo*> facts;
  for (const KindInfo& kind : AllKinds()) {
    if (kind.role == v1::EVENT_ROLE_FACT && kind.name != "event_retracted") facts.push_back(&kind);
  }
  return facts;
}

INSTANTIATE_TEST_SUITE_P(Catalogue, EveryKind, testing::ValuesIn(Facts()),
                         [](const auto& kind) { return std::string(kind.param->name); });

}  // namespace
}  // namespace trigpoint
