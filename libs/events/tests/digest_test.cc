#include "trigpoint/events/digest.h"

#include <gtest/gtest.h>

#include "memory_keys.h"
#include "trigpoint/events/sealing.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

v1::Event Incident() {
  v1::Event event;
  event.set_source("trust/lfpse");
  event.set_id("I-1");
  event.mutable_incident_reported()->mutable_narrative()->set_clear("a fall");
  return event;
}

// design 2, identity
TEST(SubmissionDigest, IgnoresWhatIngestStamps) {
  MemoryKeys keys;
  v1::Event sent = Incident();
  ASSERT_TRUE(SealEvent(&sent, keys).ok());
  v1::Event stored = sent;
  stored.set_stream_id("s1");
  stored.set_source_version(1);
  SetMicros(5, stored.mutable_received_at());
  SetMicros(4, stored.mutable_first_received_at());
  stored.set_submission_digest("x");
  stored.mutable_incident_reported()->mutable_narrative()->mutable_sealed()->set_key_id("k#2");
  EXPECT_EQ(SubmissionDigest(sent), SubmissionDigest(stored));
  EXPECT_EQ(SubmissionDigest(sent).size(), 16U);
}

// Nothing has to be taken out of the first of these: it is digested as it is.
TEST(SubmissionDigest, IsTheSameOfAnEventAsItWasSentAndAsItIsStored) {
  v1::Event sent = Incident();
  sent.clear_payload();
  sent.mutable_incident_reported()->set_physical_harm(v1::HARM_LOW);
  sent.set_source_version(1);
  v1::Event unnumbered = sent;
  unnumbered.clear_source_version();
  v1::Event stored = sent;
  stored.set_stream_id("s1");
  SetMicros(5, stored.mutable_received_at());
  EXPECT_EQ(SubmissionDigest(sent), SubmissionDigest(unnumbered));
  EXPECT_EQ(SubmissionDigest(sent), SubmissionDigest(stored));
}

TEST(SubmissionDigest, TellsAnotherContentApart) {
  v1::Event other = Incident();
  other.mutable_incident_reported()->mutable_narrative()->set_clear("a fall.");
  EXPECT_NE(SubmissionDigest(Incident()), SubmissionDigest(other));
}

TEST(Times, KeepMicrosecondsBeforeAndAfter1970) {
  for (const int64_t micros : {int64_t{0}, int64_t{-1}, int64_t{1'772'355'600'123'456}}) {
    google::protobuf::Timestamp timestamp;
    SetMicros(micros, &timestamp);
    EXPECT_EQ(ToMicros(timestamp), micros);
    EXPECT_GE(timestamp.nanos(), 0);
  }
}

TEST(Times, FallBackFromOccurredToReportedToReceived) {
  v1::Event event;
  EXPECT_EQ(OccurredMicros(event), 0);
  SetMicros(3, event.mutable_received_at());
  EXPECT_EQ(OccurredMicros(event), 3);
  SetMicros(2, event.mutable_reported_at());
  EXPECT_EQ(OccurredMicros(event), 2);
  SetMicros(1, event.mutable_occurred_at());
  EXPECT_EQ(OccurredMicros(event), 1);
}

}  // namespace
}  // namespace trigpoint
