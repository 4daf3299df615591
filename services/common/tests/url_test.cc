#include "services/common/url.h"

#include <gtest/gtest.h>

namespace trigpoint {
namespace {

TEST(HttpUrl, IsHttpsOrThisMachine) {
  for (const char* good :
       {"https://desk.example/a?b=c", "https://127.0.0.1:8443/", "http://127.0.0.1:8080/x",
        "http://[::1]:80/", "http://localhost/", "http://127.1.2.3"}) {
    EXPECT_TRUE(CheckHttpUrl(good).ok()) << good;
  }
  for (const char* bad :
       {"", "desk.example", "ftp://desk.example/", "http://desk.example/", "https://", "https:///x",
        "http://127.0.0.1.example/", "http://127.1/", "http://localhost.example/",
        "http://localhost@evil.example/", "https://user:word@desk.example/",
        "https://desk.example/#x", "https://desk.example/a b", "http://127.0.0.1\\@evil.example/",
        "http://[::2]/", "HTTP://desk.example/"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(CheckHttpUrl(bad))) << bad;
  }
}

}  // namespace
}  // namespace trigpoint
