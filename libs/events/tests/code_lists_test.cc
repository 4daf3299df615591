#include "trigpoint/events/code_lists.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <utility>

#include "trigpoint/events/validate.h"

namespace trigpoint {
namespace {

TEST(CodeLists, HoldEachCodeOnceWithItsMeaning) {
  std::set<std::pair<std::string, std::string>> seen;
  for (const Code& code : AllCodes()) {
    EXPECT_TRUE(seen.emplace(code.list, code.code).second) << code.list << " " << code.code;
    EXPECT_FALSE(code.meaning.empty()) << code.code;
  }
}

// CL-05: 8, 6, 5, 7 and 8 quality statements of the five key questions.
TEST(CodeLists, HaveEveryQualityStatement) {
  std::map<std::string, int> statements;
  for (const Code& code : AllCodes()) {
    if (code.list != "CL-05") continue;
    ++statements[std::string(code.code.substr(0, code.code.find('/')))];
  }
  EXPECT_EQ(statements,
            (std::map<std::string, int>{
                {"safe", 8}, {"effective", 6}, {"caring", 5}, {"responsive", 7}, {"well-led", 8}}));
}

// CL-03; a regulation that is none of those which a notice may name is refused, and not repeated.
TEST(CodeLists, JudgeTheTextsOfPartners) {
  v1::Event event;
  event.set_source("cqc/enforcement");
  event.set_id("N-1");
  event.mutable_subject()->set_scheme("cqc-location");
  event.mutable_subject()->set_value("1-100");
  auto* action = event.mutable_cqc_enforcement_action_recorded();
  action->set_action(v1::ENFORCEMENT_KIND_WARNING_NOTICE);
  action->add_regulations("9A");
  EXPECT_TRUE(Validate(event, {}).empty());
  action->add_regulations("Mrs Example");
  const auto violations = Validate(event, {});
  ASSERT_EQ(violations.size(), 1U);
  EXPECT_EQ(violations[0].field(), "cqc_enforcement_action_recorded.regulations[1]");
  EXPECT_EQ(violations[0].rule(), "CODE_NOT_IN_LIST");
  EXPECT_EQ(violations[0].description(), "must be one of the codes of CL-03");
  // What was stored before its list was judged stays readable.
  EXPECT_TRUE(Validate(event, {.submitter = Submitter::kService}).empty());
}

}  // namespace
}  // namespace trigpoint
