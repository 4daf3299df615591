#include "trigpoint/events/pii_guard.h"

#include <gtest/gtest.h>

#include <string>

namespace trigpoint {
namespace {

std::string Found(std::string_view text) {
  const auto finding = FindPersonalData(text);
  return finding ? std::string(PiiRuleName(finding->rule)) : "";
}

// domain.md 2.6
TEST(PiiGuard, FindsNhsNumbersInEveryUsualForm) {
  for (const char* text : {"9434765919", "943 476 5919", "943-476-5919",
                           "943\xC2\xA0"
                           "476\xC2\xA0"
                           "5919",
                           "943\xE2\x80\x93"
                           "476\xE2\x80\x93"
                           "5919",
                           "943.476.5919", "(9434765919)", "NHS9434765919", "NHS no:9434765919,",
                           "pt 4010232137 fell", "_6541003238_", "9434765919-1", " 9990000018 "}) {
    EXPECT_EQ(Found(text), "NHS_NUMBER_IN_TEXT") << text;
  }
}

// domain.md 3.10 ruling 10
TEST(PiiGuard, LeavesOtherNumbersAlone) {
  for (const char* text :
       {"9434765918", "0000000000", "2222222222", "94347659190", "19434765919", "01432 260 000",
        "2026-03-01 10:00", "RX9434765919", "9434765919AB", "943 476 591", "943476 5919x",
        "999000001X", "", "1-9434765919", "1-9434765919/2020-01-02"}) {
    EXPECT_EQ(Found(text), "") << text;
  }
}

TEST(PiiGuard, FindsDatesOfBirthThatAreCalledSo) {
  for (const char* text :
       {"DOB 12/03/1941", "d.o.b. 12.3.41", "dob:1941-03-12", "born 1941-03-12",
        "Born on 12/03/1941", "date of birth: 12 March 1941", "Date of Birth is 12th of Mar 1941",
        "(DoB) March 12, 1941", "birth date = 12-03-1941", "was born on the 2nd February 1950",
        "D.O.B 12031941"}) {
    EXPECT_EQ(Found(text), "DATE_OF_BIRTH_IN_TEXT") << text;
  }
}

TEST(PiiGuard, LeavesOtherDatesAlone) {
  for (const char* text :
       {"12/03/1941", "visit on 12 March 2026", "born in 1941", "airborne 12/03/2026",
        "DOB not recorded", "adobe 12/03/2020", "dob", "stubborn 1941-03-12"}) {
    EXPECT_EQ(Found(text), "") << text;
  }
}

TEST(PiiGuard, TellsWhereItBegins) { EXPECT_EQ(FindPersonalData("ref 943 476 5919")->offset, 4U); }

}  // namespace
}  // namespace trigpoint
