#include "trigpoint/telemetry/logging.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "log_line.h"

namespace trigpoint {
namespace {

// There is no way to log free text.
static_assert(!std::is_constructible_v<LogValue, const char*>);
static_assert(!std::is_constructible_v<LogValue, std::string>);
static_assert(!std::is_constructible_v<LogValue, std::string_view>);
static_assert(!std::is_constructible_v<LogValue, char>);
static_assert(!std::is_constructible_v<LogValue, void*>);
static_assert(!std::is_constructible_v<LogName, const char*>);
static_assert(!std::is_constructible_v<LogName, std::string>);

std::string Json(std::initializer_list<LogField> fields) {
  return LogLine(LogFormat::kJson, 0, LogLevel::kInfo, "tested", fields);
}

std::string Value(LogValue value) {
  const std::string line = Json({{"v", value}});
  constexpr std::string_view kBegin =
      R"({"ts":"1970-01-01T00:00:00Z","level":"info","event":"tested","v":)";
  EXPECT_TRUE(line.starts_with(kBegin) && line.ends_with('}')) << line;
  return line.substr(kBegin.size(), line.size() - kBegin.size() - 1);
}

TEST(LogLine, IsAJsonObjectOfTimeLevelEventAndFields) {
  EXPECT_EQ(Json({{"stream", LogId{"p-1"}}, {"revision", 7}, {"share", 0.5}, {"new", true}}),
            R"({"ts":"1970-01-01T00:00:00Z","level":"info","event":"tested",)"
            R"("stream":"p-1","revision":7,"share":0.5,"new":true})");
  EXPECT_EQ(LogLine(LogFormat::kText, 0, LogLevel::kError, "tested", {{"stream", LogId{"p-1"}}}),
            "1970-01-01T00:00:00Z error tested stream=p-1");
}

TEST(LogLine, KeepsIntegersWhole) {
  EXPECT_EQ(Value(std::numeric_limits<int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(Value(std::numeric_limits<uint64_t>::max()), "9223372036854775807");
  EXPECT_EQ(Value(uint8_t{7}), "7");
}

TEST(LogLine, StaysJsonForNumbersThatJsonLacks) {
  EXPECT_EQ(Value(std::numeric_limits<double>::quiet_NaN()), "\"nan\"");
  EXPECT_EQ(Value(-std::numeric_limits<double>::infinity()), "\"-inf\"");
}

TEST(LogLine, LetsNobodyForgeALineOrAField) {
  EXPECT_EQ(Value(LogId{"a\",\"level\":\"error\n{"}), R"("a???level?:?error??")");
  EXPECT_EQ(Value(LogId{"a\\"}), R"("a?")");
  const std::string text = LogLine(LogFormat::kText, 0, LogLevel::kInfo, "tested",
                                   {{"v", LogId{"a other=b\r\n2026 error forged"}}});
  EXPECT_EQ(text, "1970-01-01T00:00:00Z info tested v=a?other?b??2026?error?forged");
}

TEST(LogLine, RemovesEveryNhsNumber) {
  EXPECT_EQ(Value(LogId{"patient-9434765919"}), "\"[removed]\"");
  EXPECT_EQ(Value(LogId{"943 476 5919"}), "\"[removed]\"");
  EXPECT_EQ(Value(int64_t{9434765919}), "\"[removed]\"");
  EXPECT_EQ(Value(int64_t{-9434765919}), "\"[removed]\"");
  EXPECT_EQ(Value(9434765919.0), "\"[removed]\"");
  EXPECT_EQ(Value(int64_t{9434765918}), "9434765918");
}

TEST(Log, WritesWholeLinesFromTheLevelOn) {
  InitLogging(LogLevel::kWarning, LogFormat::kJson, LogStream::kStderr);
  EXPECT_FALSE(LogEnabled(LogLevel::kInfo));
  EXPECT_TRUE(LogEnabled(LogLevel::kError));
  testing::internal::CaptureStderr();
  Log(LogLevel::kInfo, "left_out");
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([t] {
        for (int i = 0; i < 50; ++i) {
          Log(LogLevel::kError, "written", {{"thread", t}, {"what", LogId{"{}%v{0}"}}});
        }
      });
    }
  }
  const std::string out = testing::internal::GetCapturedStderr();
  InitLogging(LogLevel::kInfo, LogFormat::kJson);
  EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 200);
  EXPECT_THAT(out, testing::Not(testing::HasSubstr("left_out")));
  for (size_t at = 0; at < out.size();) {
    const size_t end = out.find('\n', at);
    ASSERT_NE(end, std::string::npos);
    const std::string line = out.substr(at, end - at);
    EXPECT_TRUE(line.starts_with("{\"ts\":\"") && line.ends_with("\"what\":\"???v?0?\"}")) << line;
    at = end + 1;
  }
}

TEST(Log, GoesToStdoutWhereAsked) {
  InitLogging(LogLevel::kInfo, LogFormat::kText, LogStream::kStdout);
  testing::internal::CaptureStdout();
  Log(LogLevel::kInfo, "started", {{"port", 50051}});
  const std::string out = testing::internal::GetCapturedStdout();
  InitLogging(LogLevel::kInfo, LogFormat::kJson);
  EXPECT_TRUE(out.ends_with(" info started port=50051\n")) << out;
}

}  // namespace
}  // namespace trigpoint
