#pragma once

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <memory>
#include <string>

#include "google/rpc/error_details.pb.h"
#include "services/common/tests/error_detail.h"
#include "services/query/query_services.h"
#include "temp_dir.h"
#include "trigpoint/access/disclosure.h"
#include "trigpoint/log/memory_log.h"
#include "trigpoint/store/store.h"
#include "trigpoint/telemetry/metrics.h"
#include "trigpoint/v1/api.grpc.pb.h"

namespace trigpoint {

/// The query services over a real connection, on a log in memory.
class QueryTest : public testing::Test {
 public:
  QueryTest() { Open(); }
  ~QueryTest() override {
    query_.drain();
    server_->Shutdown();
    projector_->Stop();
  }

 protected:
  void Open() {
    auto opened_metrics = Metrics::Start("");
    ASSERT_TRUE(opened_metrics.ok());
    metrics_ = *std::move(opened_metrics);
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
    writer_ = std::make_unique<EventWriter>(log_.get(), projector_.get(), &Now);
    auth_ = std::make_unique<CallerAuth>(Principals::LocalOperator(), disclosures_.get());
    Serve();
  }

  static int64_t Now() { return 1'767'225'600'000'000; }

  void Serve() {
    QueryDeps deps;
    deps.projector = projector_.get();
    deps.writer = writer_.get();
    deps.auth = auth_.get();
    deps.now_us = &Now;
    deps.log_id = "log";
    deps.metrics = metrics_.get();
    deps.page_secret = "a secret of the test";
    deps.publish_baselines = [this] { return ++published_; };
    query_ = MakeQueryServices(deps);
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    for (const auto& service : query_.services) builder.RegisterService(service.get());
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
    const auto channel = grpc::CreateChannel("127.0.0.1:" + std::to_string(port),
                                             grpc::InsecureChannelCredentials());
    alerts_ = v1::AlertService::NewStub(channel);
    providers_ = v1::ProviderService::NewStub(channel);
    decisions_ = v1::DecisionService::NewStub(channel);
    privacy_ = v1::PrivacyService::NewStub(channel);
    operation_ = v1::OperationService::NewStub(channel);
  }

  /// As another process on the same log and store: what this one remembers is gone.
  void ServeAnew() {
    query_.drain();
    server_->Shutdown();
    server_.reset();
    query_ = {};
    Serve();
  }

  TempDir directory_;
  std::unique_ptr<Metrics> metrics_;
  std::unique_ptr<EventLog> log_ = NewMemoryLog(2);
  std::unique_ptr<Store> store_;
  std::unique_ptr<Projector> projector_;
  std::unique_ptr<DisclosureLog> disclosures_;
  std::unique_ptr<EventWriter> writer_;
  std::unique_ptr<CallerAuth> auth_;
  QueryServices query_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::AlertService::Stub> alerts_;
  std::unique_ptr<v1::ProviderService::Stub> providers_;
  std::unique_ptr<v1::DecisionService::Stub> decisions_;
  std::unique_ptr<v1::PrivacyService::Stub> privacy_;
  std::unique_ptr<v1::OperationService::Stub> operation_;
  std::atomic<int> published_{0};  ///< How often baselines were.
};

}  // namespace trigpoint
