// Real gRPC over loopback, with TLS or a shared secret.
#include "services/keys/key_server.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>
#include <set>
#include <thread>

#include "certificates.h"
#include "fault_env.h"
#include "google/protobuf/descriptor.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/grpcpp.h"
#include "services/keys/key_client.h"
#include "services/keys/revocations.h"
#include "temp_dir.h"
#include "trigpoint/internal/v1/keys.pb.h"

namespace trigpoint {
namespace {

using ::testing::SizeIs;
using ::testing::StartsWith;

const VaultRecord kReport{"council/concerns", "W-1"};

class KeyServerTest : public testing::Test {
 public:
  static void SetUpTestSuite() {
    made_ = new TempDir;
    const Certificates make(*made_);
    make.MakeAuthority("authority");
    make.MakeAuthority("stranger");
    make.Make("keys", "authority");
    make.Make("ingest", "authority");
    make.Make("webshop", "authority");
    make.Make("forged", "stranger");
  }
  static void TearDownTestSuite() { delete made_; }

 protected:
  KeyServerOptions Options() const {
    KeyServerOptions options;
    options.listen = "127.0.0.1:0";
    options.keys = {.directory = directory_ / "keys", .kek_file = directory_ / "keys.kek"};
    options.vault = {.directory = directory_ / "vault", .kek_file = directory_ / "vault.kek"};
    options.lease = absl::Milliseconds(300);
    return options;
  }
  KeyServerOptions WithTls() const {
    KeyServerOptions options = Options();
    options.tls_cert = Pem("keys");
    options.tls_key = Key("keys");
    options.tls_client_ca = Pem("authority");
    options.clients = {"ingest"};
    return options;
  }
  KeyServerOptions WithSecret() const {
    KeyServerOptions options = Options();
    options.secret_file = directory_ / "secret";
    return options;
  }
  void Start(const KeyServerOptions& options) {
    auto started = StartKeyServer(options);
    ASSERT_TRUE(started.ok()) << started.status();
    server_ = *std::move(started);
  }
  KeyClientOptions AsClient(const std::string& name) const {
    KeyClientOptions options;
    options.address = server_->address();
    options.tls_ca = Pem("authority");
    options.tls_cert = Pem(name);
    options.tls_key = Key(name);
    options.connect_timeout = absl::Milliseconds(500);
    return options;
  }
  KeyClientOptions AsLocal() const {
    KeyClientOptions options;
    options.address = server_->address();
    options.secret_file = directory_ / "secret";
    return options;
  }
  static SharedKeys Connected(const KeyClientOptions& options) {
    auto connected = ConnectKeys(options);
    EXPECT_TRUE(connected.ok()) << connected.status();
    return connected.ok() ? *std::move(connected) : SharedKeys{};
  }
  static std::string Pem(const std::string& name) { return Certificates(*made_).Pem(name); }
  static std::string Key(const std::string& name) { return Certificates(*made_).Key(name); }

  static TempDir* made_;
  TempDir directory_;
  std::unique_ptr<KeyServer> server_;
};

TempDir* KeyServerTest::made_ = nullptr;

TEST_F(KeyServerTest, GivesTwoClientsThatCreateTheSameKeysAtOnceTheSameBytes) {
  Start(WithTls());
  const SharedKeys one = Connected(AsClient("ingest"));
  const SharedKeys other = Connected(AsClient("ingest"));
  std::vector<std::string> ids;
  for (int i = 0; i < 200; ++i) ids.push_back("case-" + std::to_string(i));
  absl::StatusOr<std::vector<std::string>> at_one;
  absl::StatusOr<std::vector<std::string>> at_other;
  std::thread first([&] { at_one = one.keys->GetOrCreateKeys(ids); });
  std::thread second([&] { at_other = other.keys->GetOrCreateKeys(ids); });
  first.join();
  second.join();
  ASSERT_TRUE(at_one.ok()) << at_one.status();
  ASSERT_TRUE(at_other.ok()) << at_other.status();
  EXPECT_EQ(*at_one, *at_other);
  EXPECT_EQ(std::set<std::string>(at_one->begin(), at_one->end()).size(), ids.size());
  EXPECT_THAT(*at_one, testing::Each(SizeIs(32)));
  EXPECT_EQ(*server_->keys().GetKey("case-7"), at_one->at(7));
}

TEST_F(KeyServerTest, AnErasedKeyIsErasedAtEveryClientAtOnce) {
  Start(WithTls());
  const SharedKeys one = Connected(AsClient("ingest"));
  const SharedKeys other = Connected(AsClient("ingest"));
  ASSERT_TRUE(one.keys->GetOrCreateKey("case-1").ok());
  const std::string kept = *one.keys->GetOrCreateKey("case-2");
  ASSERT_TRUE(other.keys->GetKey("case-1").ok()) << "it remembers it now";
  const absl::Status destroyed = one.keys->DestroyKey("case-1");
  ASSERT_TRUE(destroyed.ok()) << destroyed;
  for (const auto& client : {one.keys.get(), other.keys.get()}) {
    const absl::Status gone = client->GetKey("case-1").status();
    EXPECT_EQ(gone.code(), absl::StatusCode::kAborted);
    EXPECT_THAT(std::string(gone.message()), StartsWith("ERASED"));
    EXPECT_EQ(client->GetOrCreateKeys({"case-3", "case-1"}).status(), gone);
    EXPECT_EQ(client->GetKey("case-3").status().code(), absl::StatusCode::kNotFound)
        << "nothing was created";
    EXPECT_EQ(*client->GetKey("case-2"), kept);
  }
  const auto many = other.keys->GetKeys({"case-1", "case-2", "case-9"});
  ASSERT_THAT(many, SizeIs(3));
  EXPECT_EQ(many[0].status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(*many[1], kept);
  EXPECT_EQ(many[2].status().code(), absl::StatusCode::kNotFound);
}

TEST_F(KeyServerTest, ADestructionOfTheServersOwnReachesTheClientsToo) {
  Start(WithTls());
  const SharedKeys client = Connected(AsClient("ingest"));
  ASSERT_TRUE(client.keys->GetOrCreateKey("case-1").ok());
  ASSERT_TRUE(server_->keys().DestroyKey("case-1").ok());
  EXPECT_EQ(client.keys->GetKey("case-1").status().code(), absl::StatusCode::kAborted);
}

TEST_F(KeyServerTest, ServesIdentitiesAsTheVaultDoes) {
  Start(WithTls());
  const SharedKeys client = Connected(AsClient("ingest"));
  ASSERT_NE(client.vault, nullptr);
  const auto ref = client.vault->Put(kReport, "Nurse Threlkeld");
  ASSERT_TRUE(ref.ok()) << ref.status();
  EXPECT_EQ(*client.vault->RefOf(kReport, "Nurse Threlkeld"), *ref);
  EXPECT_EQ(*server_->vault()->RefOf(kReport, ""), *client.vault->RefOf(kReport, ""));
  EXPECT_THAT(*ref, StartsWith(*client.vault->KeyOf(kReport)));
  EXPECT_EQ(*client.vault->Get(*ref), "Nurse Threlkeld");
  EXPECT_TRUE(*client.vault->Owns(kReport, *ref));
  EXPECT_FALSE(*client.vault->Owns({"council/concerns", "W-2"}, *ref));
  EXPECT_TRUE(*client.vault->Knows(kReport));
  EXPECT_FALSE(*client.vault->Knows({"council/concerns", "W-2"}));
  EXPECT_EQ(client.vault->Get("vault:none").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(client.vault->Erase({"case:1"}).code(), absl::StatusCode::kInvalidArgument);
  ASSERT_TRUE(client.vault->Erase({*client.vault->KeyOf(kReport)}).ok());
  EXPECT_EQ(client.vault->Get(*ref).status().code(), absl::StatusCode::kAborted);
  const absl::Status again = client.vault->Put(kReport, "somebody else").status();
  EXPECT_EQ(again.code(), absl::StatusCode::kAborted);
  EXPECT_THAT(std::string(again.message()), StartsWith("ERASED"));
  EXPECT_FALSE(AnyFileHolds(directory_.path(), "Threlkeld"));
}

TEST_F(KeyServerTest, WithoutAVaultSaysSo) {
  KeyServerOptions options = WithTls();
  options.vault.reset();
  Start(options);
  EXPECT_EQ(Connected(AsClient("ingest")).vault, nullptr);
}

TEST_F(KeyServerTest, RefusesCertificatesThatAreNotNamedAndNoneAtAll) {
  Start(WithTls());
  const absl::Status unnamed = ConnectKeys(AsClient("webshop")).status();
  EXPECT_EQ(unnamed.code(), absl::StatusCode::kPermissionDenied) << unnamed;
  EXPECT_EQ(ConnectKeys(AsClient("forged")).status().code(), absl::StatusCode::kUnavailable);
  KeyClientOptions none = AsClient("ingest");
  none.tls_cert.clear();
  none.tls_key.clear();
  EXPECT_EQ(ConnectKeys(none).status().code(), absl::StatusCode::kInvalidArgument);
  KeyClientOptions clear;
  clear.address = server_->address();
  clear.connect_timeout = absl::Milliseconds(300);
  EXPECT_EQ(ConnectKeys(clear).status().code(), absl::StatusCode::kUnavailable);
  // A client of TLS without a certificate of its own.
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = ReadAll(Pem("authority"));
  const auto channel = grpc::CreateChannel(server_->address(), grpc::SslCredentials(tls));
  EXPECT_FALSE(channel->WaitForConnected(absl::ToChronoTime(absl::Now() + absl::Seconds(1))));
}

/// Calls a method with an empty request, over any channel.
grpc::Status CallEmpty(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                       const std::string& secret) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(10)));
  if (!secret.empty()) context.AddMetadata("x-trigpoint-secret", secret);
  grpc::CompletionQueue queue;
  const grpc::Slice nothing;
  auto call = stub.PrepareUnaryCall(&context, method, grpc::ByteBuffer(&nothing, 1), &queue);
  call->StartCall();
  grpc::ByteBuffer response;
  grpc::Status status;
  call->Finish(&response, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  return status;
}

TEST_F(KeyServerTest, RefusesEveryMethodWithoutTheSecretOrWithAnother) {
  Start(WithSecret());
  const std::string secret = ReadAll(directory_ / "secret").substr(0, 64);
  const auto channel = grpc::CreateChannel(server_->address(), grpc::InsecureChannelCredentials());
  const auto* file = internal::v1::GetKeysRequest::descriptor()->file();
  int methods = 0;
  for (int s = 0; s < file->service_count(); ++s) {
    for (int m = 0; m < file->service(s)->method_count(); ++m, ++methods) {
      const auto* method = file->service(s)->method(m);
      const std::string path = "/" + file->service(s)->full_name() + "/" + method->name();
      EXPECT_EQ(CallEmpty(channel, path, "").error_code(), grpc::PERMISSION_DENIED) << path;
      EXPECT_EQ(CallEmpty(channel, path, std::string(64, '0')).error_code(),
                grpc::PERMISSION_DENIED)
          << path;
      EXPECT_NE(CallEmpty(channel, path, secret).error_code(), grpc::PERMISSION_DENIED) << path;
    }
  }
  EXPECT_EQ(methods, 10);
  EXPECT_EQ(
      CallEmpty(channel, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", secret)
          .error_code(),
      grpc::UNIMPLEMENTED);
}

TEST_F(KeyServerTest, SharesASecretFileOfTheOwnerAlone) {
  Start(WithSecret());
  struct stat about {};
  ASSERT_EQ(::stat((directory_ / "secret").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 07777, 0600U);
  EXPECT_TRUE(Connected(AsLocal()).keys->GetOrCreateKey("case-1").ok());
  std::ofstream(directory_ / "wrong") << std::string(64, 'f') << "\n";
  KeyClientOptions wrong = AsLocal();
  wrong.secret_file = directory_ / "wrong";
  EXPECT_EQ(ConnectKeys(wrong).status().code(), absl::StatusCode::kFailedPrecondition) << "mode";
  ASSERT_EQ(::chmod((directory_ / "wrong").c_str(), 0600), 0);
  EXPECT_EQ(ConnectKeys(wrong).status().code(), absl::StatusCode::kPermissionDenied);
  KeyClientOptions none = AsLocal();
  none.secret_file.clear();
  EXPECT_EQ(ConnectKeys(none).status().code(), absl::StatusCode::kPermissionDenied);
}

TEST_F(KeyServerTest, ServesAUnixSocket) {
  KeyServerOptions options = WithSecret();
  options.listen = "unix:" + (directory_ / "keys.socket");
  Start(options);
  EXPECT_EQ(server_->address(), options.listen);
  EXPECT_TRUE(Connected(AsLocal()).keys->GetOrCreateKey("case-1").ok());
}

TEST_F(KeyServerTest, RefusesToListenWhereNobodyWouldBeAsked) {
  const auto code = [](const KeyServerOptions& options) {
    return StartKeyServer(options).status().code();
  };
  EXPECT_EQ(code(Options()), absl::StatusCode::kFailedPrecondition) << "neither TLS nor secret";
  KeyServerOptions outside = WithSecret();
  outside.listen = "0.0.0.0:0";
  EXPECT_EQ(code(outside), absl::StatusCode::kFailedPrecondition) << "a secret in the clear";
  KeyServerOptions anyone = WithTls();
  anyone.clients.clear();
  EXPECT_EQ(code(anyone), absl::StatusCode::kFailedPrecondition) << "whoever has a certificate";
  KeyServerOptions half = WithTls();
  half.tls_client_ca.clear();
  EXPECT_EQ(code(half), absl::StatusCode::kFailedPrecondition);
}

TEST_F(KeyServerTest, AClientGoesOnAfterARestartAndIsToldMeanwhile) {
  KeyServerOptions options = WithSecret();
  Start(options);
  KeyClientOptions client_options = AsLocal();
  client_options.call_timeout = absl::Milliseconds(200);
  const SharedKeys client = Connected(client_options);
  const std::string key = *client.keys->GetOrCreateKey("case-1");
  EXPECT_EQ(client.keys->Health(), absl::OkStatus());
  options.listen = server_->address();  // The same port again.
  server_.reset();
  EXPECT_EQ(client.keys->GetOrCreateKey("case-2").status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(client.keys->GetKey("case-2").status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(client.vault->Put(kReport, "x").status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(client.keys->Health().code(), absl::StatusCode::kUnavailable) << "its lease is over";
  Start(options);
  absl::StatusOr<std::string> again = absl::UnavailableError("");
  const absl::Duration begun = SinceBoot();
  while (absl::IsUnavailable(again.status()) && SinceBoot() - begun < absl::Seconds(30))
    again = client.keys->GetKey("case-1");
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(*again, key);
  while (!client.keys->Health().ok() && SinceBoot() - begun < absl::Seconds(30))
    absl::SleepFor(absl::Milliseconds(1));
  EXPECT_EQ(client.keys->Health(), absl::OkStatus());
}

TEST_F(KeyServerTest, PassesOnThatTheDiskIsFull) {
  FaultEnv disk;
  KeyServerOptions options = WithSecret();
  options.keys.env = &disk;
  Start(options);
  SharedKeys client = Connected(AsLocal());
  const std::string key = *client.keys->GetOrCreateKey("case-1");
  disk.SetFault(FaultEnv::Files::kWriteAheadLogs, FaultEnv::Fault::kNoSpace);
  disk.SetFreeSpace(0);
  EXPECT_EQ(client.keys->GetOrCreateKey("case-2").status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(*client.keys->GetKey("case-1"), key);
  disk.SetFault(FaultEnv::Files::kWriteAheadLogs, FaultEnv::Fault::kNone);
  disk.SetFreeSpace(std::nullopt);
  EXPECT_TRUE(client.keys->GetOrCreateKey("case-2").ok());
  client = {};
  server_.reset();  // Before its disk.
}

}  // namespace
}  // namespace trigpoint
