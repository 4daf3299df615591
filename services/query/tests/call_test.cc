// What every call has, over a real connection: it is counted, logged without content, and comes
// back with what ties it to the caller's traces.
#include <algorithm>

#include "query_fixture.h"
#include "trigpoint/telemetry/logging.h"

namespace trigpoint {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr char kTrace[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

class CallTest : public QueryTest {
 protected:
  grpc::Status GetProvider(const std::string& name, grpc::ClientContext* context) {
    v1::GetProviderRequest request;
    request.set_provider(name);
    v1::Provider provider;
    return providers_->GetProvider(context, request, &provider);
  }

  /// What came back under a key of the initial metadata; "" for nothing.
  static std::string Echoed(const grpc::ClientContext& context, const std::string& key) {
    const auto& metadata = context.GetServerInitialMetadata();
    const auto found = metadata.find(key);
    return found == metadata.end() ? "" : std::string(found->second.data(), found->second.size());
  }
};

TEST_F(CallTest, EchoesWhatTiesItToTheCallersTraces) {
  grpc::ClientContext context;
  context.AddMetadata("x-correlation-id", "batch-7/row 1");
  context.AddMetadata("traceparent", kTrace);
  EXPECT_EQ(GetProvider("nobody", &context).error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(Echoed(context, "x-correlation-id"), "") << "a space may be cut on the way";
  EXPECT_EQ(Echoed(context, "traceparent"), kTrace);

  grpc::ClientContext again;
  again.AddMetadata("x-correlation-id", "batch-7/row-1");
  const v1::ListAlertsRequest request;
  v1::ListAlertsResponse response;
  EXPECT_TRUE(alerts_->ListAlerts(&again, request, &response).ok());
  EXPECT_EQ(Echoed(again, "x-correlation-id"), "batch-7/row-1");
  EXPECT_EQ(Echoed(again, "traceparent"), "");

  grpc::ClientContext longer;
  longer.AddMetadata("x-correlation-id", std::string(129, 'x'));
  EXPECT_FALSE(GetProvider("nobody", &longer).ok());
  EXPECT_EQ(Echoed(longer, "x-correlation-id"), "");
}

TEST_F(CallTest, IsCountedByMethodAndCode) {
  for (int i = 0; i < 3; ++i) {
    grpc::ClientContext context;
    EXPECT_FALSE(GetProvider("nobody", &context).ok());
  }
  const v1::ListAlertsRequest request;
  v1::ListAlertsResponse response;
  grpc::ClientContext context;
  EXPECT_TRUE(alerts_->ListAlerts(&context, request, &response).ok());
  const std::string text = metrics_->Text();
  EXPECT_THAT(text,
              AllOf(HasSubstr("trigpoint_grpc_requests_total{method=\"trigpoint.v1.ProviderService/"
                              "GetProvider\",code=\"NOT_FOUND\"} 3\n"),
                    HasSubstr("trigpoint_grpc_requests_total{method=\"trigpoint.v1.AlertService/"
                              "ListAlerts\",code=\"OK\"} 1\n")));
}

TEST_F(CallTest, IsLoggedWithoutContentAndOnlyWhereDebugIsAsked) {
  testing::internal::CaptureStderr();
  {
    grpc::ClientContext context;
    EXPECT_FALSE(GetProvider("a-quiet-name", &context).ok());
  }
  InitLogging(LogLevel::kDebug, LogFormat::kJson);
  {
    grpc::ClientContext context;
    context.AddMetadata("x-correlation-id", "correlated-by-a-name");
    context.AddMetadata("traceparent", kTrace);
    EXPECT_FALSE(GetProvider("a-loud-name", &context).ok());
  }
  InitLogging(LogLevel::kInfo, LogFormat::kJson);
  const std::string logged = testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::count(logged.begin(), logged.end(), '\n'), 1) << logged;
  EXPECT_THAT(logged, AllOf(HasSubstr("\"event\":\"call_ended\""),
                            HasSubstr("\"method\":\"trigpoint.v1.ProviderService/GetProvider\""),
                            HasSubstr("\"code\":\"NOT_FOUND\""),
                            HasSubstr("\"principal\":\"local-operator\""), HasSubstr("\"ms\":"),
                            HasSubstr("\"trace\":\"0af7651916cd43dd8448eb211c80319c\"")));
  EXPECT_THAT(logged, AllOf(Not(HasSubstr("-name")), Not(HasSubstr("correlated"))));
}

TEST_F(CallTest, DoesNotRepeatWhatLooksPersonal) {
  grpc::ClientContext context;
  const grpc::Status known = GetProvider("1-900000001", &context);
  EXPECT_EQ(DetailOf<google::rpc::ErrorInfo>(known).reason(), "PROVIDER_NOT_FOUND");
  EXPECT_EQ(DetailOf<google::rpc::ErrorInfo>(known).metadata().at("provider"), "1-900000001");
  grpc::ClientContext personal;
  const grpc::Status status = GetProvider("943 476 5919", &personal);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_THAT(status.error_message() + status.error_details(), Not(HasSubstr("5919")));
}

}  // namespace
}  // namespace trigpoint
