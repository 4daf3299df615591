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

/// What a table of organisations held.
struct OdsOrganisationsCounts {
  uint64_t rows = 0;
  uint64_t organisations = 0;      ///< ServiceRegistered <code> events.
  uint64_t closed = 0;             ///< Of these.
  uint64_t dormant = 0;            ///< Of these.
  uint64_t proposed = 0;           ///< Of these, not open yet.
  uint64_t closing_later = 0;      ///< Of these, with an end after the edition.
  uint64_t general_practices = 0;  ///< Of these.
  uint64_t parents = 0;            ///< ServiceRegistered <code>/parent events.
  uint64_t names_taught = 0;       ///< ServiceRegistered <code>/name events.
  uint64_t names_left_out = 0;     ///< Of practices, that begin with the title of a person.
  uint64_t practitioners = 0;      ///< Rows about persons, not read.
  uint64_t duplicates = 0;         ///< Rows that repeat another.
  uint64_t refused = 0;
};

/// How tables of organisations are read.
struct OdsOrganisationsOptions {
  /// The day of which the file speaks; nothing: the latest date in it.
  std::optional<CivilDate> edition;
};

/// Reads the tables of NHS organisations that the Organisation Data Service (ODS) publishes: etr
/// (trusts), epraccur (prescribing practices, also its monthly amendments egpam) and eccg
/// (sub-ICBs, formerly clinical commissioning groups). CSV or gzip of it, without names of columns,
/// 27 columns or 24 where the last ones were cut; dates as 20240401. Which file it is, its cells
/// tell.
///
/// For each row (source "nhs-england/ods"; subject "ods" and the code):
///  - ServiceRegistered <code>: name, date of opening, ICB (the geography, where it is one), of a
///    practice the commissioner. Type: general practice for prescribing setting 4; of a trust what
///    its name says (ambulance, mental health, community, hospital) where it says one thing; else
///    other. A name that begins with a person's title is not carried.
///  - RegistrationChanged <code>/registration: registered, deregistered with its day, dormant; none
///    for a proposed practice. An end after the edition has not come yet.
///  - ServiceRegistered <code>/parent, of practices: the parent that the table names, as such and,
///    unless the practice is closed, as its commissioner, from the join date to the left date.
///  - ServiceRegistered <code>/name, of open trusts: their name in upper case with single spaces as
///    "nhs-trust-name" and "organisation-name", where no other open trust of the file has it. An
///    event of its own: a name that another registration holds stays with that one.
///
/// Addresses, telephone numbers and regions are not read, and rows of practitioners are not.
/// source_version is the days from 1970 to the edition.
/// Rules of refused rows: NOT_UTF8, QUOTES_BROKEN, WRONG_COLUMN_COUNT, FORMULA_IN_CELL,
/// ID_NOT_USABLE, NAME_MISSING, NAME_TOO_LONG, DATE_NOT_READ, LEFT_BEFORE_JOINED, STATUS_NOT_KNOWN,
/// CONFLICTING_ROWS (of one code, none is used). The field is the number of the column from 1 and
/// what it holds. Memory: the whole file. Limit: 2 GiB uncompressed.
class OdsOrganisationsAdapter : public FeedAdapter {
 public:
  explicit OdsOrganisationsAdapter(const OdsOrganisationsOptions& options) : options_(options) {}

  absl::Status Read(std::istream& input, RowSink& sink) override;

  std::vector<std::pair<std::string, uint64_t>> Found() const override;

  /// What the last Read found; complete only when it returned OK.
  const OdsOrganisationsCounts& counts() const { return counts_; }

 private:
  OdsOrganisationsOptions options_;
  OdsOrganisationsCounts counts_;
};

}  // namespace trigpoint
