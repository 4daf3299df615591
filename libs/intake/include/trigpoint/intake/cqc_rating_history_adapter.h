#pragma once

#include <cstdint>
#include <istream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "trigpoint/intake/feed_adapter.h"

namespace trigpoint {

/// What a rating history held.
struct CqcRatingHistoryCounts {
  uint64_t rows = 0;
  uint64_t locations = 0;  ///< ServiceRegistered events.
  uint64_t deregistered = 0;
  uint64_t ratings = 0;              ///< CqcRatingPublished events.
  uint64_t before_registration = 0;  ///< Of these, earned by a predecessor registration.
  uint64_t after_deregistration = 0;
  uint64_t duplicates = 0;  ///< Rows that repeat another.
  uint64_t refused = 0;
};

/// Reads a history of overall ratings, one row for each (reportdate, overall, locationid,
/// location_start_<year>, location_end_<year>), CSV or gzip of it. Start and end of the
/// registration are days since 1960-01-01, as Stata counts; "NA" as the end means that it goes on.
///
/// For each location, where it stands first: ServiceRegistered <id> and, where it ended,
/// RegistrationChanged <id>/registration; then CqcRatingPublished <id>/<date> for each row (source
/// "cqc/rating-history"). occurred_at is the date of each, so that a backfill puts all of them in
/// order. Ratings before the registration were inherited from a predecessor; ratings after its end
/// were published late: both are used. The file does not say what the services are.
///
/// Versions: ratings 1; registrations the days from 1970 to the latest rating of the file.
/// Rules of refused rows: NOT_UTF8, QUOTES_BROKEN, WRONG_COLUMN_COUNT, FORMULA_IN_CELL,
/// ID_NOT_USABLE, DATE_NOT_READ, RATING_NOT_KNOWN, CONFLICTING_ROWS (ratings of one date, none is
/// used; a start or end unlike that of the location's first row).
/// Memory: the whole file. Limit: 2 GiB uncompressed.
class CqcRatingHistoryAdapter : public FeedAdapter {
 public:
  absl::Status Read(std::istream& input, RowSink& sink) override;

  std::vector<std::pair<std::string, uint64_t>> Found() const override;

  /// What the last Read found; complete only when it returned OK.
  const CqcRatingHistoryCounts& counts() const { return counts_; }

 private:
  CqcRatingHistoryCounts counts_;
};

}  // namespace trigpoint
