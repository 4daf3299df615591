#include "services/common/page.h"

#include <gmock/gmock.h>

#include "absl/strings/escaping.h"
#include "services/common/field_error.h"

namespace trigpoint {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kSecret[] = "the secret of this node";
constexpr char kList[] = "ListProviders\nname";

TEST(PageToken, ShowsNothingOfTheRowItStandsAt) {
  const std::string token = MakePageToken(kSecret, kList, "rose court");
  std::string bytes;
  ASSERT_TRUE(absl::WebSafeBase64Unescape(token, &bytes));
  EXPECT_THAT(bytes, Not(HasSubstr("rose")));
  EXPECT_EQ(ReadPageToken(kSecret, kList, token).value(), "rose court");
}

TEST(PageToken, IsTheSameForTheSamePlaceAndAnotherForAnother) {
  EXPECT_EQ(MakePageToken(kSecret, kList, "a"), MakePageToken(kSecret, kList, "a"));
  EXPECT_NE(MakePageToken(kSecret, kList, "a"), MakePageToken(kSecret, kList, "b"));
  EXPECT_NE(MakePageToken(kSecret, "1", "2a"), MakePageToken(kSecret, "12", "a"));
}

TEST(PageToken, TakesAnEmptyKeyAndAnEmptyToken) {
  EXPECT_EQ(ReadPageToken(kSecret, kList, MakePageToken(kSecret, kList, "")).value(), "");
  EXPECT_EQ(ReadPageToken(kSecret, kList, "").value(), "");
}

TEST(PageToken, IsOfOneListAndOneSecretAndUnchanged) {
  const std::string token = MakePageToken(kSecret, kList, "rose court");
  std::string changed = token;
  changed[changed.size() / 2] = changed[changed.size() / 2] == 'A' ? 'B' : 'A';
  for (const auto& refused :
       {ReadPageToken(kSecret, "ListProviders\nlevel", token),
        ReadPageToken("another", kList, token), ReadPageToken(kSecret, kList, changed),
        ReadPageToken(kSecret, kList, "bm9ib2R5"), ReadPageToken(kSecret, kList, "?")}) {
    const auto violation = FieldErrorOf(refused.status());
    ASSERT_TRUE(violation.has_value()) << refused.status();
    EXPECT_EQ(violation->field(), "page_token");
    EXPECT_EQ(violation->rule(), "PAGE_TOKEN_INVALID");
  }
}

TEST(PageSize, RefusesANegativeOneByTheNameOfItsField) {
  const auto violation = FieldErrorOf(PageSize(-1, 50, 1000).status());
  ASSERT_TRUE(violation.has_value());
  EXPECT_EQ(violation->field(), "page_size");
  EXPECT_EQ(PageSize(0, 50, 1000).value(), 50);
  EXPECT_EQ(PageSize(100'000, 50, 1000).value(), 1000);
}

}  // namespace
}  // namespace trigpoint
