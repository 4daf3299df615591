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

/// What a file of written complaints held.
struct NhsWrittenComplaintsCounts {
  uint64_t rows = 0;
  uint64_t organisations = 0;  ///< Organisations, sites or areas with figures.
  uint64_t figures = 0;        ///< IndicatorObserved events.
  uint64_t suppressed = 0;     ///< Figures without a value.
  uint64_t parts = 0;          ///< Rows summed up into the figures of an earlier one.
  uint64_t duplicates = 0;     ///< Rows that repeat another.
  uint64_t refused = 0;
};

/// Reads the annual returns of written complaints that NHS England publishes, CSV or gzip of it,
/// UTF-8 or Windows-1252. Which of the four files it is follows from the names of its columns:
///  - KO41a by organisation: subject "ods" and the organisation's code, indicators "ko41a/new" and
///    so on, and "ko41a/subject/<area>" for the twenty subject areas;
///  - KO41a by site: the site's code, "ko41a-site/new"; a site with several names is summed up;
///  - KO41b by practice: the practice's code, "ko41b-gp/new", "ko41b-dental/new", "ko41b-icb/new";
///    several contracts of a dental practice are summed up;
///  - KO41b by sub-ICB: the code of the sub-ICB, of the ICB where there is none; the same names.
///
/// IndicatorObserved <year>/<family>/<code>/<measure> (of a site <organisation>/<site>; source
/// "nhs-england/written-complaints") for brought-forward, new, resolved, upheld, partially-upheld,
/// not-upheld and carried-forward. Ages, status of the complainant, service areas and professions
/// are not read. The period is the financial year. A blank or suppressed cell is a figure without
/// a value, and so is a sum of which a part has none.
///
/// Versions: the days from 1970 to the edition where it is given, else 1.
/// Rules of refused rows: NOT_UTF8, QUOTES_BROKEN, WRONG_COLUMN_COUNT, FORMULA_IN_CELL,
/// YEAR_NOT_READ, ID_NOT_USABLE, RETURN_NOT_KNOWN, NUMBER_NOT_READ, CONFLICTING_ROWS,
/// ANOTHER_PART_REFUSED (of a sum none of whose rows is used). A row that cannot be cut into cells
/// is missing in the sum that it belongs to.
/// Memory: the whole file. Limit: 2 GiB uncompressed.
class NhsWrittenComplaintsAdapter : public FeedAdapter {
 public:
  explicit NhsWrittenComplaintsAdapter(std::optional<CivilDate> edition) : edition_(edition) {}

  absl::Status Read(std::istream& input, RowSink& sink) override;

  std::vector<std::pair<std::string, uint64_t>> Found() const override;

  /// What the last Read found; complete only when it returned OK.
  const NhsWrittenComplaintsCounts& counts() const { return counts_; }

 private:
  std::optional<CivilDate> edition_;
  NhsWrittenComplaintsCounts counts_;
};

}  // namespace trigpoint
