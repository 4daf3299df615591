#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "services/common/page.h"

namespace trigpoint {

/// Sizes of a page when none is asked for, and at most.
inline constexpr int kPageDefault = 50;
inline constexpr int kPageMax = 1000;

/// One page of a list that is sorted by a text key without repetition.
struct Page {
  size_t from = 0;
  size_t to = 0;
  std::string next_token;  ///< Empty on the last page.
};

/// A number as text that sorts like the number; larger first when `descending`.
std::string SortableNumber(int64_t value, bool descending);

/// The page of `rows` (sorted, `key(row)` gives the key) that a request asks for. A row that came
/// or went between two pages moves no other row over their border. Errors: a FieldError for a
/// negative size or a token of another list.
template <typename Row, typename Key>
absl::StatusOr<Page> PageOf(const std::vector<Row>& rows, Key key, std::string_view secret,
                            std::string_view scope, int page_size, const std::string& page_token) {
  const absl::StatusOr<int> size = PageSize(page_size, kPageDefault, kPageMax);
  if (!size.ok()) return size.status();
  const absl::StatusOr<std::string> after = ReadPageToken(secret, scope, page_token);
  if (!after.ok()) return after.status();
  Page page;
  if (!page_token.empty()) {
    page.from = static_cast<size_t>(
        std::partition_point(rows.begin(), rows.end(),
                             [&](const Row& row) { return key(row) <= *after; }) -
        rows.begin());
  }
  page.to = std::min(rows.size(), page.from + static_cast<size_t>(*size));
  if (page.to < rows.size() && page.to > page.from) {
    page.next_token = MakePageToken(secret, scope, key(rows[page.to - 1]));
  }
  return page;
}

}  // namespace trigpoint
