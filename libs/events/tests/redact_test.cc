#include "trigpoint/events/redact.h"

#include <gtest/gtest.h>

#include "trigpoint/events/sealing.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

v1::Event Incident() {
  v1::Event event;
  event.set_source("trust/lfpse");
  event.set_id("I-1");
  event.mutable_incident_reported()->set_ward("Ward 4");
  event.mutable_incident_reported()->mutable_narrative()->set_clear("text");
  return event;
}

TEST(StripNarratives, RemovesTextAndKeepsTheRest) {
  v1::Event event = Incident();
  StripNarratives(&event);
  EXPECT_FALSE(event.incident_reported().has_narrative());
  EXPECT_EQ(event.incident_reported().ward(), "Ward 4");
}

// domain.md 2.2
TEST(RedactFor, HidesContentAboveTheClearance) {
  v1::Event event = Incident();
  RedactFor(&event, v1::SENSITIVITY_C3_PSEUDONYMISED);
  EXPECT_TRUE(event.incident_reported().has_narrative());
  RedactFor(&event, v1::SENSITIVITY_C2_IN_CONFIDENCE);
  EXPECT_TRUE(event.has_incident_reported());
  EXPECT_EQ(event.incident_reported().ward(), "");
  EXPECT_EQ(event.id(), "I-1");
}

TEST(RedactFor, HidesWhatWasCarriedFromAPredecessorRecordByRecord) {
  v1::Event event;
  auto* memory = event.mutable_memory_carried();
  memory->set_from_name("Old House");
  *memory->add_facts() = Incident();
  v1::Event* whistle = memory->add_facts();
  whistle->set_id("W-1");
  whistle->mutable_whistleblowing_concern_received();
  v1::Event* registration = memory->add_facts();
  registration->set_id("R-1");
  registration->mutable_service_registered();
  RedactFor(&event, v1::SENSITIVITY_C3_PSEUDONYMISED);
  ASSERT_EQ(event.memory_carried().facts_size(), 2);
  EXPECT_EQ(event.memory_carried().facts(0).id(), "I-1");
  RedactFor(&event, v1::SENSITIVITY_C2_IN_CONFIDENCE);
  ASSERT_EQ(event.memory_carried().facts_size(), 1);
  EXPECT_EQ(event.memory_carried().facts(0).id(), "R-1");
  EXPECT_EQ(event.memory_carried().from_name(), "Old House");
}

TEST(RedactFor, HidesC4FromEverybodyAndTheSourceOfC5) {
  v1::Event event = Incident();
  event.set_sensitivity(v1::SENSITIVITY_C4_SPECIAL_CATEGORY);
  RedactFor(&event, v1::SENSITIVITY_C5_PROTECTED_SOURCE);
  EXPECT_EQ(event.incident_reported().ByteSizeLong(), 0U);
  EXPECT_EQ(event.source(), "trust/lfpse");
  event.mutable_whistleblowing_concern_received()->set_detriment(true);
  SetMicros(1'772'355'600'000'000, event.mutable_occurred_at());
  RedactFor(&event, v1::SENSITIVITY_C5_PROTECTED_SOURCE);
  EXPECT_TRUE(event.has_whistleblowing_concern_received());
  EXPECT_FALSE(event.whistleblowing_concern_received().detriment());
  EXPECT_EQ(event.source() + event.id(), "");
  EXPECT_EQ(ToMicros(event.occurred_at()) % 86'400'000'000, 0);
}

}  // namespace
}  // namespace trigpoint
