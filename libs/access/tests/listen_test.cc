#include "trigpoint/access/listen.h"

#include <gmock/gmock.h>

#include <string>

namespace trigpoint {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(CheckListen, NeedsNothingOnLoopback) {
  for (const std::string_view address :
       {"127.0.0.1:50051", "127.0.0.1", "127.255.255.254:1", "[::1]:50051", "[::1]",
        "[0:0:0:0:0:0:0:1]:1", "localhost:50051", "localhost", "unix:/run/trigpoint.sock",
        "unix:///run/trigpoint.sock", "127.0.0.1:0"}) {
    EXPECT_TRUE(CheckListen(address, false, false).ok()) << address;
  }
}

TEST(CheckListen, RefusesEveryOtherAddressWithoutTlsAndPrincipals) {
  for (const std::string_view address :
       {"0.0.0.0:50051", "[::]:50051", ":50051", "10.0.0.1:50051", "example.org:50051",
        "[::ffff:127.0.0.1]:1", "[fe80::1]:1", "[127.0.0.1]:1", "128.0.0.1:1", "127.1:1",
        "0177.0.0.1:1", "127.0.0.1.example.org:1", "localhost.example.org:1", "*:50051",
        "dns:localhost:1", "ipv4:127.0.0.1:1,10.0.0.1:1", "127.0.0.1:1,0.0.0.0:2", "::1:50051"}) {
    EXPECT_EQ(CheckListen(address, false, false).code(), absl::StatusCode::kFailedPrecondition)
        << address;
    EXPECT_FALSE(CheckListen(address, true, false).ok()) << address;
    EXPECT_FALSE(CheckListen(address, false, true).ok()) << address;
    EXPECT_TRUE(CheckListen(address, true, true).ok()) << address;
  }
}

TEST(CheckListen, SaysWhatToAdd) {
  const auto message = [](bool tls, bool principals) {
    return std::string(CheckListen("0.0.0.0:1", tls, principals).message());
  };
  EXPECT_THAT(message(false, false), AllOf(HasSubstr("TLS"), HasSubstr("principals file")));
  EXPECT_THAT(message(true, false), AllOf(Not(HasSubstr("TLS")), HasSubstr("principals file")));
  EXPECT_THAT(message(false, true), AllOf(HasSubstr("TLS"), Not(HasSubstr("principals file"))));
}

TEST(CheckListen, RefusesWhatIsNotAnAddress) {
  for (const std::string_view address :
       {"", " ", "127.0.0.1 :1", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:65536",
        "unix-abstract:name", "[::1", "[::1]x", "unix:", "127.0.0.1:1\n"}) {
    EXPECT_EQ(CheckListen(address, true, true).code(), absl::StatusCode::kInvalidArgument)
        << address;
  }
}

}  // namespace
}  // namespace trigpoint
