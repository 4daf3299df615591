#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "trigpoint/base/time.h"
#include "trigpoint/v1/api.pb.h"

/// Writes what is owed as an iCalendar file (RFC 5545), for the task list of a calendar. Pure.
namespace trigpoint {

/// Escapes a TEXT value: backslash, semicolon, comma, line feed. Other control characters go.
/// Rule: RFC 5545 3.3.11.
std::string CalendarText(std::string_view text);

/// Folds one content line into lines of at most 75 octets, each ended by CRLF; no character of
/// UTF-8 is cut. Rule: RFC 5545 3.1.
std::string FoldedLine(std::string_view line);

/// One VTODO for each item, with DUE and STATUS. UID is the obligation's id, so that a later file
/// replaces what an earlier one brought. `made` is when the file is made. No personal data.
std::string Calendar(const std::vector<v1::ListObligationsResponse::Item>& items, Micros made);

}  // namespace trigpoint
