#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "trigpoint/reports/input.h"
#include "writer.h"

/// Sources that a document says must be looked at, and what stands of each: what came, "none
/// received" (somebody sends it, and there was nothing), "silent since" (it should have come), "no
/// feed" (nobody sends it). Four different things (domain.md 3.8 (7)).
namespace trigpoint {

/// A kind of source that a document names.
struct NamedSource {
  std::string_view name{};
  std::vector<std::string_view> kinds{};  ///< Of events that it comes as.
  bool may_be_protected = false;          ///< Its reports are of protected sources (C5).
};

/// S4 2.8: before any monitoring visit.
const std::vector<NamedSource>& PreVisitSources();
/// S3 5.2.3(b): the comprehensive baseline review, but for "triangulation of all of the above".
const std::vector<NamedSource>& BaselineSources();

/// Writes the table of them into the section.
void AddSources(const ReportInput& input, const ReportedService& service,
                const std::vector<NamedSource>& sources, SectionWriter* section);

}  // namespace trigpoint
