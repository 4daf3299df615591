#include "services/ingest/control_publisher.h"

#include "ingest_fixture.h"
#include "services/ingest/directory.h"
#include "trigpoint/engine/pack_file.h"

namespace trigpoint {
namespace {

using testing::Each;
using testing::SizeIs;

class ControlPublisherTest : public IngestTest {
 protected:
  /// An activation whose maps were filled anew, so that they lie in memory in another order.
  static v1::Event Activation() {
    const auto packs = ReadPackDirectory(TRIGPOINT_SOURCE_DIR "/deploy/policies");
    EXPECT_TRUE(packs.ok()) << packs.status();
    v1::Event event;
    event.set_source(std::string(kControlSource));
    event.set_id("policy/" + packs->front().id() + "/1");
    event.set_source_version(1);
    *event.mutable_policy_activated()->mutable_pack() = packs->front();
    return event;
  }

  ControlPublisher publisher_{projector_.get(), writer_.get()};
};

TEST_F(ControlPublisherTest, MakesTheSameBytesOfTheSamePolicyEveryTime) {
  for (int i = 0; i < 8; ++i) {
    ASSERT_TRUE(writer_->AppendAndFoldWait(kControl, Activation()).ok());
  }
  const auto records = RecordsOf(kControl);
  ASSERT_THAT(records, SizeIs(8));
  EXPECT_THAT(records, Each(records.front()));
}

TEST_F(ControlPublisherTest, CopiesWhatAPartitionLacksByteForByte) {
  ASSERT_TRUE(writer_->AppendAndFoldWait(kControl, Activation()).ok());
  Stop();
  Open();
  ASSERT_TRUE(ControlPublisher(projector_.get(), writer_.get()).EnsureCopies().ok());
  EXPECT_EQ(RecordsOf(0), RecordsOf(kControl));
}

TEST_F(ControlPublisherTest, ActivatesADirectoryOnce) {
  const std::string directory = TRIGPOINT_SOURCE_DIR "/deploy/policies";
  ASSERT_TRUE(publisher_.ActivatePolicies(directory).ok());
  const auto records = RecordsOf(kControl);
  EXPECT_EQ(RecordsOf(0), records);
  ASSERT_TRUE(publisher_.ActivatePolicies(directory).ok());
  EXPECT_EQ(RecordsOf(kControl), records);
}

}  // namespace
}  // namespace trigpoint
