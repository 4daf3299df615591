#include "trigpoint/intake/json_lines_adapter.h"

#include <gtest/gtest.h>

#include <sstream>

#include "recording_sink.h"

namespace trigpoint {
namespace {

TEST(JsonLinesAdapter, RefusesALineByItselfAndReadsOn) {
  std::istringstream input("\xEF\xBB\xBF{\"id\":\"1\"}\r\n\n{\"id\":\n{\"id\":\"\xE9\"}\n" +
                           std::string(2 << 20, 'x') + "\n{\"id\":\"2\"}");
  RecordingSink sink;
  JsonLinesAdapter adapter;
  ASSERT_TRUE(adapter.Read(input, sink).ok());
  ASSERT_EQ(sink.events.size(), 2U);
  EXPECT_EQ(sink.events[1].id(), "2");
  EXPECT_EQ(sink.lines, (std::vector<uint64_t>{1, 6}));
  ASSERT_EQ(sink.refused.size(), 3U);
  EXPECT_EQ(sink.refused[0].violations[0].rule(), "JSON_SYNTAX");
  EXPECT_EQ(sink.refused[1].violations[0].rule(), "NOT_UTF8");
  EXPECT_EQ(sink.refused[2].violations[0].rule(), "MESSAGE_TOO_LARGE");
  EXPECT_EQ(sink.refused[2].line, 5U);
  EXPECT_EQ(adapter.rows(), 5U);
}

}  // namespace
}  // namespace trigpoint
