#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "trigpoint/v1/events.pb.h"

namespace trigpoint {

/// The calendar that deadlines in working days are counted by (domain.md 3.7).
inline constexpr char kEnglandAndWales[] = "england-and-wales";

/// Reads the bank holidays of one division from https://www.gov.uk/bank-holidays.json: an object
/// with a key for each division, each with a list `events` of objects with a `date`. Other keys are
/// not read. The years are those that the list spans, without a gap; `published_by` and
/// `effective_from` are the caller's.
/// Errors: InvalidArgument with the place in the document and the rule: JSON_SYNTAX,
/// NOT_A_DOCUMENT, DIVISION_NOT_THERE, WRONG_TYPE, DATE_NOT_READ, REQUIRED, YEAR_NOT_WHOLE (a year
/// of the span with fewer than six days: the file was cut, or begins within a year).
absl::StatusOr<v1::HolidaysPublished> ReadBankHolidays(std::string_view document,
                                                       const std::string& division);

}  // namespace trigpoint
