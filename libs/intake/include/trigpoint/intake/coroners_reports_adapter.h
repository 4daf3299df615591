#pragma once

#include <cstdint>
#include <istream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "trigpoint/intake/feed_adapter.h"

namespace trigpoint {

/// What a table of coroners' reports held.
struct CoronersReportsCounts {
  uint64_t rows = 0;
  uint64_t notices = 0;              ///< StatutoryNoticeReceived events.
  uint64_t names = 0;                ///< Different names of recipients.
  uint64_t without_recipients = 0;   ///< Reports that name no organisation.
  uint64_t repeated_recipients = 0;  ///< Recipients that a report names twice.
  uint64_t persons = 0;              ///< Recipients named as a person, left out.
  uint64_t refused = 0;
};

/// Reads reports of coroners for the prevention of future deaths (regulation 28 of the Coroners
/// (Investigations) Regulations 2013), one row for each: date_of_report as DD/MM/YYYY,
/// coroner_area, sent_to with "|" between recipients and, where the file has it, ref. CSV or gzip
/// of it. No other column is read: neither the names of the deceased and of the coroner nor what
/// the report says.
///
/// For each recipient StatutoryNoticeReceived (source "judiciary/coroners-reports"), issued by the
/// coroner's area, the answer due 56 days after the report (regulation 29(4)). The subject has the
/// scheme "organisation-name" and the name in upper case with single spaces as its value; names are
/// as coroners wrote them, misspelt ones included, and wait until a directory brings them. A
/// recipient that begins with a person's title, or is a member of parliament, is left out.
///
/// Ids: <ref>/<recipient>; without a reference <date>/<area>/<recipient>, and "/2" for the second
/// report of an area to that recipient on a day: places of rows change with each edition of the
/// list. Versions: 1.
/// Rules of refused rows: NOT_UTF8, QUOTES_BROKEN, WRONG_COLUMN_COUNT, FORMULA_IN_CELL,
/// DATE_MISSING, DATE_NOT_READ, NAME_TOO_LONG, ID_NOT_USABLE (the reference).
/// Memory: the whole file. Limit: 2 GiB uncompressed.
class CoronersReportsAdapter : public FeedAdapter {
 public:
  absl::Status Read(std::istream& input, RowSink& sink) override;

  std::vector<std::pair<std::string, uint64_t>> Found() const override;

  /// What the last Read found; complete only when it returned OK.
  const CoronersReportsCounts& counts() const { return counts_; }

 private:
  CoronersReportsCounts counts_;
};

}  // namespace trigpoint
