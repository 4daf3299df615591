#pragma once

#include <cstdint>
#include <istream>
#include <string>
#include <utility>
#include <vector>

#include "trigpoint/intake/feed_adapter.h"
#include "trigpoint/intake/feed_mapping.h"

namespace trigpoint {

/// What was found in a file.
struct MappedCounts {
  uint64_t rows = 0;       ///< Below the header, without those that are empty.
  uint64_t empty = 0;      ///< Rows of which no column that is read holds anything.
  uint64_t left_out = 0;   ///< Rows that `only_if` does not want.
  uint64_t used = 0;       ///< Rows that gave events, or repeat a row that did.
  uint64_t events = 0;     ///< Events given.
  uint64_t repeated = 0;   ///< Events that an earlier row gave with the same bytes.
  uint64_t no_events = 0;  ///< Rows of which no event is wanted.
  uint64_t refused = 0;    ///< Rows refused.
};

/// Reads a table as a mapping says (docs/mappings.md). A row gives all of its events or is refused
/// with every problem: CELL_EMPTY, CELL_ERROR, CODE_NOT_KNOWN, NOT_YES_OR_NO, NUMBER_NOT_READ,
/// DATE_NOT_READ, TIME_DOES_NOT_EXIST, ID_NOT_USABLE, FORMULA_IN_CELL, FORMULA_WITHOUT_VALUE,
/// CONFLICTING_ROWS, and what the table itself says of it. The names in `field` are those of the
/// columns. What is kept of a refused row are the columns that the mapping reads.
class MappedAdapter : public FeedAdapter {
 public:
  explicit MappedAdapter(FeedMapping mapping) : mapping_(std::move(mapping)) {}

  absl::Status Read(std::istream& input, RowSink& sink) override;
  std::vector<std::pair<std::string, uint64_t>> Found() const override;

  const MappedCounts& counts() const { return counts_; }
  const FeedMapping& mapping() const { return mapping_; }

 private:
  FeedMapping mapping_;
  MappedCounts counts_;
};

}  // namespace trigpoint
