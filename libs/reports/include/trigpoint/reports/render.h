#pragma once

#include <string>

#include "trigpoint/v1/reports.pb.h"

namespace trigpoint {

/// The report as Markdown: text that came from partners is escaped, what it rests on follows as
/// numbered references.
std::string RenderMarkdown(const v1::Report& report);

/// The report as one HTML page that needs nothing else: headings, tables with heads of rows and
/// columns, links to numbered references, readable on paper. Text is escaped.
std::string RenderHtml(const v1::Report& report);

}  // namespace trigpoint
