// Requests under an id (AIP-155), on an etag (AIP-154) and only to check (AIP-163), over a real
// connection.
#include "query_fixture.h"
#include "trigpoint/base/time.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

constexpr char kOnce[] = "5f0c9be2-46ab-4f6d-9d3e-0a52cfcf4b8a";
constexpr char kTwice[] = "0e984725-c51c-4bf4-9960-e1c80e27aba0";

std::string ReasonOf(const grpc::Status& status) {
  return DetailOf<google::rpc::ErrorInfo>(status).reason();
}

/// "request_id" and so on; empty where no field is wrong.
std::string FieldOf(const grpc::Status& status) {
  const auto bad = DetailOf<google::rpc::BadRequest>(status);
  return bad.field_violations().empty() ? "" : bad.field_violations(0).field();
}

class RepeatTest : public QueryTest {
 protected:
  RepeatTest() { Register("1-900000001"); }

  void Register(const std::string& location) {
    v1::Event event;
    event.set_source("cqc/directory");
    event.set_id("registration-" + location);
    event.set_source_version(1);
    event.mutable_subject()->set_scheme("cqc-location");
    event.mutable_subject()->set_value(location);
    SetMicros(LondonMidnight({.year = 2025, .month = 3, .day = 1}), event.mutable_occurred_at());
    *event.mutable_received_at() = event.occurred_at();
    event.set_stream_id("home-" + location);
    event.mutable_service_registered()->set_name("House");
    Append(event);
  }

  void Append(const v1::Event& event) {
    const auto written =
        writer_->AppendAndFoldWait(projector_->PartitionFor(event.stream_id()), event);
    ASSERT_TRUE(written.ok()) << written.status();
    ASSERT_TRUE(projector_->WaitUntilCaughtUp(30'000));
  }

  grpc::Status Place(const std::string& authority_ref, const std::string& request_id,
                     std::string* hold_id, bool validate_only = false) {
    v1::PlaceLegalHoldRequest request;
    request.set_provider("home-1-900000001");
    request.set_authority_ref(authority_ref);
    request.set_request_id(request_id);
    request.set_validate_only(validate_only);
    v1::PlaceLegalHoldResponse response;
    grpc::ClientContext context;
    grpc::Status status = privacy_->PlaceLegalHold(&context, request, &response);
    if (hold_id != nullptr) *hold_id = response.hold_id();
    EXPECT_TRUE(projector_->WaitUntilCaughtUp(30'000));
    return status;
  }

  grpc::Status Lift(const std::string& hold_id, const std::string& request_id) {
    v1::LiftLegalHoldRequest request;
    request.set_provider("home-1-900000001");
    request.set_hold_id(hold_id);
    request.set_authority_ref("minute 2");
    request.set_request_id(request_id);
    v1::LiftLegalHoldResponse response;
    grpc::ClientContext context;
    grpc::Status status = privacy_->LiftLegalHold(&context, request, &response);
    EXPECT_TRUE(projector_->WaitUntilCaughtUp(30'000));
    return status;
  }

  v1::ListLegalHoldsResponse Holds(int page_size = 0, const std::string& page_token = "") {
    v1::ListLegalHoldsRequest request;
    request.set_provider("home-1-900000001");
    request.set_page_size(page_size);
    request.set_page_token(page_token);
    v1::ListLegalHoldsResponse response;
    grpc::ClientContext context;
    const grpc::Status status = privacy_->ListLegalHolds(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  grpc::Status Publish(const std::string& request_id, int* baselines) {
    v1::PublishBaselinesRequest request;
    request.set_request_id(request_id);
    v1::PublishBaselinesResponse response;
    grpc::ClientContext context;
    grpc::Status status = operation_->PublishBaselines(&context, request, &response);
    *baselines = response.baselines();
    return status;
  }

  std::string Etag() {
    v1::GetProviderRequest request;
    request.set_provider("home-1-900000001");
    v1::Provider provider;
    grpc::ClientContext context;
    EXPECT_TRUE(providers_->GetProvider(&context, request, &provider).ok());
    return provider.etag();
  }

  grpc::Status Propose(const std::string& etag) {
    v1::ProposeDecisionRequest request;
    request.set_provider("home-1-900000001");
    request.set_policy_id("none-in-force");
    request.set_kind(v1::DecisionProposed::KIND_DECLINE);
    request.set_etag(etag);
    v1::ProposeDecisionResponse response;
    grpc::ClientContext context;
    return decisions_->ProposeDecision(&context, request, &response);
  }
};

TEST_F(RepeatTest, AHoldThatWasLiftedSinceIsNotPlacedAgain) {
  // Given a hold that a request placed, and that was lifted
  std::string hold;
  ASSERT_TRUE(Place("minute 1", kOnce, &hold).ok());
  ASSERT_EQ(Holds().total_size(), 1);
  ASSERT_TRUE(Lift(hold, kTwice).ok());
  // When both requests come again
  std::string again;
  EXPECT_TRUE(Place("minute 1", kOnce, &again).ok());
  const grpc::Status lifted = Lift(hold, kTwice);
  // Then they are answered as they were, and nothing is in force
  EXPECT_EQ(again, hold);
  EXPECT_TRUE(lifted.ok()) << lifted.error_message();
  EXPECT_EQ(Holds().total_size(), 0);
  // Without an id it is another hold, and another lifting of none.
  EXPECT_EQ(ReasonOf(Lift(hold, "")), "HOLD_NOT_FOUND");
  EXPECT_TRUE(Place("minute 1", "", nullptr).ok());
  EXPECT_EQ(Holds().total_size(), 1);
}

TEST_F(RepeatTest, AnotherRequestUnderAnIdThatWasUsedIsRefused) {
  std::string hold;
  ASSERT_TRUE(Place("minute 1", kOnce, &hold).ok());
  EXPECT_EQ(FieldOf(Place("minute 3", kOnce, nullptr)), "request_id");
  ASSERT_TRUE(Lift(hold, kTwice).ok());
  EXPECT_EQ(FieldOf(Lift("another", kTwice)), "request_id");
  EXPECT_EQ(FieldOf(Place("minute 1", "mine", nullptr)), "request_id");
}

TEST_F(RepeatTest, AHoldThatIsOnlyCheckedIsNotPlaced) {
  std::string hold;
  EXPECT_TRUE(Place("minute 1", kOnce, &hold, true).ok());
  EXPECT_FALSE(hold.empty());
  EXPECT_EQ(Holds().total_size(), 0);
  EXPECT_TRUE(Place("minute 1", kOnce, &hold).ok());
  EXPECT_EQ(Holds().total_size(), 1);
}

TEST_F(RepeatTest, HoldsComeInPages) {
  for (const char* minute : {"minute 1", "minute 2", "minute 3"})
    ASSERT_TRUE(Place(minute, "", nullptr).ok());
  const auto first = Holds(2);
  EXPECT_EQ(first.holds_size(), 2);
  EXPECT_EQ(first.total_size(), 3);
  const auto last = Holds(2, first.next_page_token());
  EXPECT_EQ(last.holds_size(), 1);
  EXPECT_EQ(last.next_page_token(), "");
}

TEST_F(RepeatTest, WhatNoEventShowsIsDoneOnceUnderItsId) {
  int first = 0;
  int again = 0;
  int other = 0;
  EXPECT_TRUE(Publish(kOnce, &first).ok());
  EXPECT_TRUE(Publish(kOnce, &again).ok());
  EXPECT_EQ(published_.load(), 1);
  EXPECT_EQ(again, first);
  EXPECT_TRUE(Publish(kTwice, &other).ok());
  EXPECT_TRUE(Publish("", &other).ok());
  EXPECT_EQ(published_.load(), 3);
  EXPECT_EQ(FieldOf(Publish("mine", &other)), "request_id");
}

TEST_F(RepeatTest, AFindingThatCameBeforeAnotherDoesNotOverturnItWhenItIsRepeated) {
  for (const char* source : {"home/incidents", "council/safeguarding"}) {
    v1::Event event;
    event.set_source(source);
    event.set_id("fall");
    event.set_source_version(1);
    SetMicros(LondonMidnight({.year = 2025, .month = 6, .day = 1}), event.mutable_occurred_at());
    *event.mutable_received_at() = event.occurred_at();
    event.set_stream_id("home-1-900000001");
    event.mutable_incident_reported()->set_physical_harm(v1::HARM_LOW);
    Append(event);
  }
  const auto find = [this](bool one_incident, const std::string& id, bool only = false) {
    v1::DecideDuplicatesRequest request;
    request.set_provider("home-1-900000001");
    request.set_one_incident(one_incident);
    request.add_reports("home/incidents/fall");
    request.add_reports("council/safeguarding/fall");
    request.set_rationale("one of them was sent twice");
    request.set_request_id(id);
    request.set_validate_only(only);
    v1::DecideDuplicatesResponse response;
    grpc::ClientContext context;
    const grpc::Status status = decisions_->DecideDuplicates(&context, request, &response);
    EXPECT_TRUE(projector_->WaitUntilCaughtUp(30'000));
    return std::make_pair(status, response.findings_size());
  };
  const auto revision = [this] { return projector_->Read("home-1-900000001")->state.revision(); };
  const uint64_t before = revision();
  EXPECT_EQ(find(true, "", true).second, 0) << "only checked";
  EXPECT_EQ(revision(), before);
  // Given that people found one incident, and then that it was two
  EXPECT_EQ(find(true, kOnce).second, 1);
  EXPECT_EQ(find(false, kTwice).second, 1);
  const uint64_t after = revision();
  // When the first is repeated, at the same process and at another
  EXPECT_TRUE(find(true, kOnce).first.ok());
  ServeAnew();
  EXPECT_EQ(find(true, kOnce).second, 1);
  // Then nothing is said again
  EXPECT_EQ(revision(), after);
  EXPECT_EQ(FieldOf(find(false, kOnce).first), "request_id");
}

// domain.md 3.8: who takes one report out of a link says nothing of the others.
TEST_F(RepeatTest, AReportThatIsTakenOutOfALinkLeavesTheOthersLinked) {
  Register("1-900000002");
  const auto report = [this](const std::string& home, const std::string& source) {
    v1::Event event;
    event.set_source(source);
    event.set_id("fall");
    event.set_source_version(1);
    SetMicros(LondonMidnight({.year = 2025, .month = 6, .day = 1}), event.mutable_occurred_at());
    *event.mutable_received_at() = event.occurred_at();
    event.set_stream_id(home);
    event.mutable_incident_reported()->set_physical_harm(v1::HARM_LOW);
    Append(event);
  };
  // Given two reports about one home and one about another, found to be of one incident
  report("home-1-900000001", "home/incidents");
  report("home-1-900000001", "council/safeguarding");
  report("home-1-900000002", "ambulance/incidents");
  const auto find = [this](bool one_incident, const std::vector<std::string>& here) {
    v1::DecideDuplicatesRequest request;
    request.set_provider("home-1-900000001");
    request.set_one_incident(one_incident);
    for (const auto& name : here) request.add_reports(name);
    request.set_other_provider("home-1-900000002");
    request.add_other_reports("ambulance/incidents/fall");
    request.set_rationale("one journey");
    v1::DecideDuplicatesResponse response;
    grpc::ClientContext context;
    grpc::Status status = decisions_->DecideDuplicates(&context, request, &response);
    EXPECT_TRUE(projector_->WaitUntilCaughtUp(30'000));
    return status;
  };
  const auto linked = [this](const std::string& home) {
    std::vector<std::string> reports;
    const auto stream = projector_->Read(home);
    if (!stream.ok()) return reports;
    for (const auto& fact : stream->state.facts()) {
      for (const auto& ref : fact.cluster_linked().reports())
        reports.push_back(ref.source() + " here");
      for (const auto& one : fact.cluster_linked().elsewhere())
        reports.push_back(one.report().source() + " there");
    }
    return reports;
  };
  ASSERT_TRUE(find(true, {"home/incidents/fall", "council/safeguarding/fall"}).ok());
  // When one of the two is found to be of another incident
  ASSERT_TRUE(find(false, {"council/safeguarding/fall"}).ok());
  // Then the others stay linked, on both sides
  using Reports = std::vector<std::string>;
  EXPECT_EQ(linked("home-1-900000001"),
            (Reports{"home/incidents here", "ambulance/incidents there"}));
  EXPECT_EQ(linked("home-1-900000002"),
            (Reports{"ambulance/incidents here", "home/incidents there"}));
  EXPECT_EQ(ReasonOf(find(false, {"council/safeguarding/fall"})), "NOT_LINKED");
  // And with the last two nothing is
  ASSERT_TRUE(find(false, {"home/incidents/fall"}).ok());
  EXPECT_EQ(linked("home-1-900000001"), Reports());
  EXPECT_EQ(linked("home-1-900000002"), Reports());
}

TEST_F(RepeatTest, ADecisionOnWhatHasChangedSinceIsAborted) {
  // Given what was read of a service
  const std::string read = Etag();
  ASSERT_FALSE(read.empty());
  EXPECT_EQ(FieldOf(Propose(read)), "policy_id") << "it is looked at further";
  // When more becomes known of it
  ASSERT_TRUE(Place("minute 1", "", nullptr).ok());
  // Then what was read is not decided on
  const grpc::Status stale = Propose(read);
  EXPECT_EQ(stale.error_code(), grpc::StatusCode::ABORTED);
  EXPECT_EQ(ReasonOf(stale), "ETAG_MISMATCH");
  EXPECT_EQ(FieldOf(Propose(Etag())), "policy_id");
  EXPECT_EQ(FieldOf(Propose("")), "policy_id") << "without an etag nothing is compared";
}

TEST_F(RepeatTest, EveryListOverServicesRefusesAFilterThatItCannotRead) {
  v1::ListAlertsRequest alerts;
  alerts.set_filter("colour = red");
  v1::ListAlertsResponse no_alerts;
  grpc::ClientContext first;
  EXPECT_EQ(FieldOf(alerts_->ListAlerts(&first, alerts, &no_alerts)), "filter");
  v1::ListRecommendationsRequest recommendations;
  recommendations.set_filter("colour = red");
  v1::ListRecommendationsResponse no_recommendations;
  grpc::ClientContext second;
  EXPECT_EQ(FieldOf(providers_->ListRecommendations(&second, recommendations, &no_recommendations)),
            "filter");
  v1::ListObligationsRequest obligations;
  obligations.set_filter("colour = red");
  v1::ListObligationsResponse no_obligations;
  grpc::ClientContext third;
  EXPECT_EQ(FieldOf(providers_->ListObligations(&third, obligations, &no_obligations)), "filter");
}

}  // namespace
}  // namespace trigpoint
