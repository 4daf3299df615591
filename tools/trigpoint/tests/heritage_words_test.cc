#include "heritage_words.h"

#include <gtest/gtest.h>

namespace trigpoint {
namespace {

v1::Provider Sold() {
  v1::Provider provider;
  provider.set_inheritance_open(true);
  auto* link = provider.add_links();
  link->mutable_other()->set_scheme("cqc-location");
  link->mutable_other()->set_value("1-1");
  link->set_other_provider("providers/prv-1");
  link->set_other_name("Rose\x1b[31m House");
  link->set_link(v1::ServiceLinked::LINK_PREDECESSOR);
  link->set_reason(v1::ServiceLinked::REASON_CHANGE_OF_OWNERSHIP);
  link->mutable_effective_on()->set_year(2026);
  link->mutable_effective_on()->set_month(1);
  link->mutable_effective_on()->set_day(5);
  link->set_standing(v1::INHERITANCE_STANDING_TO_BE_CONFIRMED);
  auto* level = provider.add_levels();
  level->set_policy_id("nqb");
  level->set_decided_state("ENHANCED");
  level->set_inherited_from("prv-1");
  level->set_to_be_confirmed(true);
  provider.add_levels()->set_policy_id("herefordshire");
  return provider;
}

TEST(HeritageWords, SaysWhomAServiceFollowsAndNothingThatSteersTheTerminal) {
  EXPECT_EQ(LinkInWords(Sold().links(0)),
            "follows Rose [31m House (cqc-location/1-1) since 2026-01-05: Change of ownership; "
            "inherited, to be confirmed by a person");
  v1::ProviderLink bare;
  bare.set_link(v1::ServiceLinked::LINK_SUCCESSOR);
  bare.set_other_provider("providers/prv-2");
  EXPECT_EQ(LinkInWords(bare), "was followed by providers/prv-2: reason not stated");
}

TEST(HeritageWords, SaysWhoseALevelIsAndHowAPersonDecides) {
  const v1::Provider provider = Sold();
  EXPECT_EQ(InheritedInWords(provider, provider.levels(0)),
            "inherited from Rose [31m House (cqc-location/1-1), to be confirmed");
  EXPECT_EQ(InheritedInWords(provider, provider.levels(1)), "");
  const std::string full = InheritedInFull(provider, "nqb", "1-2");
  EXPECT_NE(full.find("The decided level is inherited from"), std::string::npos) << full;
  EXPECT_NE(full.find("trigpoint inherit 1-2 --accept"), std::string::npos) << full;
  EXPECT_EQ(InheritedInFull(v1::Provider(), "nqb", "1-2"), "");
}

TEST(HeritageWords, SaysWhereAPersonDecidesAboutWhatCameFromFurtherBack) {
  v1::Provider moved = Sold();
  moved.mutable_links(0)->set_reason(v1::ServiceLinked::REASON_LOCATION_MOVE);
  moved.mutable_links(0)->set_standing(v1::INHERITANCE_STANDING_CONTINUES);
  auto* open = moved.mutable_links(0)->add_open();
  open->set_provider("providers/prv-1");
  open->mutable_id()->set_scheme("cqc-location");
  open->mutable_id()->set_value("1-1");
  open->set_name("Rose House");
  open->set_standing(v1::INHERITANCE_STANDING_TO_BE_CONFIRMED);
  const std::string line = LinkInWords(moved.links(0));
  EXPECT_NE(line.find("everything continues; what Rose House (cqc-location/1-1) inherits: "
                      "inherited, to be confirmed by a person"),
            std::string::npos)
      << line;
  const std::string full = InheritedInFull(moved, "nqb", "1-2");
  EXPECT_NE(full.find("trigpoint inherit cqc-location/1-1 --accept"), std::string::npos) << full;
  EXPECT_EQ(full.find("trigpoint inherit 1-2"), std::string::npos) << full;
}

}  // namespace
}  // namespace trigpoint
