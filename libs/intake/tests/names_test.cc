#include "names.h"

#include <gtest/gtest.h>

namespace trigpoint {
namespace {

TEST(NormalName, MakesSpellingsOfSpacesAndApostrophesOne) {
  EXPECT_EQ(NormalName(" Guy\xE2\x80\x99s and  St\tThomas'\xC2\xA0NHS "),
            "GUY'S AND ST THOMAS' NHS");
  EXPECT_EQ(NormalName("North East London \xE2\x80\x93 Trust"), "NORTH EAST LONDON - TRUST");
  EXPECT_EQ(NormalName(" \t"), "");
}

TEST(NamesPerson, GoesByTitlesAndMembershipOfParliament) {
  EXPECT_TRUE(NamesPerson("DR EXAMPLE & PARTNERS"));
  EXPECT_TRUE(NamesPerson("DR. EXAMPLE"));
  EXPECT_TRUE(NamesPerson("EXAMPLE PERSON MP - MINISTRY OF JUSTICE"));
  EXPECT_FALSE(NamesPerson("DRAYTON MEDICAL PRACTICE"));
  EXPECT_FALSE(NamesPerson("HMP LEEDS"));
  EXPECT_FALSE(NamesPerson("LORDSHIP LANE SURGERY"));
  EXPECT_FALSE(NamesPerson(""));
}

}  // namespace
}  // namespace trigpoint
