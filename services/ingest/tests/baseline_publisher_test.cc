#include "services/ingest/baseline_publisher.h"

#include "ingest_fixture.h"

namespace trigpoint {
namespace {

class BaselinePublisherTest : public IngestTest {
 protected:
  void Register(const std::string& location) {
    v1::Event home = Registration(location);
    home.mutable_service_registered()->set_beds(20);
    ASSERT_EQ(OutcomeOf(home), v1::SUBMISSION_OUTCOME_ACCEPTED);
  }

  /// The rate of incidents at nursing homes, as it was published last.
  v1::PeerBaselinePublished::Rate Incidents() {
    // What follows from an event is in the log once the event is committed; then it is folded.
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(projector_->WaitUntilCaughtUp(10'000));
    EXPECT_TRUE(baselines_.Publish().ok());
    const auto truth = projector_->ControlsOfPartition(kControl);
    const auto& controls = truth->state().controls();
    for (auto it = controls.rbegin(); it != controls.rend(); ++it) {
      for (const auto& rate : it->peer_baseline_published().rates()) {
        if (rate.family() == v1::SOURCE_FAMILY_INCIDENT) return rate;
      }
    }
    return {};
  }

  ControlPublisher controls_{projector_.get(), writer_.get()};
  BaselinePublisher baselines_{projector_.get(), writer_.get(), &controls_};
};

// S2 App 2, "expected of a service of its size and nature"; 3.9: a house that moved is one peer.
TEST_F(BaselinePublisherTest, AHouseUnderTwoRegistrationsIsOnePeer) {
  Register("1-1");
  ASSERT_EQ(OutcomeOf(Incident("1-1", 1)), v1::SUBMISSION_OUTCOME_ACCEPTED);
  Register("1-2");
  v1::Event link = EventOf("cqc/api", "1-2/linked/1-1", "1-2");
  link.mutable_service_linked()->set_link(v1::ServiceLinked::LINK_PREDECESSOR);
  link.mutable_service_linked()->mutable_other()->set_scheme("cqc-location");
  link.mutable_service_linked()->mutable_other()->set_value("1-1");
  // Nobody says why one follows the other: what is known of the first does not count for the other.
  ASSERT_EQ(OutcomeOf(link), v1::SUBMISSION_OUTCOME_ACCEPTED);
  v1::PeerBaselinePublished::Rate rate = Incidents();
  EXPECT_EQ(rate.providers(), 2U);
  EXPECT_EQ(rate.events(), 1U);

  now_us_ += 1'000'000;  // A later list.
  link.set_source_version(2);
  link.mutable_service_linked()->set_reason(v1::ServiceLinked::REASON_LOCATION_MOVE);
  ASSERT_EQ(OutcomeOf(link), v1::SUBMISSION_OUTCOME_ACCEPTED);
  rate = Incidents();
  EXPECT_EQ(rate.providers(), 1U);
  EXPECT_EQ(rate.events(), 1U);
  EXPECT_DOUBLE_EQ(rate.exposure(), 20 * 365);
}

}  // namespace
}  // namespace trigpoint
