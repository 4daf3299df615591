#pragma once

#include <cstdint>
#include <istream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "trigpoint/base/time.h"
#include "trigpoint/intake/date_order.h"
#include "trigpoint/intake/feed_adapter.h"

namespace trigpoint {

/// How a CQC directory is read.
struct CqcDirectoryOptions {
  /// Only for a file whose dates do not tell by themselves.
  std::optional<DateOrder> date_order;
  /// The day of the file's edition; nothing: the day it says it was produced on, else the latest
  /// date in it.
  std::optional<CivilDate> edition;
};

/// What a directory held.
struct CqcDirectoryCounts {
  std::string edition;  ///< Name of the edition whose columns the file has.
  uint64_t rows = 0;
  uint64_t locations = 0;  ///< ServiceRegistered events.
  uint64_t with_beds = 0;
  uint64_t care_homes_without_beds = 0;  ///< "0", or no number.
  uint64_t nursing_and_residential = 0;  ///< Taken as nursing homes.
  uint64_t deregistered = 0;
  uint64_t dormant = 0;
  uint64_t ratings = 0;
  uint64_t inherited = 0;
  uint64_t unknown_service_types = 0;
  uint64_t repeated = 0;           ///< Rows that repeat another.
  uint64_t columns_not_known = 0;  ///< Of an edition that is not known completely.
  uint64_t refused = 0;            ///< Rows refused, or in which something was.
};

/// Reads CQC's directories of locations, CSV or gzip of it, in the editions that are known
/// (cqc_directory_editions.cc): "care directory with filters", "deactivated locations" and the
/// directory on the web, with lines before the names of the columns, or without such names.
///
/// Columns are found by the spellings of the edition; a name that it does not have is an error that
/// says which and what was expected, and so is a column that is read and not there.
///
/// For each row (source "cqc/care-directory"; <id> is the location id and the family of the
/// edition, "1-545611283/filters"; source_version the days from 1970 to the edition, so that a
/// later edition corrects an earlier one of its family):
///  - ServiceRegistered <id>: occurred_at is the registration, where the file has it.
///  - RegistrationChanged <id>/registration: registered, dormant or deregistered, where the file
///    has a date or says so.
///  - CqcRatingPublished <id>/rating/<date>, where the file has one.
/// A location that is not in the file is not closed: the file may be cut. Names of persons and
/// providers are not read. A cell that cannot be read is refused and the row used without it.
/// Rules: NOT_UTF8, QUOTES_BROKEN, WRONG_COLUMN_COUNT, FORMULA_IN_CELL, ID_NOT_USABLE,
/// REPEATED_LOCATION (the row is not used), BEDS_NOT_READ, FLAG_NOT_KNOWN, DATE_NOT_READ,
/// RATING_NOT_KNOWN, REPORT_DATE_MISSING. The original that is kept has the columns that are read.
/// Memory: the whole file. Limit: 2 GiB uncompressed.
class CqcDirectoryAdapter : public FeedAdapter {
 public:
  explicit CqcDirectoryAdapter(CqcDirectoryOptions options = {}) : options_(options) {}

  absl::Status Read(std::istream& input, RowSink& sink) override;

  std::vector<std::pair<std::string, uint64_t>> Found() const override;

  /// What the last Read found; complete only when it returned OK.
  const CqcDirectoryCounts& counts() const { return counts_; }

 private:
  CqcDirectoryOptions options_;
  CqcDirectoryCounts counts_;
};

}  // namespace trigpoint
