// Alerts over a real connection: what a watch and a list answer when the node stops or the store
// fails.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>

#include <memory>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "services/query/query_services.h"
#include "temp_dir.h"
#include "trigpoint/access/disclosure.h"
#include "trigpoint/log/memory_log.h"
#include "trigpoint/store/store.h"
#include "trigpoint/v1/api.grpc.pb.h"

namespace trigpoint {
namespace {

class WatchTest : public testing::Test {
 public:
  WatchTest() { Open(); }
  ~WatchTest() override {
    query_.drain();
    server_->Shutdown();
    projector_->Stop();
  }

 protected:
  using Reader = std::unique_ptr<grpc::ClientReader<v1::WatchAlertsResponse>>;

  void Open() {
    auto opened_store = Store::Open({.directory = directory_ / "store"});
    ASSERT_TRUE(opened_store.ok()) << opened_store.status();
    store_ = *std::move(opened_store);
    auto opened = Projector::Open(log_.get(), store_.get(), {});
    ASSERT_TRUE(opened.ok()) << opened.status();
    projector_ = *std::move(opened);
    ASSERT_TRUE(projector_->CatchUp().ok());
    ASSERT_TRUE(projector_->Start().ok());
    auto opened_disclosures = OpenFileDisclosureLog(directory_ / "disclosures.jsonl");
    ASSERT_TRUE(opened_disclosures.ok()) << opened_disclosures.status();
    disclosures_ = *std::move(opened_disclosures);
    const auto now_us = [] { return int64_t{1'767'225'600'000'000}; };
    writer_ = std::make_unique<EventWriter>(log_.get(), projector_.get(), now_us);
    auth_ = std::make_unique<CallerAuth>(Principals::LocalOperator(), disclosures_.get());
    QueryDeps deps;
    deps.projector = projector_.get();
    deps.writer = writer_.get();
    deps.auth = auth_.get();
    deps.now_us = now_us;
    deps.log_id = "log";
    query_ = MakeQueryServices(deps);
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    for (const auto& service : query_.services) builder.RegisterService(service.get());
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
    stub_ = v1::AlertService::NewStub(grpc::CreateChannel("127.0.0.1:" + std::to_string(port_),
                                                          grpc::InsecureChannelCredentials()));
  }

  Reader Watch(grpc::ClientContext* context) {
    return stub_->WatchAlerts(context, v1::WatchAlertsRequest());
  }

  TempDir directory_;
  std::unique_ptr<EventLog> log_ = NewMemoryLog(2);
  std::unique_ptr<Store> store_;
  std::unique_ptr<Projector> projector_;
  std::unique_ptr<DisclosureLog> disclosures_;
  std::unique_ptr<EventWriter> writer_;
  std::unique_ptr<CallerAuth> auth_;
  QueryServices query_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::AlertService::Stub> stub_;
};

template <typename Detail>
Detail DetailOf(const grpc::Status& status) {
  google::rpc::Status details;
  EXPECT_TRUE(details.ParseFromString(status.error_details()));
  Detail found;
  for (const auto& detail : details.details()) {
    if (detail.Is<Detail>()) detail.UnpackTo(&found);
  }
  return found;
}

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
  EXPECT_EQ(stub_->ListAlerts(&list_context, request, &list).error_code(),
            grpc::StatusCode::FAILED_PRECONDITION);
}

}  // namespace
}  // namespace trigpoint
