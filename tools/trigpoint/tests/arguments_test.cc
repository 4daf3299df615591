#include "arguments.h"

#include <gtest/gtest.h>

#include <string>

namespace trigpoint {
namespace {

TEST(ProviderName, TakesBareCqcLocationsAsSuch) {
  EXPECT_EQ(ProviderName("1-545611283"), "cqc-location/1-545611283");
  EXPECT_EQ(ProviderName("RX601"), "cqc-location/RX601");
  EXPECT_EQ(ProviderName("R0A02"), "cqc-location/R0A02");
}

TEST(ProviderName, LeavesQualifiedIdsAndStreamIdsAlone) {
  EXPECT_EQ(ProviderName("ods/RX601"), "ods/RX601");
  EXPECT_EQ(ProviderName("cqc-location/1-545611283"), "cqc-location/1-545611283");
  EXPECT_EQ(ProviderName("local:halton-council/77"), "local:halton-council/77");
  EXPECT_EQ(ProviderName("p-5f0c2a91d3"), "p-5f0c2a91d3");
  EXPECT_EQ(ProviderName("1-"), "1-");
  EXPECT_EQ(ProviderName(""), "");
}

TEST(ProviderName, DropsTheResourcePrefix) {
  EXPECT_EQ(ProviderName("providers/p-5f0c2a91d3"), "p-5f0c2a91d3");
  EXPECT_EQ(ProviderName("providers/1-545611283"), "cqc-location/1-545611283");
}

TEST(ParseAsOf, TakesADateAsTheEndOfThatDayInLondon) {
  EXPECT_EQ(FormatInstant(*ParseAsOf("2026-03-01")), "2026-03-01T23:59:59.999999Z");
  EXPECT_EQ(FormatInstant(*ParseAsOf("2026-07-01")), "2026-07-01T22:59:59.999999Z");
  // The day on which summer time starts ends an hour earlier in UTC.
  EXPECT_EQ(FormatInstant(*ParseAsOf("2026-03-29")), "2026-03-29T22:59:59.999999Z");
}

TEST(ParseAsOf, TakesRfc3339AsItStands) {
  EXPECT_EQ(FormatInstant(*ParseAsOf("2026-03-01T10:00:00+01:00")), "2026-03-01T09:00:00Z");
}

TEST(ParseAsOf, SaysWhichFormsItReads) {
  for (const char* text : {"", "yesterday", "2026-02-30", "01/03/2026", "2026-03-01 10:00"}) {
    const auto as_of = ParseAsOf(text);
    ASSERT_FALSE(as_of.ok()) << text;
    EXPECT_NE(std::string(as_of.status().message()).find("2026-03-01T10:00:00Z"),
              std::string::npos);
  }
}

TEST(Timestamp, KeepsMicrosecondsBothWays) {
  for (const Micros instant : {Micros{0}, Micros{1'700'000'000'123'456}, Micros{-1}}) {
    const auto timestamp = ToTimestamp(instant);
    EXPECT_GE(timestamp.nanos(), 0);
    EXPECT_EQ(FromTimestamp(timestamp), instant);
  }
}

TEST(IsLoopback, KnowsThisMachineOnly) {
  for (const char* here : {"127.0.0.1:7447", "localhost:7447", "[::1]:7447", "unix:/run/trigpoint",
                           "dns:///localhost:7447", "127.0.0.53:1"}) {
    EXPECT_TRUE(IsLoopback(here)) << here;
  }
  for (const char* elsewhere : {"10.0.0.7:7447", "node:7447", "localhost.example.org:7447",
                                "127.0.0.1.example.org:7447", "[2001:db8::1]:7447"}) {
    EXPECT_FALSE(IsLoopback(elsewhere)) << elsewhere;
  }
}

TEST(NewRequestId, IsAUuidOfVersionFourAndEachTimeAnother) {
  const std::string id = NewRequestId();
  ASSERT_EQ(id.size(), 36U);
  EXPECT_EQ(id[14], '4');
  EXPECT_NE(std::string("89ab").find(id[19]), std::string::npos);
  EXPECT_NE(id, NewRequestId());
}

}  // namespace
}  // namespace trigpoint
