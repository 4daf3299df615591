// Alerts over a real connection: what a watch and a list answer when the node stops or the store
// fails.
#include "query_fixture.h"

namespace trigpoint {
namespace {

class WatchTest : public QueryTest {
 protected:
  using Reader = std::unique_ptr<grpc::ClientReader<v1::WatchAlertsResponse>>;

  Reader Watch(grpc::ClientContext* context) {
    return alerts_->WatchAlerts(context, v1::WatchAlertsRequest());
  }
};

TEST_F(WatchTest, EndsAtOnceWhenTheNodeStopsAndSaysWhereToGoOn) {
  grpc::ClientContext context;
  const Reader reader = Watch(&context);
  v1::WatchAlertsResponse first;
  ASSERT_TRUE(reader->Read(&first)) << "the first heartbeat";
  query_.drain();
  v1::WatchAlertsResponse more;
  EXPECT_FALSE(reader->Read(&more));
  const grpc::Status status = reader->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  const auto info = DetailOf<google::rpc::ErrorInfo>(status);
  EXPECT_EQ(info.reason(), "DRAINING");
  ASSERT_EQ(info.metadata().count("resume_token"), 1U);
  EXPECT_EQ(info.metadata().at("resume_token"), first.resume_token());
  EXPECT_GT(DetailOf<google::rpc::RetryInfo>(status).retry_delay().seconds(), 0);
}

TEST_F(WatchTest, IsCountedOnceWhenItEnds) {
  grpc::ClientContext context;
  const Reader reader = Watch(&context);
  v1::WatchAlertsResponse response;
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_THAT(metrics_->Text(), testing::Not(testing::HasSubstr("WatchAlerts")));
  query_.drain();
  EXPECT_FALSE(reader->Read(&response));
  EXPECT_THAT(metrics_->Text(),
              testing::HasSubstr("trigpoint_grpc_requests_total{method=\"trigpoint.v1.AlertService/"
                                 "WatchAlerts\",code=\"UNAVAILABLE\"} 1\n"));
}

TEST_F(WatchTest, IsRefusedWhileTheNodeStops) {
  query_.drain();
  grpc::ClientContext context;
  const Reader reader = Watch(&context);
  v1::WatchAlertsResponse response;
  EXPECT_FALSE(reader->Read(&response));
  const grpc::Status status = reader->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(DetailOf<google::rpc::ErrorInfo>(status).reason(), "DRAINING");
}

TEST_F(WatchTest, SaysThatAlertsCannotBeReadInsteadOfShowingNone) {
  ASSERT_TRUE(store_->Close().ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(projector_->AlertsFrom({0, 0}, 10).status()));

  grpc::ClientContext context;
  const Reader reader = Watch(&context);
  v1::WatchAlertsResponse response;
  EXPECT_FALSE(reader->Read(&response));
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);

  v1::ListAlertsRequest request;
  request.set_include_acknowledged(true);
  v1::ListAlertsResponse list;
  grpc::ClientContext list_context;
  EXPECT_EQ(alerts_->ListAlerts(&list_context, request, &list).error_code(),
            grpc::StatusCode::FAILED_PRECONDITION);
}

}  // namespace
}  // namespace trigpoint
