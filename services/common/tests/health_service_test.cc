// The health service over a real connection.
#include "services/common/health_service.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>

namespace trigpoint {
namespace {

using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

constexpr char kAlerts[] = "trigpoint.v1.AlertService";

class HealthServiceTest : public testing::Test {
 protected:
  using Reader = std::unique_ptr<grpc::ClientReader<HealthCheckResponse>>;

  HealthServiceTest() {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    stub_ = Health::NewStub(grpc::CreateChannel("127.0.0.1:" + std::to_string(port),
                                                grpc::InsecureChannelCredentials()));
  }
  ~HealthServiceTest() override {
    service_.Drain();
    server_->Shutdown();
  }

  /// SERVING, NOT_SERVING, or the code of the error.
  std::string Check(const std::string& service) {
    HealthCheckRequest request;
    request.set_service(service);
    HealthCheckResponse response;
    grpc::ClientContext context;
    const grpc::Status status = stub_->Check(&context, request, &response);
    return status.ok() ? HealthCheckResponse::ServingStatus_Name(response.status())
                       : std::to_string(status.error_code());
  }

  Reader Watch(grpc::ClientContext* context, const std::string& service) {
    HealthCheckRequest request;
    request.set_service(service);
    return stub_->Watch(context, request);
  }

  static std::string Next(const Reader& reader) {
    HealthCheckResponse response;
    return reader->Read(&response) ? HealthCheckResponse::ServingStatus_Name(response.status())
                                   : "ended";
  }

  HealthService service_{{kAlerts}, nullptr};
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<Health::Stub> stub_;
};

TEST_F(HealthServiceTest, AnswersForTheServerAndForEachServiceByName) {
  EXPECT_EQ(Check(""), "NOT_SERVING") << "not before it is said";
  service_.SetServing(true);
  EXPECT_EQ(Check(""), "SERVING");
  EXPECT_EQ(Check(kAlerts), "SERVING");
  EXPECT_EQ(Check("trigpoint.v1.NoService"), std::to_string(grpc::StatusCode::NOT_FOUND));
  service_.SetServing(false);
  EXPECT_EQ(Check(kAlerts), "NOT_SERVING");
}

TEST_F(HealthServiceTest, TellsAWatchEachChange) {
  grpc::ClientContext context;
  const Reader reader = Watch(&context, kAlerts);
  EXPECT_EQ(Next(reader), "NOT_SERVING");
  service_.SetServing(true);
  EXPECT_EQ(Next(reader), "SERVING");
  service_.SetServing(true);
  service_.SetServing(false);
  EXPECT_EQ(Next(reader), "NOT_SERVING");
}

TEST_F(HealthServiceTest, KeepsAWatchOnANameThatNobodyKnows) {
  grpc::ClientContext context;
  const Reader reader = Watch(&context, "trigpoint.v1.NoService");
  EXPECT_EQ(Next(reader), "SERVICE_UNKNOWN");
  service_.SetServing(true);
  service_.Drain();
  EXPECT_EQ(Next(reader), "ended");
}

TEST_F(HealthServiceTest, EndsItsWatchesSoThatTheServerNeedNotWaitForThem) {
  service_.SetServing(true);
  grpc::ClientContext context;
  const Reader reader = Watch(&context, "");
  EXPECT_EQ(Next(reader), "SERVING");
  service_.Drain();
  const auto begun = std::chrono::steady_clock::now();
  server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(30));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(10));
  EXPECT_EQ(Next(reader), "NOT_SERVING") << "told before it ends";
  EXPECT_EQ(Next(reader), "ended");
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  service_.SetServing(true);
  EXPECT_EQ(Check(""), std::to_string(grpc::StatusCode::UNAVAILABLE));
}

TEST_F(HealthServiceTest, LetsAClientGo) {
  {
    grpc::ClientContext context;
    const Reader reader = Watch(&context, "");
    EXPECT_EQ(Next(reader), "NOT_SERVING");
    context.TryCancel();
    EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  service_.SetServing(true);
  EXPECT_EQ(Check(""), "SERVING");
}

}  // namespace
}  // namespace trigpoint
