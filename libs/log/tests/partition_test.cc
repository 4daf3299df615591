#include "trigpoint/log/partition.h"

#include <gtest/gtest.h>

namespace trigpoint {
namespace {

// From Apache Kafka's UtilsTest.testMurmur2.
TEST(Murmur2, AnswersAsTheJavaClientDoes) {
  EXPECT_EQ(Murmur2("21"), -973932308);
  EXPECT_EQ(Murmur2("foobar"), -790332482);
  EXPECT_EQ(Murmur2("a-little-bit-long-string"), -985981536);
  EXPECT_EQ(Murmur2("a-little-bit-longer-string"), -1486304829);
  EXPECT_EQ(Murmur2("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8"), -58897971);
  EXPECT_EQ(Murmur2("abc"), 479470107);
}

TEST(PartitionOf, ClearsTheSignBeforeTheRemainder) {
  EXPECT_EQ(PartitionOf("21", 16), static_cast<uint32_t>((-973932308 & 0x7fffffff) % 16));
  EXPECT_EQ(PartitionOf("abc", 7), static_cast<uint32_t>(479470107 % 7));
  EXPECT_EQ(PartitionOf("anything", 1), 0U);
  EXPECT_EQ(PartitionOf("anything", 0), 0U);
}

TEST(PartitionOf, SignsBytesAboveAsciiAsJavaMasksThem) {
  EXPECT_LT(PartitionOf("\xc3\xa9t\xc3\xa9", 16), 16U);
  EXPECT_NE(Murmur2("\xc3\xa9"), Murmur2("\x43\x29"));
}

}  // namespace
}  // namespace trigpoint
