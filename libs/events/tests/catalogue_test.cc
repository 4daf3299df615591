#include "trigpoint/events/catalogue.h"

#include <gtest/gtest.h>

namespace trigpoint {
namespace {

TEST(Catalogue, ReadsTheRowOfEachKind) {
  v1::Event event;
  event.mutable_incident_reported();
  const KindInfo* kind = KindOf(event);
  ASSERT_NE(kind, nullptr);
  EXPECT_EQ(kind->number, 110);
  EXPECT_EQ(kind->name, "incident_reported");
  EXPECT_EQ(kind->role, v1::EVENT_ROLE_FACT);
  EXPECT_EQ(kind->family, v1::SOURCE_FAMILY_INCIDENT);
  EXPECT_EQ(kind->sensitivity, v1::SENSITIVITY_C3_PSEUDONYMISED);
  EXPECT_EQ(KindOfName("incident_reported"), kind);
  EXPECT_EQ(KindOfNumber(109), nullptr);
}

TEST(Catalogue, IsCompleteAndInOrder) {
  int last = 0;
  for (const KindInfo& kind : AllKinds()) {
    EXPECT_GT(kind.number, last);
    last = kind.number;
    EXPECT_NE(kind.role, v1::EVENT_ROLE_UNSPECIFIED) << kind.name;
    EXPECT_NE(kind.sensitivity, v1::SENSITIVITY_UNSPECIFIED) << kind.name;
    EXPECT_FALSE(kind.source.empty()) << kind.name;
    EXPECT_FALSE(kind.summary.empty()) << kind.name;
  }
}

TEST(Catalogue, TellsAPayloadOfANewerVersion) {
  v1::Event event;
  EXPECT_FALSE(HasUnknownPayload(event));
  event.GetReflection()->MutableUnknownFields(&event)->AddLengthDelimited(50, "envelope");
  EXPECT_FALSE(HasUnknownPayload(event));
  event.GetReflection()->MutableUnknownFields(&event)->AddLengthDelimited(999, "payload");
  EXPECT_TRUE(HasUnknownPayload(event));
  EXPECT_EQ(KindOf(event), nullptr);
}

}  // namespace
}  // namespace trigpoint
