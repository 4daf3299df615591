#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "trigpoint/base/time.h"
#include "trigpoint/v1/events.pb.h"

namespace trigpoint {

/// A financial year of the public sector: 1 April to 31 March.
struct FinancialYear {
  CivilDate first;
  CivilDate last;
};

/// Reads "2024-25"; nothing for another form or for years that do not follow each other.
std::optional<FinancialYear> ReadFinancialYear(std::string_view text);

/// What a cell with a count says.
struct CountCell {
  bool readable = false;        ///< A count, or one of the words for none.
  std::optional<double> value;  ///< Nothing: suppressed or blank, which is not zero.
};

/// Reads a whole number up to a thousand million; blank, "*", "-", "c", "NA" and "N/A" are no
/// value.
CountCell ReadCountCell(std::string_view text);

/// A figure that is published of an organisation for a financial year.
struct PublishedFigure {
  std::string_view source;
  std::string id;
  uint32_t version = 1;
  std::string_view scheme;
  std::string subject;
  std::string indicator;  ///< "ko41a/new".
  std::string name;       ///< "Written complaints: new".
  std::string_view measured_in;
  std::optional<double> value;
  FinancialYear year;
  std::optional<CivilDate> edition;  ///< The day of which the file speaks.
};

/// Makes the event. It occurred at the end of the year, or on the edition where that is earlier.
v1::Event IndicatorEvent(const PublishedFigure& figure);

}  // namespace trigpoint
