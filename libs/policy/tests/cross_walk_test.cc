#include "trigpoint/policy/cross_walk.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "trigpoint/policy/pack.h"

namespace trigpoint {
namespace {

using testing::HasSubstr;

v1::PolicyPack Pack(const std::string& entries) {
  constexpr char kPack[] = R"pb(
    id: "p"
    version: 1
    source_document: "S"
    urgent_target: "RAPID"
    authority { states: "LOW" states: "HIGH" }
  )pb";
  v1::PolicyPack pack;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(kPack + entries, &pack)) << entries;
  return pack;
}

// 4.1
TEST(CrossWalk, IsFoundByItsStateAndOnlyThere) {
  const v1::PolicyPack pack = Pack(
      R"pb(cross_walk { state: "HIGH" nqb_state: "INTENSIVE" note: "not it" clause: "c" }
           cross_walk { state: "RAPID" note: "a meeting" clause: "c" })pb");
  ASSERT_TRUE(CompiledPack::Compile(pack).ok());
  EXPECT_EQ(CrossWalkOf(pack, "HIGH")->nqb_state(), "INTENSIVE");
  EXPECT_EQ(CrossWalkOf(pack, "RAPID")->nqb_state(), "") << "the urgent target has no place on it";
  EXPECT_EQ(CrossWalkOf(pack, "LOW"), nullptr);
}

// 4.1 (i)-(iv): what it is not is said in words.
TEST(CrossWalk, IsRefusedWithStateAndWhatIsWrong) {
  const struct {
    const char* entries;
    const char* says;
  } kWrong[] = {
      {R"pb(cross_walk { state: "MIDDLE" note: "n" clause: "c" })pb", "MIDDLE is no state"},
      {R"pb(cross_walk { note: "n" clause: "c" })pb", "is no state"},
      {R"pb(cross_walk { state: "HIGH" nqb_state: "LEVEL_3" note: "n" clause: "c" })pb",
       "nqb_state LEVEL_3"},
      {R"pb(cross_walk { state: "HIGH" clause: "c" })pb", "HIGH has no note"},
      {R"pb(cross_walk { state: "HIGH" note: "n" })pb", "HIGH has no clause"},
      {R"pb(cross_walk { state: "HIGH" note: "n" clause: "c" }
            cross_walk { state: "HIGH" note: "m" clause: "c" })pb",
       "HIGH is there twice"},
  };
  for (const auto& wrong : kWrong) {
    const auto compiled = CompiledPack::Compile(Pack(wrong.entries));
    ASSERT_EQ(compiled.status().code(), absl::StatusCode::kInvalidArgument) << wrong.entries;
    EXPECT_THAT(std::string(compiled.status().message()), HasSubstr(wrong.says));
    EXPECT_THAT(std::string(compiled.status().message()), HasSubstr("policy p"));
  }
}

}  // namespace
}  // namespace trigpoint
