#include "services/query/erasure.h"

#include <gmock/gmock.h>

#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Property;

auto Record(const std::string& id) { return Property(&v1::EventRef::id, id); }

v1::StoredEvent Report(const std::string& id, const std::string& key, int64_t received_us) {
  v1::StoredEvent stored;
  v1::Event* event = stored.mutable_event();
  event->set_source("home/incidents");
  event->set_id(id);
  SetMicros(received_us, event->mutable_received_at());
  auto* sealed = event->mutable_incident_reported()->mutable_narrative()->mutable_sealed();
  sealed->set_key_id(key);
  return stored;
}

ErasureScope TheRecord(const std::string& id) {
  v1::EventRef ref;
  ref.set_source("home/incidents");
  ref.set_id(id);
  return {.record = ref};
}

TEST(PlanErasure, TakesTheKeyOfARecordAndWhatElseItSeals) {
  const std::vector<v1::StoredEvent> events{Report("A", "case:1", 10), Report("B", "case:1", 20),
                                            Report("C", "case:2", 30)};
  const ErasurePlan plan = PlanErasure(events, TheRecord("A"), {});
  EXPECT_THAT(plan.key_ids, ElementsAre("case:1"));
  EXPECT_THAT(plan.records, ElementsAre(Record("A"), Record("B")));
  EXPECT_THAT(plan.held, IsEmpty());
}

TEST(PlanErasure, WaitsForTheLastReportOfAnIncidentToBeOldEnough) {
  const std::vector<v1::StoredEvent> events{Report("A", "case:1", 10), Report("B", "case:1", 20),
                                            Report("C", "case:2", 5)};
  EXPECT_THAT(PlanErasure(events, {.before_us = 20}, {}).key_ids, ElementsAre("case:2"));
  EXPECT_THAT(PlanErasure(events, {.before_us = 21}, {}).key_ids, ElementsAre("case:1", "case:2"));
}

TEST(PlanErasure, SparesWhatAHoldKeeps) {
  const std::vector<v1::StoredEvent> events{Report("A", "case:1", 10), Report("B", "case:1", 20),
                                            Report("C", "case:2", 30)};
  v1::LegalHoldPlaced hold;
  *hold.mutable_record() = *TheRecord("B").record;
  const v1::LegalHoldPlaced* const holds[] = {&hold};
  const auto held = KeysUnderHold(events, holds);
  EXPECT_THAT(held, ElementsAre("case:1"));
  const ErasurePlan plan = PlanErasure(events, TheRecord("A"), held);
  EXPECT_THAT(plan.key_ids, IsEmpty());
  EXPECT_THAT(plan.held, ElementsAre(Record("A"), Record("B")));
  EXPECT_THAT(PlanErasure(events, {.before_us = 100}, held).key_ids, ElementsAre("case:2"));
}

TEST(PlanErasure, SparesEverythingOfAServiceUnderHold) {
  const std::vector<v1::StoredEvent> events{Report("A", "case:1", 10), Report("C", "case:2", 30)};
  const v1::LegalHoldPlaced hold;
  const v1::LegalHoldPlaced* const holds[] = {&hold};
  EXPECT_THAT(PlanErasure(events, {.before_us = 100}, KeysUnderHold(events, holds)).key_ids,
              IsEmpty());
}

// S3 3.0: the audit trail of decisions and their rationale stays.
TEST(PlanErasure, LeavesWhatPeopleDecided) {
  v1::StoredEvent decision;
  decision.mutable_event()
      ->mutable_decision_proposed()
      ->mutable_rationale()
      ->mutable_sealed()
      ->set_key_id("case:3");
  const std::vector<v1::StoredEvent> events{decision};
  EXPECT_THAT(PlanErasure(events, {.before_us = 100}, {}).key_ids, IsEmpty());
}

}  // namespace
}  // namespace trigpoint
