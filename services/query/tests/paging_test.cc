#include "services/query/paging.h"

#include <gmock/gmock.h>

namespace trigpoint {
namespace {

constexpr char kSecret[] = "a secret of this process";

std::vector<std::string> Rows(int count) {
  std::vector<std::string> rows;
  for (int i = 0; i < count; ++i) rows.push_back(SortableNumber(i, false));
  return rows;
}

const std::string& Same(const std::string& row) { return row; }

absl::StatusOr<Page> Get(const std::vector<std::string>& rows, int size, const std::string& token,
                         const std::string& scope = "List\nall") {
  return PageOf(rows, Same, kSecret, scope, size, token);
}

TEST(Paging, ShowsEveryRowOnceAndEndsWithAnEmptyToken) {
  const auto rows = Rows(125);
  std::string token;
  std::vector<std::string> seen;
  int pages = 0;
  do {
    const auto page = Get(rows, 0, token);
    ASSERT_TRUE(page.ok()) << page.status();
    for (size_t i = page->from; i < page->to; ++i) seen.push_back(rows[i]);
    token = page->next_token;
    ++pages;
  } while (!token.empty());
  EXPECT_EQ(seen, rows);
  EXPECT_EQ(pages, 3);
}

TEST(Paging, GoesOnAfterTheLastRowThoughRowsCameAndWent) {
  auto rows = Rows(10);
  const auto first = Get(rows, 5, "");
  ASSERT_TRUE(first.ok());
  rows.erase(rows.begin(), rows.begin() + 3);
  rows.insert(rows.begin(), "!");  // Sorts first.
  const auto second = Get(rows, 5, first->next_token);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(rows[second->from], SortableNumber(5, false));
  EXPECT_EQ(second->next_token, "");
}

TEST(Paging, RefusesATokenOfAnotherListAndANegativeSize) {
  const auto rows = Rows(10);
  const auto first = Get(rows, 5, "");
  ASSERT_TRUE(first.ok());
  EXPECT_TRUE(absl::IsInvalidArgument(Get(rows, 5, first->next_token, "List\nopen").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Get(rows, 5, "rubbish").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Get(rows, -1, "").status()));
  EXPECT_TRUE(Get(rows, 100'000, "").ok());
}

TEST(Paging, HasNoPageOfAnEmptyList) {
  const auto page = Get({}, 5, "");
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->from, page->to);
  EXPECT_EQ(page->next_token, "");
}

TEST(SortableNumber, SortsAsTheNumberDoes) {
  const std::vector<int64_t> numbers = {INT64_MIN, -5, -1, 0, 1, 9, 10, 1'700'000'000'000'000,
                                        INT64_MAX};
  for (size_t i = 1; i < numbers.size(); ++i) {
    EXPECT_LT(SortableNumber(numbers[i - 1], false), SortableNumber(numbers[i], false));
    EXPECT_GT(SortableNumber(numbers[i - 1], true), SortableNumber(numbers[i], true));
  }
}

}  // namespace
}  // namespace trigpoint
