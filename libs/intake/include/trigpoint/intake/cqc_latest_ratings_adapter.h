#pragma once

#include <cstdint>
#include <istream>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "trigpoint/base/time.h"
#include "trigpoint/intake/date_order.h"
#include "trigpoint/intake/feed_adapter.h"

namespace trigpoint {

/// How a CQC ratings file is read.
struct CqcLatestRatingsOptions {
  /// Only for a file whose dates do not tell by themselves; one that contradicts the file is an
  /// error.
  std::optional<DateOrder> date_order;
  /// The day of the file's edition; nothing: its latest publication date.
  std::optional<CivilDate> edition;
};

/// What a CQC ratings file held.
struct CqcLatestRatingsCounts {
  uint64_t rows = 0;       ///< Below the header.
  uint64_t locations = 0;  ///< Distinct location ids; each gives one ServiceRegistered.
  uint64_t ratings = 0;    ///< CqcRatingPublished events.
  uint64_t inherited = 0;  ///< Of these, earned by a predecessor registration.
  uint64_t not_the_location_rating = 0;  ///< Rows of a service or population group: not used.
  uint64_t service_group_conflicts =
      0;                      ///< Of these, rows at odds with another one of their group.
  uint64_t not_a_rating = 0;  ///< Used rows such as "Insufficient evidence to rate".
  uint64_t duplicates = 0;    ///< Rows that repeat another row's rating of the location.
  uint64_t conflicts = 0;     ///< Rows refused as CONFLICTING_ROWS.
  uint64_t refused = 0;       ///< All refused rows.
  uint64_t locations_without_overall = 0;  ///< Locations for which no overall rating was found.
  uint64_t unknown_categories = 0;  ///< Locations whose inspection category is not known here.
};

/// Reads CQC's "care directory with ratings" (latest ratings, locations), CSV or gzip of it.
///
/// Columns are found by their exact names in the first line; a missing one is an error that names
/// it and the nearest name found. The order of day and month is decided once for the file: by any
/// date with a number over 12 (ISO dates tell by themselves); dates that contradict each other, or
/// none that tells, are an error. A file that ends in the middle of a row is an error and gives
/// nothing.
///
/// For each location, in the order of the file: one ServiceRegistered (source "cqc/directory", id =
/// location id, source_version = days from 1970 to the edition, so that a later edition corrects an
/// earlier one), then one CqcRatingPublished for each publication date, oldest first (source
/// "cqc/latest-ratings", id = "<location id>/<date>", version 1), with the overall rating and the
/// key questions the file has for that date. Refused rows follow, by line.
///  - Only rows of the group "Overall" rate the location; others are counted.
///  - "Insufficient evidence to rate", "Inspected but not rated", "No published rating", "Not
///  rated"
///    and "Under review" are values of their own and never replace a rating of the same date.
///  - Rows that rate the same location, domain and date differently are all refused
///    (CONFLICTING_ROWS, which names the other line).
///  - Location ids are opaque: "RX601" stands beside "1-545611283". Provider names, which may be
///    persons, are not carried: the organisation is the provider id, the brand the brand id.
///  - The file does not tell nursing homes from others: a care home is CARE_HOME_RESIDENTIAL.
///
/// Rules of refused rows: NOT_UTF8, QUOTES_BROKEN, WRONG_COLUMN_COUNT, ID_NOT_USABLE,
/// FORMULA_IN_CELL, DATE_NOT_READ, RATING_NOT_KNOWN, DOMAIN_NOT_KNOWN, INHERITED_NOT_KNOWN,
/// CONFLICTING_ROWS.
/// Memory: the whole file. Limit: 2 GiB uncompressed.
class CqcLatestRatingsAdapter : public FeedAdapter {
 public:
  explicit CqcLatestRatingsAdapter(CqcLatestRatingsOptions options = {}) : options_(options) {}

  absl::Status Read(std::istream& input, RowSink& sink) override;

  std::vector<std::pair<std::string, uint64_t>> Found() const override;

  /// What the last Read found; complete only when it returned OK.
  const CqcLatestRatingsCounts& counts() const { return counts_; }

 private:
  CqcLatestRatingsOptions options_;
  CqcLatestRatingsCounts counts_;
};

}  // namespace trigpoint
