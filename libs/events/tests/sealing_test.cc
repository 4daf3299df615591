#include "trigpoint/events/sealing.h"

#include <gtest/gtest.h>

#include "memory_keys.h"
#include "trigpoint/events/digest.h"

namespace trigpoint {
namespace {

v1::Event Visit() {
  v1::Event event;
  event.set_source("council/visits");
  event.set_id("V-1");
  auto* visit = event.mutable_commissioner_visit_conducted();
  visit->add_findings()->mutable_note()->set_clear("the same text");
  visit->add_findings()->mutable_note()->set_clear("the same text");
  visit->add_findings()->mutable_note()->set_clear("");
  return event;
}

// design 2: the same submission gives the same ciphertext.
TEST(SealEvent, GivesTheSameBytesForTheSameSubmission) {
  MemoryKeys keys;
  v1::Event one = Visit();
  v1::Event two = Visit();
  ASSERT_TRUE(SealEvent(&one, keys).ok());
  ASSERT_TRUE(SealEvent(&two, keys).ok());
  EXPECT_EQ(CanonicalBytes(one), CanonicalBytes(two));
  EXPECT_FALSE(HasClear(one));
  EXPECT_EQ(keys.asked, 2);
  EXPECT_EQ(one.SerializeAsString().find("the same text"), std::string::npos);
}

TEST(SealEvent, GivesOtherBytesForAnotherFieldVersionOrText) {
  MemoryKeys keys;
  v1::Event one = Visit();
  v1::Event two = Visit();
  two.set_source_version(2);
  ASSERT_TRUE(SealEvent(&one, keys).ok());
  ASSERT_TRUE(SealEvent(&two, keys).ok());
  const auto& a = one.commissioner_visit_conducted().findings(0).note().sealed();
  const auto& b = one.commissioner_visit_conducted().findings(1).note().sealed();
  const auto& c = two.commissioner_visit_conducted().findings(0).note().sealed();
  EXPECT_NE(a.nonce(), b.nonce());
  EXPECT_NE(a.nonce(), c.nonce());
  EXPECT_NE(a.ciphertext(), c.ciphertext());
  EXPECT_EQ(a.key_id(), c.key_id());
  EXPECT_EQ(a.nonce().size(), 12U);
  EXPECT_EQ(a.ciphertext().size(), 13U + 16U);
}

TEST(UnsealEvent, GivesTheTextsBack) {
  MemoryKeys keys;
  v1::Event event = Visit();
  ASSERT_TRUE(SealEvent(&event, keys).ok());
  ASSERT_TRUE(UnsealEvent(&event, keys).ok());
  EXPECT_EQ(CanonicalBytes(event), CanonicalBytes(Visit()));
}

TEST(UnsealEvent, LeavesATextSealedWhoseKeyWasDestroyed) {
  MemoryKeys keys;
  v1::Event event = Visit();
  ASSERT_TRUE(SealEvent(&event, keys).ok());
  const std::string before = CanonicalBytes(event);
  keys.erased.insert(SealingKeyId(event));
  EXPECT_TRUE(UnsealEvent(&event, keys).ok());
  EXPECT_EQ(CanonicalBytes(event), before);
}

TEST(UnsealEvent, RefusesATextMovedToAnotherRecord) {
  MemoryKeys keys;
  v1::Event event = Visit();
  ASSERT_TRUE(SealEvent(&event, keys).ok());
  event.set_id("V-2");
  EXPECT_TRUE(absl::IsDataLoss(UnsealEvent(&event, keys)));
}

TEST(SealEvent, NeverMakesADestroyedKeyAnew) {
  MemoryKeys keys;
  v1::Event event = Visit();
  keys.erased.insert(SealingKeyId(event));
  EXPECT_TRUE(absl::IsAborted(SealEvent(&event, keys)));
  EXPECT_EQ(CanonicalBytes(event), CanonicalBytes(Visit()));
}

TEST(SealEvent, AsksForNoKeyWhenNothingIsClear) {
  MemoryKeys keys;
  v1::Event event;
  event.mutable_incident_reported();
  EXPECT_TRUE(SealEvent(&event, keys).ok());
  EXPECT_EQ(keys.asked, 0);
}

TEST(SealingKeyId, IsSharedByTheVersionsOfACase) {
  v1::Event one = Visit();
  v1::Event two = Visit();
  two.set_source_version(7);
  EXPECT_EQ(SealingKeyId(one), SealingKeyId(two));
  EXPECT_EQ(SealingKeyId(one).size(), 5U + 32U);
  two.set_incident_key("V-1");
  EXPECT_NE(SealingKeyId(one), SealingKeyId(two));
}

TEST(SealBytes, OpensOnlyInItsContext) {
  MemoryKeys keys;
  const auto sealed = SealBytes("quarantine:1", "file.csv:7", "the original", keys);
  ASSERT_TRUE(sealed.ok());
  EXPECT_EQ(*UnsealBytes(*sealed, "file.csv:7", keys), "the original");
  EXPECT_TRUE(absl::IsDataLoss(UnsealBytes(*sealed, "file.csv:8", keys).status()));
}

}  // namespace
}  // namespace trigpoint
