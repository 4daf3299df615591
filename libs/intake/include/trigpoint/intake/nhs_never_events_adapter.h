#pragma once

#include <cstdint>
#include <istream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "trigpoint/base/time.h"
#include "trigpoint/intake/feed_adapter.h"

namespace trigpoint {

/// What a table of never events held.
struct NhsNeverEventsCounts {
  uint64_t rows = 0;
  uint64_t figures = 0;      ///< IndicatorObserved events.
  uint64_t names = 0;        ///< Different names of organisations.
  uint64_t provisional = 0;  ///< Figures that are not final yet.
  uint64_t suppressed = 0;   ///< Figures without a value.
  uint64_t duplicates = 0;   ///< Rows that repeat another.
  uint64_t refused = 0;
};

/// Reads the published numbers of never events by trust and year (year, organisation_name,
/// never_events, status), CSV or gzip of it.
///
/// For each row IndicatorObserved <year>/<name> (source "nhs-england/never-events"): indicator
/// "never-events/total", the financial year as its period. The file has no codes: the subject has
/// the scheme "nhs-trust-name" and the name in upper case with single spaces as its value. It waits
/// until a directory of trusts brings that name; a spelling of its own waits for ever.
///
/// Versions: the days from 1970 to the edition where it is given, else 1 for provisional and 2 for
/// final figures, so that the final figure corrects the provisional one.
/// Rules of refused rows: NOT_UTF8, QUOTES_BROKEN, WRONG_COLUMN_COUNT, FORMULA_IN_CELL,
/// YEAR_NOT_READ, NAME_MISSING, NAME_TOO_LONG, NUMBER_NOT_READ, STATUS_NOT_KNOWN,
/// CONFLICTING_ROWS (figures of one name and year, none is used).
/// Memory: the whole file. Limit: 2 GiB uncompressed.
class NhsNeverEventsAdapter : public FeedAdapter {
 public:
  explicit NhsNeverEventsAdapter(std::optional<CivilDate> edition) : edition_(edition) {}

  absl::Status Read(std::istream& input, RowSink& sink) override;

  std::vector<std::pair<std::string, uint64_t>> Found() const override;

  /// What the last Read found; complete only when it returned OK.
  const NhsNeverEventsCounts& counts() const { return counts_; }

 private:
  std::optional<CivilDate> edition_;
  NhsNeverEventsCounts counts_;
};

}  // namespace trigpoint
