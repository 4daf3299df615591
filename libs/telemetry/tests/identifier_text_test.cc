#include "identifier_text.h"

#include <gmock/gmock.h>

#include <string>

namespace trigpoint {
namespace {

TEST(HoldsNhsNumber, FindsItTogetherAndInGroups) {
  for (const std::string_view text :
       {"9434765919", "943 476 5919", "943-476-5919", "nhs:9434765919", "x9434765919y",
        "a/943.476.5919/b", "9 4 3 4 7 6 5 9 1 9",
        "943\xc2\xa0"
        "476\xc2\xa0"
        "5919",
        "1-9434765919", "12 943 476 5919", "943\n476\n5919", "1-943-476-5919",
        "12345 9434765919"}) {
    EXPECT_TRUE(HoldsNhsNumber(text)) << text;
  }
}

TEST(HoldsNhsNumber, LeavesOtherNumbersAlone) {
  for (const std::string_view text : {"", "9434765918", "2222222222", "94347659190", "0x943476591",
                                      "943x476x5919", "2026-03-01T10:00:00Z", "127.0.0.1:9464",
                                      "550e8400-e29b-41d4-a716-446655440000", "943     4765919"}) {
    EXPECT_FALSE(HoldsNhsNumber(text)) << text;
  }
}

TEST(HoldsNhsNumber, SparesTheShapeOfACqcLocation) {
  // 1000000109 and 1000000206 are valid numbers; so is every eleventh location id.
  int valid = 0;
  for (int i = 100000000; i < 100000110; ++i) {
    EXPECT_FALSE(HoldsNhsNumber("cqc-location/1-" + std::to_string(i)));
    valid += HoldsNhsNumber("1" + std::to_string(i)) ? 1 : 0;
  }
  EXPECT_GT(valid, 0);
}

TEST(IdentifierText, ReplacesWhatIsNotOfAnIdentifier) {
  EXPECT_EQ(IdentifierText("hfd/safeguarding:A-1_b.c@d+e"), "hfd/safeguarding:A-1_b.c@d+e");
  EXPECT_EQ(IdentifierText("a\nb\r\"c\\d{e} \x1b[1m"), "a?b??c?d?e????1m");
  EXPECT_EQ(IdentifierText("\xc3\xa9"), "??");
  EXPECT_EQ(IdentifierText(std::string_view("a\0b", 3)), "a?b");
}

TEST(IdentifierText, CutsAndLooksAgainBehindTheCut) {
  EXPECT_EQ(IdentifierText(std::string(300, 'a')), std::string(200, 'a'));
  // Eleven digits are no NHS number, but the cut would leave ten of them.
  EXPECT_EQ(IdentifierText(std::string(190, 'a') + "94347659190"), kRemoved);
  // Beyond the cut it is not shown, and removed all the same.
  EXPECT_EQ(IdentifierText(std::string(250, 'a') + "9434765919"), kRemoved);
}

}  // namespace
}  // namespace trigpoint
